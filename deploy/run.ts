import { spawnSync } from 'node:child_process'

/** What a script tells people when it cannot go on: a sentence, without a stack. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError'
}

/** How a program is run. */
export interface RunOptions {
  readonly cwd?: string
  /** Variables that are to be others than ours; undefined: not there. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What to do where the program is not installed. */
  readonly missing?: string
  /** How a failure is called, where the command line is too long for people. */
  readonly called?: string
}

// A whole archive's listing or a manifest; more would be a mistake.
const maxOutputBytes = 64 * 1_024 * 1_024

/**
 * Runs a program to its end, and gives back what it wrote on stdout.
 *
 * @throws {ScriptError} where it is missing or fails; the message has what it wrote on stderr.
 */
export function run(program: string, args: readonly string[], { cwd, env, missing, called }: RunOptions = {}): string {
  const { error, status, signal, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd, env: { ...process.env, ...env }, maxBuffer: maxOutputBytes })
  if (error !== undefined) {
    const isMissing = 'code' in error && error.code === 'ENOENT'
    throw new ScriptError(isMissing ? `${program} is not installed; ${missing ?? 'install it'}` : `${program}: ${error.message}`, { cause: error })
  }
  if (status !== 0) throw new ScriptError(`${called ?? [program, ...args].join(' ')} ended with ${status ?? signal}:\n${stderr.trim()}`)
  return stdout
}

/** Runs the main function of a script; what it cannot do ends in a line on stderr and exit code 1. */
export async function runScript(main: (args: readonly string[]) => void | Promise<void>): Promise<void> {
  try {
    await main(process.argv.slice(2))
  } catch (error) {
    const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
    if (!isUsage && !(error instanceof ScriptError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = isUsage ? 2 : 1
  }
}
