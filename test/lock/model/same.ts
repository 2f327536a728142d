import { keyOf } from '../../../src/lock/queue/queue.ts'
import type { Place } from '../../../src/lock/queue/state.ts'
import type { JsonObject } from '../../../src/units/json.ts'
import type { LockInProcess } from '../../support/lock-in-process.ts'
import { equal } from '../../support/property.ts'
import type { LockModel } from './lock-model.ts'

/** Pods that ask in these tests, by their uids. */
export const uids = ['a', 'b', 'c', 'd', 'e']

/** Throws where the lock's state, or what it shows of it, is not the model's. */
export async function checkSame(model: LockModel, lock: LockInProcess): Promise<void> {
  equal(lock.service.queue.state(), model.queue.state(), 'the queue')
  const shown: Shown = JSON.parse((await lock.answer('/v1/state')).body)
  equal(shown.permits, { floor: model.settings.permits, used: model.queue.used, strict: model.settings.strict }, 'permits')
  equal(shown.holders.map(holderOf), holdersOf(model), 'holders')
  equal(shown.waiters.map(waiterOf), waitersOf(model), 'waiters')
  equal(shown.gates.map(gateOf), gatesOf(model), 'gates')
  equal(shown.starts.map(({ pod, grant, cause }) => [pod, grant, cause ?? 'holds']), startsOf(model), 'starts')
  for (const uid of uids) await checkView(model, lock, uid)
}

type Shown = Readonly<Record<'holders' | 'waiters' | 'gates' | 'starts', readonly JsonObject[]>> & { readonly permits: JsonObject }

const holderOf = ({ pod, identified, grant, waitedSeconds, heldSeconds, leftSeconds }: JsonObject) => [pod, identified, grant, waitedSeconds, heldSeconds, leftSeconds]

function holdersOf(model: LockModel): unknown[] {
  const now = model.clock.now()
  return Array.from(model.queue.leases(), ({ key, pod, grant, arrivedAt, grantedAt, endsAt }) => [
    nameOf(model, key, pod), isOfPod(key), grant, tenths(grantedAt - arrivedAt), tenths(now - grantedAt), tenths(endsAt - now),
  ])
}

const waiterOf = ({ pod, identified, position, waitedSeconds, priority, weight, connected, leftSeconds }: JsonObject) => [
  pod, identified, position, waitedSeconds, priority, weight, connected, leftSeconds ?? 'for ever',
]

function waitersOf(model: LockModel): unknown[] {
  const now = model.clock.now()
  return inOrder(model).map(({ pod, key, arrivedAt, priority, weight, requests, deadline }, index) => [
    nameOf(model, key, pod), isOfPod(key), index + 1, tenths(now - arrivedAt), priority, weight, requests > 0, deadline === undefined ? 'for ever' : tenths(deadline - now),
  ])
}

const gateOf = ({ name, open, overdue, reason, seconds }: JsonObject) => [name, open, overdue, reason, seconds]

function gatesOf({ gates, queue, clock }: LockModel): unknown[] {
  const closed = new Map(Array.from(queue.closedGates(), (gate) => [gate.name, gate]))
  return Array.from(gates, ([name, { open, reason, since }]) => {
    const held = closed.get(name)
    return [name, open, held?.overdue === true, reason, tenths(clock.now() - (held?.since ?? since))]
  })
}

// An hour, and so many of it.
const [shownMs, shownStarts] = [3_600_000, 512]

function startsOf({ starts, queue, clock }: LockModel): unknown[] {
  const ended = starts.slice(-shownStarts).filter(({ endedAt }) => endedAt >= clock.now() - shownMs)
  return [
    ...ended.map(({ pod, grant, cause }) => [pod ?? null, grant, cause]),
    ...Array.from(queue.leases(), ({ pod, grant }) => [pod ?? null, grant, 'holds']),
  ]
}

async function checkView({ queue, clock }: LockModel, lock: LockInProcess, uid: string): Promise<void> {
  const { status, body } = await lock.answer(`/v1/leases/${uid}`)
  const [lease, place, now] = [queue.lease(keyOf(uid)), queue.place(keyOf(uid)), clock.now()]
  equal(status, lease === undefined && place === undefined ? 404 : 200, `the status of ${uid}`)
  if (lease !== undefined) {
    const { pod = null, grant, arrivedAt, grantedAt, endsAt } = lease
    const seconds = { waitedSeconds: (grantedAt - arrivedAt) / 1_000, heldSeconds: (now - grantedAt) / 1_000, leftSeconds: (endsAt - now) / 1_000 }
    equal(JSON.parse(body), { state: 'holding', pod, grant, ...seconds }, `the lease of ${uid}`)
  } else if (place !== undefined) {
    const { pod = null, arrivedAt } = place
    const position = 1 + queue.ahead(place)
    equal(JSON.parse(body), { state: 'waiting', pod, position, waitedSeconds: (now - arrivedAt) / 1_000 }, `the place of ${uid}`)
  }
}

/** Who has waited for a minute, then by priority, then who came first. */
function inOrder({ queue, clock }: LockModel): Place[] {
  const rank = ({ arrivedAt, priority }: Place): number => (clock.now() - arrivedAt >= 60_000 ? Infinity : priority)
  return [...queue.waiting()].toSorted((a, b) => (rank(a) === rank(b) ? a.sequence - b.sequence : rank(a) > rank(b) ? -1 : 1))
}

/** As Kubernetes names it by now, else as it has named itself. */
function nameOf({ priorities }: LockModel, key: string, pod: string | undefined): string | null {
  const uid = uids.find((known) => keyOf(known) === key && priorities.has(known))
  return uid === undefined ? (pod ?? null) : `shop/${uid}`
}

function isOfPod(key: string): boolean {
  return key.startsWith('uid:')
}

function tenths(ms: number): number {
  return Math.max(0, Math.round(ms / 100) / 10)
}
