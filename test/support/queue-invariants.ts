import type { Decision } from '../../src/lock/queue/decisions.ts'
import type { QueueEvent } from '../../src/lock/queue/events.ts'
import { isIdentified, keyOf, type Queue } from '../../src/lock/queue/queue.ts'
import { equal } from './property.ts'
import { must } from './queue-must.ts'
import type { Holder, QueueRecord } from './queue-record.ts'

/** What must hold after every event, whatever it was. */
export function checkStanding(record: QueueRecord, event: QueueEvent, decisions: readonly Decision[]): void {
  const { settings, now, waiters, holders } = record
  const order = record.inOrder()
  const floor = [...holders.values()].filter(({ grant }) => grant === 'floor')
  must(record.used() <= settings.permits, 1, 'more permits than there are', floor)
  must(floor.length === 1 || floor.every(({ permits }) => permits < settings.permits), 1, 'who takes all is not alone', floor)
  for (const { endsAt, grantedAt } of holders.values()) must(endsAt > now && endsAt - grantedAt <= settings.leaseCapMs, 5, 'a lease goes on', endsAt)
  must(!record.isCoreFree(), 6, 'a core is idle and a pod waits', order)
  must(!record.isNextFree(), 7, 'free permits, and somebody waits', order)
  must(!record.isOverdueFree(), 3, 'who is overdue waits on', record.ending())
  for (const key of waiters.keys()) must(!holders.has(key), 9, 'a place and a lease', key)
  if (event.kind === 'request') {
    const answers = decisions.filter(({ kind }) => kind === 'placed' || kind === 'rejected')
    must(answers.length === 1, 9, 'not one answer', decisions)
    const [answer] = answers
    const key = answer?.kind === 'placed' ? answer.key : undefined
    const isTold = decisions.some((decision) => decision.kind === 'granted' && decision.key === key)
    must(key === undefined || !holders.has(key) || isTold, 9, 'a lease is not told', decisions)
  }
  if (event.kind === 'given-back') must(!waiters.has(event.key) && !holders.has(event.key), 10, 'given back and still there', event)
  if (event.kind === 'gone') must(!waiters.has(keyOf(event.uid)) && !holders.has(keyOf(event.uid)), 10, 'gone and still there', event)
  if (event.kind === 'ready') {
    const isNew = decisions.some((decision) => decision.kind === 'granted' && decision.key === keyOf(event.uid))
    must(isNew || !holders.has(keyOf(event.uid)), 10, 'ready and still starting', event)
  }
  for (const { key, held } of waiters.values()) must(isIdentified(key) || held > 0, 11, 'an anonymous client waits without a request', key)
  for (const { key, absentSince } of holders.values()) must(isIdentified(key) || absentSince === undefined, 11, 'a lease that nobody knows of', key)
  must(record.due().size === 0, 11, 'something that is due has not ended', [...record.due()])
  must(waiters.size <= settings.maxWaiting, 12, 'too many wait', waiters.size)
  const ofPeers = Object.values(Object.groupBy(waiters.values(), ({ peer }) => peer))
  must(ofPeers.every((ofPeer) => (ofPeer?.length ?? 0) <= settings.maxWaitingPerPeer), 12, 'too many of one peer wait', waiters.size)
  must(waiters.size === 0 || record.firstCrashing() === undefined, 13, 'a pod crash-loops and others wait', order)
}

/** What the queue says of itself is what events and decisions have told. */
export function checkRecord(record: QueueRecord, queue: Queue): void {
  const { now, leases, waiting, gates, lastOverdueAt } = queue.state()
  const order = record.inOrder()
  equal(now, record.now, 'now')
  equal(lastOverdueAt ?? -Infinity, record.lastOverdueAt, 'last overdue grant')
  equal(queue.used, record.used(), 'permits in use')
  equal(queue.waitingCount, record.waiters.size, 'how many wait')
  const shown: (keyof Holder)[] = ['key', 'grant', 'permits', 'reserve', 'arrivedAt', 'grantedAt', 'endsAt', 'endCause', 'crashing', 'claimed', 'absentSince']
  const facts = (lease: Holder): unknown[] => shown.map((name) => lease[name])
  equal(leases.map(facts), Array.from(record.holders.values(), facts), 'leases')
  const places = waiting.map(({ sequence, requests, pod, ...place }) => ({ ...place, arrival: sequence, held: requests, pod }))
  equal(places.map(sorted), Array.from(record.waiters.values(), sorted), 'places')
  equal(waiting.map((place) => queue.ahead(place)), waiting.map(({ key }) => order.findIndex((other) => other.key === key)), 'who is ahead')
  for (const key of record.ever) {
    equal([queue.lease(key) !== undefined, queue.place(key) !== undefined], [record.holders.has(key), record.waiters.has(key)], key)
  }
  const closed = Array.from(record.closed, ([name, { since, reason, isTold }]) => ({ name, since, reason, overdue: isTold }))
  equal(gates, closed, 'gates')
}

function sorted(value: object): unknown[] {
  return Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
}
