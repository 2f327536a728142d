import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'
import { until } from '../support/until.ts'
import type { WebhookProcess } from '../support/usher-process.ts'

// Only tells a busy machine from a hang.
const endsWithinMs = 60_000

/** What a Service does: passes connections on to those that are ready, one after the other. */
export interface Balancer {
  readonly port: number
  add(backend: WebhookProcess): void
  /** No more connections to it; waits until those that there are have ended, so that no request is under way. */
  remove(backend: WebhookProcess): Promise<void>
  /** Asks all whether they are ready, as their probes do; and ends all connections, so that the next request is another's. Gives what they have said. */
  turn(): Promise<readonly number[]>
}

/** Starts a balancer of TCP connections on a free port of the loopback. */
export async function startBalancer(t: Test): Promise<Balancer> {
  const backends: WebhookProcess[] = []
  let ready: readonly WebhookProcess[] = []
  const open = new Map<Socket, WebhookProcess>()
  let turns = 0
  const server = createServer((client) => {
    const backend = ready[turns++ % Math.max(1, ready.length)]
    // As the rules of a Service without endpoints.
    if (backend === undefined) {
      client.destroy()
      return
    }
    const upstream = connect(backend.port, '127.0.0.1')
    open.set(client, backend)
    client.on('close', () => open.delete(client))
    for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
      socket.pipe(other)
      socket.on('error', () => {})
      socket.on('close', () => other.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    for (const socket of open.keys()) socket.destroy()
  })
  return {
    port: (server.address() as AddressInfo).port,
    add: (backend) => void backends.push(backend),
    async remove(backend) {
      backends.splice(backends.indexOf(backend), 1)
      ready = ready.filter((each) => each !== backend)
      await until('its last connection has ended', () => ![...open.values()].includes(backend), endsWithinMs)
    },
    async turn() {
      const asked = await Promise.all(backends.map(async (backend) => ({ backend, status: await statusOf(backend) })))
      ready = asked.filter(({ backend, status }) => status === 200 && backends.includes(backend)).map(({ backend }) => backend)
      // To the end, or the client might send its next request on a connection of which it does not know yet that it has ended.
      for (const socket of open.keys()) socket.end()
      await until('all connections have ended', () => open.size === 0, endsWithinMs)
      return asked.map(({ status }) => status)
    },
  }
}

async function statusOf(backend: WebhookProcess): Promise<number> {
  try {
    return (await backend.probe('/readyz')).status
  } catch {
    return 0
  }
}
