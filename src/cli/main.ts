import { closest, table } from './command.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { type CommandEntry, jobVerbs } from './job/verbs.ts'
import { runCommand } from './run-command.ts'

/** Several commands under one name. */
export interface CommandGroup {
  readonly summary: string
  readonly verbs: Readonly<Record<string, CommandEntry>>
}

/** Each command is loaded only when it is called: none pays for the libraries of another. */
export const commands: Readonly<Record<string, CommandEntry | CommandGroup>> = {
  inject: {
    summary: 'inject the workloads in manifests, as the webhook would',
    load: async () => (await import('./inject.ts')).injectCommand,
  },
  uninject: {
    summary: 'take out of manifests what usher inject has put in',
    load: async () => (await import('./uninject.ts')).uninjectCommand,
  },
  webhook: {
    summary: 'serve the admission webhook',
    load: async () => (await import('./webhook.ts')).webhookCommand,
  },
  lock: {
    summary: 'serve the startup lock of a node',
    load: async () => (await import('./lock.ts')).lockCommand,
  },
  'node-health': {
    summary: 'say over HTTP whether a node is up: its DaemonSets, its CPUs',
    load: async () => (await import('./node-health.ts')).nodeHealthCommand,
  },
  install: {
    summary: 'put usher into a cluster, and wait until it works',
    load: async () => (await import('./install.ts')).installCommand,
  },
  uninstall: {
    summary: 'take out of a cluster what usher install has put in',
    load: async () => (await import('./uninstall.ts')).uninstallCommand,
  },
  check: {
    summary: 'tell what is wrong with usher in a cluster, and how to mend it',
    load: async () => (await import('./check.ts')).checkCommand,
  },
  status: {
    summary: 'show who starts and who waits on the nodes of a cluster',
    load: async () => (await import('./status.ts')).statusCommand,
  },
  enable: {
    summary: 'turn usher on in a namespace, after a look at what would change',
    load: async () => (await import('./enable.ts')).enableCommand,
  },
  disable: {
    summary: 'turn usher off in a namespace, after a look at what would change',
    load: async () => (await import('./disable.ts')).disableCommand,
  },
  plan: {
    summary: 'tell whether a cluster has room for workloads, where, and what would change',
    load: async () => (await import('./plan.ts')).planCommand,
  },
  rescue: {
    summary: 'free pods that hang on usher-lock',
    load: async () => (await import('./rescue.ts')).rescueCommand,
  },
  why: {
    summary: 'explain why a workload does not run',
    load: async () => (await import('./why.ts')).whyCommand,
  },
  job: { summary: 'run job files, in the manner of Compose, on Kubernetes', verbs: jobVerbs },
  certs: {
    summary: 'make a CA and a certificate for the webhook',
    load: async () => (await import('./certs.ts')).certsCommand,
  },
  demo: {
    summary: 'show what usher does to pods, on this machine, without a cluster',
    load: async () => (await import('./demo.ts')).demoCommand,
  },
}

/** Each command by its whole name: those of a group, too. */
export function everyCommand(): readonly (readonly [string, CommandEntry])[] {
  return Object.entries(commands).flatMap(([name, entry]) =>
    'verbs' in entry ? Object.entries(entry.verbs).map(([verb, each]) => [`${name} ${verb}`, each] as const) : [[name, entry] as const],
  )
}

/** Runs the command line, and sets the exit code of the process. */
export async function main(args: readonly string[]): Promise<void> {
  process.exitCode = await run(args)
}

async function run(args: readonly string[]): Promise<ExitCode> {
  const [name, ...rest] = args
  if (isHelp(name)) {
    const [topic, ...more] = name === 'help' ? rest : []
    if (topic !== undefined && Object.hasOwn(commands, topic)) return run([topic, ...more, '--help'])
    return tell(await help(), name === undefined)
  }
  if (name === '--version' || name === 'version') {
    process.stdout.write(`usher ${await version()}\n`)
    return exitCodes.done
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (entry === undefined) return refuse('', name, Object.keys(commands))
  return 'verbs' in entry ? runVerb(name, entry, rest) : runCommand(await entry.load(), rest)
}

async function runVerb(group: string, { summary, verbs }: CommandGroup, [verb, ...rest]: readonly string[]): Promise<ExitCode> {
  if (isHelp(verb)) {
    const [topic] = verb === 'help' ? rest : []
    if (topic !== undefined && Object.hasOwn(verbs, topic)) return runVerb(group, { summary, verbs }, [topic, '--help'])
    return tell(groupHelp(group, { summary, verbs }), verb === undefined)
  }
  const entry = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  return entry === undefined ? refuse(` ${group}`, verb, Object.keys(verbs)) : runCommand(await entry.load(), rest)
}

function isHelp(word: string | undefined): word is undefined | '--help' | '-h' | 'help' {
  return word === undefined || word === '--help' || word === '-h' || word === 'help'
}

/** Help that was asked for is output; help because nothing was said is a complaint. */
function tell(text: string, isComplaint: boolean): ExitCode {
  ;(isComplaint ? process.stderr : process.stdout).write(text)
  return isComplaint ? exitCodes.usage : exitCodes.done
}

function refuse(group: string, name: string, known: readonly string[]): ExitCode {
  const nearest = closest(name, known)
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
  process.stderr.write(`usher${group}: unknown command ${JSON.stringify(name)}${hint}\nusher${group} --help lists the commands\n`)
  return exitCodes.usage
}

const codes = [
  'Exit codes: 0 done, 1 something is wrong or failed, 2 wrong usage, 3 the cluster cannot be reached.',
  'Of jobs, too: 4 rejected, 5 failed and rolled back, 6 failed and not rolled back.',
]

async function help(): Promise<string> {
  return [
    `usher ${await version()}: pods start in turn and leave politely`,
    '',
    'Usage: usher COMMAND [FLAGS]',
    '',
    'Commands:',
    ...summaries(commands),
    '',
    'usher COMMAND --help shows the flags of a command. usher --version shows the version.',
    ...codes,
    '',
  ].join('\n')
}

function groupHelp(group: string, { summary, verbs }: CommandGroup): string {
  return [`usher ${group}: ${summary}`, '', `Usage: usher ${group} COMMAND [FLAGS]`, '', 'Commands:', ...summaries(verbs), '', `usher ${group} COMMAND --help shows the flags of a command.`, ...codes, ''].join('\n')
}

function summaries(entries: Readonly<Record<string, { readonly summary: string }>>): readonly string[] {
  return table(Object.entries(entries).map(([name, { summary }]) => [name, summary] as const))
}

async function version(): Promise<string> {
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } })
  return manifest.version
}
