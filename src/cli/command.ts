import { parseArgs } from 'node:util'
import { closest } from '../terminal/closest.ts'
import { type KubeVersion, parseKubeVersion } from '../units/kube-version.ts'
import type { ExitCode } from './exit-codes.ts'

// For whoever refuses a word of the command line.
export { closest }

/** One flag of a command. */
export interface Flag {
  readonly type: 'string' | 'boolean'
  /** One letter that stands for the name. */
  readonly short?: string
  /** What stands for its value in the help. */
  readonly value?: string
  readonly default?: string
  readonly multiple?: boolean
  readonly help: string
}

/** The values of a command's flags, defaults filled in. */
export interface FlagValues {
  text(name: string): string | undefined
  texts(name: string): readonly string[]
  isOn(name: string): boolean
  /** Whether it was given, rather than left to its default. */
  isGiven(name: string): boolean
  /** The word that is no flag; undefined where there is none. */
  readonly operand?: string | undefined
  /** The word after it. */
  readonly secondOperand?: string | undefined
}

/** Where a command writes to. */
export interface Output {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/** A word of a command that is no flag. */
export interface Operand {
  readonly value: string
  /** Whether the command does without it, too. */
  readonly isOptional?: boolean
  readonly help: string
}

/** One command of the command line. */
export interface Command {
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly flags: Readonly<Record<string, Flag>>
  /** One word that may follow, and is no flag. */
  readonly operand?: Operand
  /** One more after it. */
  readonly secondOperand?: Operand
  readonly examples: readonly string[]
  run(values: FlagValues, output: Output): Promise<ExitCode>
}

/** The command line was not understood. The message says what, and what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/**
 * Reads the flags of a command.
 *
 * @throws {UsageError}
 */
export function readFlags(command: Command, args: readonly string[]): FlagValues {
  const { values, positionals } = parse(command, args)
  const [operand, second, third] = positionals
  const surplus = command.secondOperand === undefined ? second : third
  if (surplus !== undefined) throw new UsageError(`one ${(command.secondOperand ?? command.operand)?.value ?? 'word'} at a time: ${JSON.stringify(surplus)} is too much`)
  return {
    operand,
    secondOperand: second,
    text(name) {
      const value = values[name]
      return typeof value === 'string' ? value : command.flags[name]?.default
    },
    texts(name) {
      const value = values[name]
      return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
    },
    isOn: (name) => values[name] === true,
    isGiven: (name) => values[name] !== undefined,
  }
}

function parse(command: Command, args: readonly string[]): Pick<ReturnType<typeof parseArgs>, 'values' | 'positionals'> {
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, { type, short, multiple }]) => [
      name,
      { type, multiple: multiple === true, ...(short === undefined ? {} : { short }) },
    ]),
  )
  try {
    return parseArgs({ args: args.flatMap((arg) => plainForm(command, longForm(command, arg))), options, strict: true, allowPositionals: command.operand !== undefined })
  } catch (error) {
    throw new UsageError(explain(command, error), { cause: error })
  }
}

/** The older tools are written in Go, whose flags take one dash as well: `-port 8888`. */
function longForm(command: Command, arg: string): string {
  const name = /^-([A-Za-z][\w-]+)(?:=|$)/.exec(arg)?.[1]
  return name !== undefined && Object.hasOwn(command.flags, name) ? `-${arg}` : arg
}

/** Go's switches take a value as well: `--hostNet=false`. */
function plainForm(command: Command, arg: string): readonly string[] {
  const [, name, value] = /^--([A-Za-z][\w-]*)=(1|t|true|0|f|false)$/i.exec(arg) ?? []
  if (name === undefined || value === undefined || !Object.hasOwn(command.flags, name) || command.flags[name]?.type !== 'boolean') return [arg]
  return ['1', 't', 'true'].includes(value.toLowerCase()) ? [`--${name}`] : []
}

function explain(command: Command, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const unknown = /^Unknown option '(-{1,2}[^']*)'/.exec(message)?.[1]
  if (unknown === undefined) {
    const valueless = /^Option '(-[^' ,]+)(?:, (--[^' ]+))?(?: <value>)?' argument (?:missing|is ambiguous)/.exec(message)
    if (valueless !== null) return needsValue(command, valueless.slice(1))
    const argument = /^Unexpected argument '(.*)'\. This command/s.exec(message)?.[1]
    if (argument !== undefined && 'filename' in command.flags) return `${JSON.stringify(argument)} is no flag; files are given with -f`
    return message.split(/\n|\. /, 1)[0] ?? message
  }
  const nearest = closest(unknown.replace(/^-+/, ''), Object.keys(command.flags))
  return `unknown flag ${unknown}${nearest === undefined ? '' : `; did you mean --${nearest}?`}`
}

function needsValue(command: Command, names: readonly (string | undefined)[]): string {
  const flag = Object.entries(command.flags).find(([name, { short }]) => names.includes(`--${name}`) || names.includes(`-${short}`))
  if (flag === undefined) return `${names.join(', ')} needs a value`
  const [name, { short, value }] = flag
  return `${short === undefined ? '' : `-${short}, `}--${name} needs a value: ${value ?? 'VALUE'}`
}

/**
 * Reads a TCP port.
 *
 * @throws {UsageError}
 */
export function readPort(values: FlagValues, name: string): number {
  const text = values.text(name) ?? ''
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new UsageError(`--${name}: ${JSON.stringify(text)} is not a port from 0 to 65535`)
  return port
}

/**
 * Reads a Kubernetes version; undefined where the flag has none.
 *
 * @throws {UsageError}
 */
export function readKubeVersion(values: FlagValues, name: string): KubeVersion | undefined {
  const text = values.text(name)
  const version = text === undefined ? undefined : parseKubeVersion(text)
  if (text !== undefined && version === undefined) throw new UsageError(`--${name}: ${JSON.stringify(text)} is not a version such as 1.37`)
  return version
}

// Columns; fits most terminals, and reads well in wide ones.
const helpWidth = 98

/** The help of a command. */
export function helpOf(command: Command): string {
  const rows = Object.entries(command.flags).map(([name, flag]): readonly [string, string] => [
    `${flag.short === undefined ? '' : `-${flag.short}, `}--${name}${flag.type === 'string' ? ` ${flag.value ?? 'VALUE'}` : ''}`,
    [
      flag.help,
      flag.multiple === true ? '(may be given several times)' : '',
      flag.default === undefined ? '' : `(default ${flag.default})`,
    ]
      .filter((part) => part !== '')
      .join(' '),
  ])
  const operands = [command.operand, command.secondOperand].filter((operand) => operand !== undefined)
  return [
    `usher ${command.name}: ${command.summary}`,
    '',
    ...wrap(command.description, helpWidth),
    '',
    ...(operands.length === 0 ? [] : [usageOf(command), '', ...table(operands.map(({ value, help }) => [value, help])), '']),
    'Flags:',
    ...table([...rows, ['--help', 'show this']]),
    '',
    'Examples:',
    ...command.examples.map((example) => `  ${example}`),
    '',
  ].join('\n')
}

/** How a command with operands is called. */
export function usageOf({ name, operand, secondOperand }: Command): string {
  return ['Usage: usher', name, ...[operand, secondOperand].flatMap((each) => (each === undefined ? [] : [each.isOptional === true ? `[${each.value}]` : each.value])), '[FLAGS]'].join(' ')
}

/** Rows of two columns, indented, the second wrapped to the width of a terminal. */
export function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  return rows.flatMap(([left, right]) =>
    wrap(right, Math.max(30, helpWidth - 2 - width)).map((line, index) => `  ${(index === 0 ? left : '').padEnd(width)}${line}`),
  )
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
