import { readFileSync } from 'node:fs'
import { type Command, type Flag, usageOf } from '../../src/cli/command.ts'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { everyCommand } from '../../src/cli/main.ts'
import { codeOf, plain, tableOf } from './markdown.ts'

/** Every command with its flags, and usher-wait, in Markdown. */
export async function commandReference(): Promise<readonly string[]> {
  const loaded = await Promise.all(everyCommand().map(([, { load }]) => load()))
  return [
    '`usher COMMAND --help` says the same. `--help` goes with every command and is not repeated here.',
    '',
    ...loaded.flatMap((command) => [...sectionOf(command), '']),
    '### usher-wait',
    '',
    'The program of the init container ([more of it](../src/native/README.md#usher-wait)), in its own words:',
    '',
    '```',
    waitHelp().trimEnd(),
    '```',
  ]
}

/** The names of all commands. */
export function commandNames(): readonly string[] {
  return everyCommand().map(([name]) => name)
}

function sectionOf(command: Command): readonly string[] {
  const { name, description, flags, examples } = command
  const operands = [command.operand, command.secondOperand].filter((operand) => operand !== undefined)
  const rows = Object.entries(flags).map(([flag, each]) => [codeOf(written(flag, each)), codeOf(each.default), meaningOf(each)])
  return [
    `### usher ${name}`,
    '',
    plain(description),
    '',
    ...(operands.length === 0 ? [] : [`\`${usageOf(command).replace('Usage: ', '')}\`: ${operands.map(({ help }) => plain(help)).join('; ')}.`, '']),
    ...(rows.length === 0 ? ['It has no flags.'] : tableOf(['flag', 'default', 'meaning'], rows)),
    '',
    ...examples.map((example) => `    ${example}`),
  ]
}

function written(name: string, { short, type, value = 'VALUE' }: Flag): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${type === 'string' ? ` ${value}` : ''}`
}

function meaningOf({ help, multiple }: Flag): string {
  return `${plain(help)}${multiple === true ? ' (may be given several times)' : ''}`
}

/** The help of usher-wait, as its source has it: `const char flags_help[] = "…" "…";` */
function waitHelp(): string {
  const source = readFileSync(new URL('../../src/native/wait/flags.c', import.meta.url), 'utf8')
  const [, literals = ''] = /const char flags_help\[\] =\n((?: *".*"\n?)+);/.exec(source) ?? []
  const lines = literals.match(/".*"/g) ?? []
  if (lines.length === 0) throw new Error('src/native/wait/flags.c has no flags_help')
  return lines.map((line) => String(JSON.parse(line))).join('')
}

const codeMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  done: 'Done. For `usher check`: nothing has failed, though there may be warnings.',
  failed: 'Something is wrong, or failed: a sentence on stderr says what, and what to do.',
  usage: 'The command line makes no sense.',
  unreachable: 'The cluster cannot be reached, or none is chosen.',
  rejected: 'Rejected: there is no room for it, or it is not valid. Nothing was changed.',
  rolledBack: 'It failed, and all is as it was before.',
  notRolledBack: 'It failed, and what was changed has not been taken back: stderr says what.',
}

/** The exit codes of all commands, in Markdown. */
export function exitCodeReference(): readonly string[] {
  const rows = Object.entries(exitCodes).map(([name, code]) => [String(code), codeMeanings[name as keyof typeof exitCodes]])
  return [
    'Of every command. Servers that are told to end (SIGTERM, SIGINT) end with 0. usher-wait, which must never fail a pod,',
    'has [its own](../src/native/README.md#usher-wait).',
    '',
    ...tableOf(['code', 'meaning'], rows),
  ]
}
