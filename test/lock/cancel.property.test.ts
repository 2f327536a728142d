import type { Socket } from 'node:net'
import * as fc from 'fast-check'
import t from 'tap'
import { keyOf } from '../../src/lock/queue/queue.ts'
import { absentKeepMs, defaultQueueSettings, type QueueSettings } from '../../src/lock/queue/settings.ts'
import type { Lease, Place } from '../../src/lock/queue/state.ts'
import { type Answered, type Asked, LockInProcess } from '../support/lock-in-process.ts'
import { runs } from '../support/property.ts'
import { readMetric } from '../support/webhook.ts'

/** When a client's connection ends, seen from the release that grants it the lock. */
const moments = [
  'seen before',
  'just before, in the same tick',
  'just after, in the same tick',
  'reset just after',
  'a turn of the loop after',
  'on the first byte',
  'while the answer is written',
  'before the answer is written',
] as const

interface Race {
  readonly permits: number
  /** Who waits, in order; undefined: an anonymous client. */
  readonly clients: readonly { readonly isIdentified: boolean; readonly goes: (typeof moments)[number] | undefined }[]
  /** How the holders end. */
  readonly release: 'ready' | 'DELETE' | 'time'
}

const race: fc.Arbitrary<Race> = fc.record({
  permits: fc.integer({ min: 1, max: 3 }),
  clients: fc.array(fc.record({ isIdentified: fc.boolean(), goes: fc.constantFrom(undefined, undefined, ...moments) }), { minLength: 1, maxLength: 6 }),
  release: fc.constantFrom('ready', 'DELETE', 'time'),
})

interface Client {
  readonly key: string
  readonly goes: Race['clients'][number]['goes']
  readonly asked: Asked
  /** Whether its connection is cut, or about to be. */
  isCut: boolean
  /** Whether it knows what has become of its request. */
  isOver: boolean
  answered: Answered | undefined
}

const holdMs = 30_000
const settings: QueueSettings = { ...defaultQueueSettings, strict: true, identifiedLeaseMs: 20_000, anonymousLeaseMs: 10_000 }

t.test('a request that is cancelled at the very moment of its grant neither loses nor doubles a permit', async (t) => {
  const seen = { told: 0, unclaimed: 0, claimed: 0 }
  const property = fc.asyncProperty(race, async (raced) => {
    const lock = await LockInProcess.start({ ...settings, permits: raced.permits })
    try {
      const clients = await queueUp(lock, raced)
      await release(lock, raced, clients)
      checkStanding(lock, raced, clients)
      count(lock, clients, seen)
      await runDry(lock, raced, clients)
      await checkFree(lock, raced, clients)
    } finally {
      await lock.close()
    }
  })
  await fc.assert(property, { numRuns: runs })
  // What never happens is not tried.
  for (const [what, times] of Object.entries(seen)) t.ok(runs < 100 || times > runs / 20, `${times} leases were ${what}`)
})

/** Gives all permits to holders, and has the clients wait. */
async function queueUp(lock: LockInProcess, { permits, clients }: Race): Promise<Client[]> {
  for (let index = 0; index < permits; index++) await lock.answer(`/?uid=holder-${index}&duration=${holdMs / 1_000}`)
  const queued: Client[] = []
  for (const [index, { isIdentified, goes }] of clients.entries()) {
    const asked = lock.ask(isIdentified ? `/?uid=client-${index}` : '/', { headers: { prefer: 'wait=300' } })
    const key = isIdentified ? keyOf(`client-${index}`) : `anonymous:${permits + index}`
    const client: Client = { key, goes, asked, isCut: false, isOver: false, answered: undefined }
    void asked.answer.then((answered) => Object.assign(client, { answered, isOver: true }))
    queued.push(client)
    await lock.settled(`${index + 1} wait`, () => lock.service.queue.place(key)?.requests === 1)
  }
  return queued
}

/** Ends all holders, and connections around that. */
async function release(lock: LockInProcess, { permits, release: how }: Race, clients: readonly Client[]): Promise<void> {
  for (const client of clients.filter(({ goes }) => goes === 'seen before')) {
    cut(client)
    await settled(lock, clients)
  }
  for (const client of clients) prepare(lock, client)
  const deletes: Promise<Answered>[] = []
  if (how === 'time') lock.clock.advance(holdMs)
  for (let index = 0; index < permits; index++) {
    if (how === 'ready') lock.service.feed({ kind: 'ready', uid: `holder-${index}` })
    if (how === 'DELETE') deletes.push(lock.answer(`/v1/leases/holder-${index}`, { method: 'DELETE' }))
  }
  for (const client of clients) follow(client)
  for (const { status } of await Promise.all(deletes)) if (status !== 204) throw new Error(`a holder got ${status}`)
  await settled(lock, clients)
}

function prepare(lock: LockInProcess, client: Client): void {
  const { goes, asked } = client
  if (goes === 'just before, in the same tick') cut(client)
  if (goes === 'on the first byte') asked.request.socket?.prependOnceListener('data', () => cut(client))
  const socket = lock.socketOf(asked)
  if (socket !== undefined && goes === 'before the answer is written') cutAtWrite(client, socket, () => true)
  if (socket !== undefined && goes === 'while the answer is written') cutAtWrite(client, socket, socket.write.bind(socket))
}

/** Breaks the server's end of a connection in the midst of its writing. */
function cutAtWrite(client: Client, socket: Socket, write: (...args: Parameters<Socket['write']>) => boolean): void {
  Object.assign(socket, {
    write(...args: Parameters<Socket['write']>): boolean {
      client.isCut = true
      const isTaken = write(...args)
      socket.destroy()
      return isTaken
    },
  })
}

function follow(client: Client): void {
  const { goes, asked } = client
  if (goes === 'just after, in the same tick') cut(client)
  if (goes === 'reset just after') {
    client.isCut = true
    asked.request.socket?.resetAndDestroy()
  }
  if (goes === 'a turn of the loop after') {
    client.isCut = true
    setImmediate(() => cut(client))
  }
}

function cut(client: Client): void {
  client.isCut = true
  client.asked.request.destroy()
}

/** Waits until everybody knows what there is to know: who is not answered has its request held. */
async function settled(lock: LockInProcess, clients: readonly Client[]): Promise<void> {
  const isSettled = ({ key, isCut, isOver }: Client): boolean => {
    const requests = lock.service.queue.place(key)?.requests ?? 0
    return isOver ? requests === 0 : !isCut && requests === 1
  }
  await lock.settled('all clients know', () => clients.every(isSettled) && lock.open === clients.filter(({ isOver }) => !isOver).length)
}

/** What clients know of is there; and of what they do not know, what can end has ended. */
function checkStanding({ service, clock }: LockInProcess, { permits }: Race, clients: readonly Client[]): void {
  const { leases, waiting } = service.queue.state()
  for (const { key, answered } of clients) {
    const lease = service.queue.lease(key)
    if (answered !== undefined && (answered.status !== 200 || lease?.claimed !== true)) throw new Error(`${key} was told ${answered.status}, and has ${JSON.stringify(lease)}`)
    if (lease?.claimed === false && (!key.startsWith('uid:') || isOver(lease, clock.now()))) throw new Error(`${key} does not know of its lease, which goes on`)
  }
  const used = leases.reduce((sum, lease) => sum + lease.permits, 0)
  if (used > permits || used !== service.queue.used) throw new Error(`${used} of ${permits} permits are taken`)
  if (used < permits && waiting.length > 0) throw new Error(`${waiting.length} wait, and ${permits - used} permits are free`)
}

function isOver({ absentSince }: Lease | Place, now: number): boolean {
  return absentSince === undefined || now >= absentSince + absentKeepMs
}

function count({ service }: LockInProcess, clients: readonly Client[], seen: { told: number; unclaimed: number; claimed: number }): void {
  for (const { key, answered } of clients) {
    const lease = service.queue.lease(key)
    if (answered !== undefined) seen.told++
    else if (lease !== undefined) seen[lease.claimed ? 'claimed' : 'unclaimed']++
  }
}

/** Lets the time pass in which all leases end and all others get theirs. */
async function runDry(lock: LockInProcess, raced: Race, clients: readonly Client[]): Promise<void> {
  const { queue } = lock.service
  const answered = new Set(clients.filter((client) => client.answered !== undefined))
  for (let seconds = 0; seconds < clients.length * 20; seconds += 10) {
    lock.clock.advance(10_000)
    await settled(lock, clients)
    for (const client of clients) {
      if (client.answered === undefined || answered.has(client)) continue
      answered.add(client)
      if (client.answered.status !== 200 || queue.lease(client.key)?.claimed !== true) throw new Error(`${client.key} was told ${client.answered.status} and has no lease`)
    }
    if (queue.used > raced.permits) throw new Error(`${queue.used} of ${raced.permits} permits are taken`)
  }
  for (const { key, isCut, answered: given } of clients) if (!isCut && given === undefined) throw new Error(`${key} has waited in vain`)
}

/** Everything is free, was counted once, and the next one gets it. */
async function checkFree(lock: LockInProcess, { permits }: Race, clients: readonly Client[]): Promise<void> {
  // A timer for a lease that has ended before its time.
  lock.clock.advance(holdMs)
  const { leases, waiting } = lock.service.queue.state()
  if (leases.length + waiting.length + lock.clock.pending > 0) throw new Error(`${JSON.stringify({ leases, waiting })} and ${lock.clock.pending} timers are left`)
  const scrape = await lock.metrics()
  const [waits, holds] = [readMetric(scrape, 'usher_lock_wait_seconds_count'), readMetric(scrape, 'usher_lock_hold_seconds_count')]
  if (waits !== holds || waits > permits + clients.length) throw new Error(`${waits} grants, and ${holds} releases`)
  const { status } = await lock.answer('/?uid=late')
  if (status !== 200) throw new Error(`the next one got ${status}`)
}
