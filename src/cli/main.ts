import { closest, type Command, table } from './command.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { runCommand } from './run-command.ts'

/** Each command is loaded only when it is called: none pays for the libraries of another. */
export const commands: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>> = {
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
  rescue: {
    summary: 'free pods that hang on usher-lock',
    load: async () => (await import('./rescue.ts')).rescueCommand,
  },
  certs: {
    summary: 'make a CA and a certificate for the webhook',
    load: async () => (await import('./certs.ts')).certsCommand,
  },
  demo: {
    summary: 'show what usher does to pods, on this machine, without a cluster',
    load: async () => (await import('./demo.ts')).demoCommand,
  },
}

/** Runs the command line, and sets the exit code of the process. */
export async function main(args: readonly string[]): Promise<void> {
  process.exitCode = await run(args)
}

async function run(args: readonly string[]): Promise<ExitCode> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const topic = name === 'help' ? rest[0] : undefined
    if (topic !== undefined && Object.hasOwn(commands, topic)) return run([topic, '--help'])
    const text = await help()
    ;(name === undefined ? process.stderr : process.stdout).write(text)
    return name === undefined ? exitCodes.usage : exitCodes.done
  }
  if (name === '--version' || name === 'version') {
    process.stdout.write(`usher ${await version()}\n`)
    return exitCodes.done
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (entry === undefined) {
    const nearest = closest(name, Object.keys(commands))
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
    process.stderr.write(`usher: unknown command ${JSON.stringify(name)}${hint}\nusher --help lists the commands\n`)
    return exitCodes.usage
  }
  return runCommand(await entry.load(), rest)
}

async function help(): Promise<string> {
  return [
    `usher ${await version()}: pods start in turn and leave politely`,
    '',
    'Usage: usher COMMAND [FLAGS]',
    '',
    'Commands:',
    ...table(Object.entries(commands).map(([name, { summary }]) => [name, summary] as const)),
    '',
    'usher COMMAND --help shows the flags of a command. usher --version shows the version.',
    'Exit codes: 0 done, 1 something is wrong or failed, 2 wrong usage, 3 the cluster cannot be reached.',
    '',
  ].join('\n')
}

async function version(): Promise<string> {
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } })
  return manifest.version
}
