import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'
import type { WebhookProcess } from '../support/usher-process.ts'

/** What a Service does: passes connections on to those that are ready, one after the other. */
export interface Balancer {
  readonly port: number
  add(backend: WebhookProcess): void
  remove(backend: WebhookProcess): void
  /** Asks all whether they are ready, as their probes do; and ends all connections, so that the next request is another's. */
  turn(): Promise<void>
}

/** Starts a balancer of TCP connections on a free port of the loopback. */
export async function startBalancer(t: Test): Promise<Balancer> {
  const backends: WebhookProcess[] = []
  let ready: readonly WebhookProcess[] = []
  const open = new Set<Socket>()
  let turns = 0
  const server = createServer((client) => {
    const backend = ready[turns++ % Math.max(1, ready.length)]
    // As the rules of a Service without endpoints.
    if (backend === undefined) {
      client.destroy()
      return
    }
    const upstream = connect(backend.port, '127.0.0.1')
    for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
      open.add(socket)
      socket.pipe(other)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  function end(): void {
    for (const socket of open) socket.destroy()
  }
  t.teardown(() => {
    server.close()
    end()
  })
  return {
    port: (server.address() as AddressInfo).port,
    add: (backend) => void backends.push(backend),
    remove(backend) {
      backends.splice(backends.indexOf(backend), 1)
      ready = ready.filter((each) => each !== backend)
    },
    async turn() {
      const asked = await Promise.all(backends.map(async (backend) => ({ backend, status: await statusOf(backend) })))
      ready = asked.filter(({ backend, status }) => status === 200 && backends.includes(backend)).map(({ backend }) => backend)
      end()
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
