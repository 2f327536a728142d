import { nowMs } from '../support/clock.ts'
import { LockConnection, requestOf } from './lock-connection.ts'
import type { LockProcess } from './lock-process.ts'

/** Times from a release to the next client's grant, in milliseconds. */
export interface HandOver {
  readonly waiting: number
  readonly times: readonly number[]
}

/**
 * One client holds the only permit, the others wait in long polls. The holder gives it back: the time counts from
 * before its request is written until the next client has read its 200. Then it queues again, so that as many wait.
 */
export async function measureHandOver(lock: LockProcess, waiting: number, samples: number): Promise<HandOver> {
  const { promise: failure, reject } = Promise.withResolvers<never>()
  const clients: Client[] = []
  for (let index = 0; index <= waiting; index++) clients.push(await openClient(lock.port, `p-${waiting}-${index}`, reject))
  let granted = Promise.withResolvers<Granted>()
  const queue = (client: Client): void => client.connection.send(client.ask, (status) => {
    if (status === 200) granted.resolve({ client, at: nowMs() })
    else reject(new Error(`a waiting client was answered with ${status}`))
  })
  try {
    for (const client of clients) queue(client)
    let { client: holder } = await Promise.race([granted.promise, failure])
    const times: number[] = []
    while (times.length < samples) {
      granted = Promise.withResolvers<Granted>()
      const start = nowMs()
      const [next, status] = await Promise.race([Promise.all([granted.promise, holder.connection.ask(holder.giveBack)]), failure])
      if (status !== 204) throw new Error(`giving back was answered with ${status}`)
      times.push(next.at - start)
      queue(holder)
      holder = next.client
    }
    return { waiting, times }
  } finally {
    for (const { connection } of clients) connection.close()
  }
}

interface Client {
  readonly connection: LockConnection
  readonly ask: string
  readonly giveBack: string
}

interface Granted {
  readonly client: Client
  readonly at: number
}

async function openClient(port: number, name: string, failed: (error: Error) => void): Promise<Client> {
  const connection = await LockConnection.open(port, failed)
  const ask = requestOf(`/?uid=${name}&pod=bench/${name}&duration=3600&max-wait=3600`, { headers: 'Prefer: wait=300\r\n' })
  return { connection, ask, giveBack: requestOf(`/v1/leases/${name}?pod=bench/${name}`, { method: 'DELETE' }) }
}
