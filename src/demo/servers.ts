import { isObject } from '../units/json.ts'
import type { Child, Children } from './children.ts'

/** A server of usher that runs as a process of its own. */
export interface Server {
  readonly port: number
  /** Asks it to end, and waits until it has. Gives its exit code. */
  stop(): Promise<number | null>
}

// It listens within a second; this only tells a start from a hang.
const startWithinMs = 30_000

/**
 * Starts the lock on a free port of the loopback.
 *
 * @param command how `usher` is run here, such as `[node, launch.js]`.
 * @param folder where it keeps its state.
 */
export function startLock(children: Children, command: readonly string[], folder: string): Promise<Server> {
  const flags = ['--host', '127.0.0.1', '--port', '0', '--state-dir', folder]
  // Nothing of our environment: PSL_* variables in it would be settings.
  const child = children.start({ name: 'usher lock', command: [...command, 'lock', ...flags], env: {}, stays: true })
  return listening(child, 'usher lock')
}

/**
 * Starts the webhook on free ports of the loopback.
 *
 * @param folder where it makes its certificates.
 * @param config the file of its configuration.
 */
export function startWebhook(children: Children, command: readonly string[], folder: string, config: string): Promise<Server> {
  const addresses = ['--host', '127.0.0.1', '--port', '0', '--probe-port', '0']
  const flags = [...addresses, '--certs', folder, '--config', config, '--kube-version', '1.37']
  const child = children.start({ name: 'usher webhook', command: [...command, 'webhook', ...flags], stays: true })
  return listening(child, 'usher webhook')
}

async function listening(child: Child, name: string): Promise<Server> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`${name} did not start in time`)), startWithinMs)
  try {
    const port = await Promise.race([child.find(portIn), tooLate])
    return { port, stop: () => child.end() }
  } finally {
    clearTimeout(timer)
  }
}

/** The port, where the line of the log says that the server listens. */
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
