import { spawn } from 'node:child_process'

/** What a command has said, and how it ended. */
export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end, and gives its standard output; throws with what it said where it fails. */
export async function run(command: string, args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, args, input)
  if (code === 0) return stdout
  throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${stderr.trim() || stdout.trim()}`)
}

/** As {@link run}, for a command that may fail; throws only where it cannot be started. */
export function attempt(command: string, args: readonly string[], input = ''): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  child.on('error', reject)
  child.on('close', (code) => resolve({ code, stdout, stderr }))
  // A command need not read its input.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return promise
}
