import type { Decision } from '../../src/lock/queue/decisions.ts'
import type { QueueEvent } from '../../src/lock/queue/events.ts'
import { isIdentified, keyOf } from '../../src/lock/queue/queue.ts'
import { must } from './queue-must.ts'
import type { QueueRecord } from './queue-record.ts'

/** What time has ended comes first, all of it; gives back the decisions after it. */
export function checkDue(record: QueueRecord, event: QueueEvent, decisions: readonly Decision[]): readonly Decision[] {
  const due = record.due()
  const gates = new Set([...record.closed].filter(([, { since, isTold }]) => !isTold && record.isTooLong(since)).map(([name]) => name))
  const count = due.size + gates.size
  for (const decision of decisions.slice(0, count)) {
    if (decision.kind === 'gate') {
      must(decision.overdue && decision.open && gates.has(decision.name), 4, 'a gate is told to be overdue, and is not', decision)
    } else {
      must(decision.kind === 'released' || decision.kind === 'dropped', 5, 'what is due does not come first', decision)
      must(due.get(decision.key) === decision.cause, 5, `due is ${due.get(decision.key)}`, decision)
      must((decision.kind === 'released') === record.holders.has(decision.key), 5, 'what was no lease is released', decision)
    }
    record.follow(decision, event)
  }
  must(record.due().size === 0, 5, 'something that is due has not ended', [...record.due()])
  return decisions.slice(count)
}

/** A decision must be right at the moment at which it is made. */
export function checkDecision(record: QueueRecord, event: QueueEvent, decision: Decision): void {
  switch (decision.kind) {
    case 'placed':
    case 'rejected':
      checkAnswer(record, event, decision)
      break
    case 'granted':
      if (!decision.again) checkGrant(record, decision)
      else must(decision.key === askerOf(event) && record.holders.has(decision.key), 9, 'told again, unasked', decision)
      break
    case 'released':
      checkRelease(record, event, decision)
      break
    case 'dropped': {
      const { cause, key } = decision
      must(record.waiters.has(key), 10, 'no place is dropped', decision)
      const hasLeft = event.kind === 'left' ? event.key === key : event.kind === 'request' && !event.waits && event.uid === undefined
      if (cause === 'left') must(!isIdentified(key) && hasLeft, 11, 'a place is taken away', decision)
      else checkCause(event, key, cause, decision)
      break
    }
    case 'gate': {
      const isMeant = event.kind === 'gate' && event.name === decision.name && event.open === decision.open && event.reason === decision.reason
      const closed = record.closed.get(decision.name)
      // One that closes again soon may have been closed for too long already.
      const isOverdue = event.kind === 'gate' && event.name === decision.name && !event.open && closed?.isTold === false && record.isTooLong(closed.since)
      must(decision.overdue ? isOverdue : isMeant, 4, 'a gate changes by itself', decision)
      break
    }
  }
}

function checkAnswer(record: QueueRecord, event: QueueEvent, decision: Decision & { readonly kind: 'placed' | 'rejected' }): void {
  must(event.kind === 'request', 9, 'nobody asked', decision)
  const asker = askerOf(event)
  const has = (key: string | undefined): boolean => key !== undefined && (record.waiters.has(key) || record.holders.has(key))
  if (decision.kind === 'placed') {
    must(asker === undefined ? !isIdentified(decision.key) : decision.key === asker, 9, 'placed is somebody else', decision)
    must(decision.isNew !== has(decision.key), 9, 'a new place, and not the first, or the other way round', decision)
    must(asker !== undefined || !record.ever.has(decision.key), 9, 'two anonymous clients share a key', decision)
    return
  }
  const ofPeer = [...record.waiters.values()].filter(({ peer }) => peer === event.peer).length
  const isFull = record.waiters.size >= record.settings.maxWaiting
  const isFullOfPeer = ofPeer >= record.settings.maxWaitingPerPeer
  must(decision.reason === 'too-many-waiting' ? isFull : isFullOfPeer && !isFull, 12, 'there is room', decision)
  must(!has(asker), 9, 'who has a place is turned away', decision)
}

function checkRelease(record: QueueRecord, event: QueueEvent, decision: Decision & { readonly kind: 'released' }): void {
  const { cause, key } = decision
  const holder = record.holders.get(key)
  must(holder !== undefined, 9, 'no lease is released', decision)
  if (cause === 'lease-end' || cause === 'blind-hold') {
    must(holder.endsAt <= record.now && holder.endCause === cause, 5, 'a lease ends early', decision)
  } else if (cause === 'unclaimed') {
    must(event.kind === 'left' && event.key === key && !holder.claimed && !isIdentified(key), 11, 'a lease is taken away', decision)
  } else if (cause === 'crash-loop') {
    must(record.waiters.size > 0 && record.firstCrashing() === key, 13, 'a turn is taken from the wrong one, or for nobody', decision)
    const isOther = record.isNextFree() || record.isCoreFree() || record.isOverdueFree()
    must(!isOther, 13, 'a turn is taken for who can be granted without', decision)
  } else {
    checkCause(event, key, cause, decision)
  }
}

function checkGrant(record: QueueRecord, decision: Decision & { readonly kind: 'granted' }): void {
  const { key, lease } = decision
  const waiter = record.waiters.get(key)
  must(waiter !== undefined && !record.holders.has(key), 9, 'granted to who does not wait', decision)
  must(lease.grant === 'overdue' || record.holdingGates().length === 0, 4, 'granted through a closed gate', decision)
  const passed = record.inOrder().slice(0, record.inOrder().findIndex((other) => other.key === key))
  switch (lease.grant) {
    case 'floor':
      must(lease.permits === record.permitsOf(waiter), 1, 'not its permits', decision)
      must(record.used() + lease.permits <= record.settings.permits, 1, 'more permits than there are', decision)
      must(passed.length === 0, 8, 'somebody is passed', { decision, passed })
      break
    case 'idle-core':
      must(lease.permits === 0 && isIdentified(key) && !record.settings.strict, 2, 'not meant for this one', decision)
      must(lease.reserve === waiter.reserve, 2, 'not what it takes', decision)
      must(record.isIdleFor(waiter), 2, 'no core was idle for it', decision)
      must(passed.every((other) => !isIdentified(other.key)), 8, 'somebody is passed', { decision, passed })
      break
    case 'overdue':
      must(lease.permits === 0 && record.firstOverdue() === key, 3, 'not the one that is due', decision)
      must(record.now - record.lastOverdueAt >= 1_000, 3, 'too soon after another one', decision)
      must(record.isOverdue(), 3, 'too early', decision)
      break
  }
}

function checkCause(event: QueueEvent, key: string, cause: 'ready' | 'gone' | 'given-back', decision: Decision): void {
  const isMeant = event.kind === 'given-back' ? event.key === key : (event.kind === 'ready' || event.kind === 'gone') && keyOf(event.uid) === key
  must(event.kind === cause && isMeant, 10, 'ended by what did not happen', decision)
}

/** The key of the pod that asks; undefined: none does. */
function askerOf(event: QueueEvent): string | undefined {
  return event.kind === 'request' && event.uid !== undefined ? keyOf(event.uid) : undefined
}
