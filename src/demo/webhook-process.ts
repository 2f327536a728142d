import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { isObject } from '../units/json.ts'

/** A webhook that runs as a process of its own. */
export interface WebhookProcess {
  readonly port: number
  /** Asks it to end, and waits until it has. Gives its exit code. */
  stop(): Promise<number | null>
}

// The process answers within a second; this only tells a start from a hang.
const startWithinMs = 20_000

/**
 * Starts the webhook on free ports of the loopback.
 *
 * @param command how `usher` is run here, such as `[node, launch.js]`.
 * @param folder where it makes its certificates.
 */
export async function startWebhook(command: readonly string[], folder: string): Promise<WebhookProcess> {
  const [program = '', ...first] = command
  const flags = ['--host', '127.0.0.1', '--port', '0', '--probe-port', '0', '--certs', folder, '--kube-version', '1.37']
  const child = spawn(program, [...first, 'webhook', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  const { promise: ended, resolve: end } = Promise.withResolvers<number | null>()
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))

  const port = await new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill()
      reject(new Error('the webhook did not start in time'))
    }, startWithinMs)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const listening = portIn(line)
      if (listening === undefined) return
      clearTimeout(timer)
      resolve(listening)
    })
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      end(code)
      reject(new Error(`the webhook ended with ${code}: ${complaint.trim()}`))
    })
  })
  return {
    port,
    async stop() {
      child.kill('SIGTERM')
      return ended
    },
  }
}

/** The port, where the line of the log says that the webhook listens. */
function portIn(line: string): number | undefined {
  let entry: unknown
  try {
    entry = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!isObject(entry) || entry['msg'] !== 'listening') return undefined
  const { port } = entry
  return typeof port === 'number' ? port : undefined
}
