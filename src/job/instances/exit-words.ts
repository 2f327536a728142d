import type { Exit } from './parts.ts'

const signals: Readonly<Record<number, string>> = { 129: 'SIGHUP', 130: 'SIGINT', 132: 'SIGILL', 133: 'SIGTRAP', 134: 'SIGABRT', 135: 'SIGBUS', 136: 'SIGFPE', 137: 'SIGKILL', 139: 'SIGSEGV', 141: 'SIGPIPE', 143: 'SIGTERM' }
const codes: Readonly<Record<number, string>> = { 126: 'its command may not be executed', 127: 'its command was not found' }
// One line of a terminal.
const longestMessage = 200

/** `ended with exit code 137 (OOMKilled: it used more memory than its limit)` */
export function exitWords({ code, reason, message }: Exit): string {
  const words = reason === 'OOMKilled' ? 'OOMKilled: it used more memory than its limit' : [reason === 'Error' || reason === 'Completed' ? '' : reason, signals[code] ?? codes[code] ?? ''].filter((each) => each !== '').join(', ')
  const last = message === '' ? '' : `: ${lastLineOf(message)}`
  return `ended with exit code ${code}${words === '' ? '' : ` (${words})`}${last}`
}

function lastLineOf(message: string): string {
  const line = message.split('\n').at(-1)?.trim() ?? ''
  return line.length <= longestMessage ? line : `${line.slice(0, longestMessage - 1).toWellFormed()}…`
}
