import { type Command, helpOf, readFlags, UsageError } from './command.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { UnreachableError } from './unreachable-error.ts'

/** Runs one command with its arguments, and tells on stderr what went wrong. */
export async function runCommand(command: Command, args: readonly string[]): Promise<ExitCode> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(helpOf(command))
    return exitCodes.done
  }
  try {
    return await command.run(readFlags(command, args), process)
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`usher ${command.name}: ${error.message}\nusher ${command.name} --help lists the flags\n`)
      return exitCodes.usage
    }
    process.stderr.write(`usher ${command.name}: ${describe(error)}\n`)
    return error instanceof UnreachableError ? exitCodes.unreachable : exitCodes.failed
  }
}

/** A failure with its causes, without stacks: these are for people. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message, cause } = error
  return cause instanceof Error && !message.includes(cause.message) ? `${message} (${describe(cause)})` : message
}
