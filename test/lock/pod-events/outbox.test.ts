import t from 'tap'
import type { Notice } from '../../../src/lock/pod-events/notice.ts'
import { Outbox } from '../../../src/lock/pod-events/outbox.ts'
import type { EventReason } from '../../../src/lock/pod-events/reasons.ts'

function notice(uid: string, reason: EventReason = 'StartupLockWaiting', dueAt = 0): Notice {
  return { pod: { uid, namespace: 'shop', name: uid }, reason, occasion: '1', dueAt, tell: () => undefined }
}

const take = (outbox: Outbox) => outbox.take()?.notice

t.test('has one notice of a pod, the last, in the turn of the first', async (t) => {
  const outbox = new Outbox()
  const [old, other, last] = [notice('a'), notice('b'), notice('a', 'StartupLockGranted')]
  t.equal(outbox.put(old), undefined)
  t.equal(outbox.put(other), undefined)
  t.equal(outbox.put(last), old)
  t.equal(outbox.size, 2)
  t.strictSame([take(outbox), take(outbox), take(outbox)], [last, other, undefined])
})

t.test('warnings come first, then what is still so, then what is over', async (t) => {
  const outbox = new Outbox()
  const reasons = ['StartupLockReleased', 'StartupLockWaiting', 'StartedWithoutLock', 'StartupLockGranted', 'StartupLockExpired', 'StartupLockReleased'] as const
  for (const [index, reason] of reasons.entries()) outbox.put(notice(`p${index}`, reason))
  t.strictSame(
    reasons.map(() => take(outbox)?.pod.name),
    ['p2', 'p4', 'p1', 'p3', 'p0', 'p5'],
  )
})

t.test('takes back what could not be sent, unless there is something newer', async (t) => {
  const outbox = new Outbox()
  outbox.put(notice('a'))
  const pending = outbox.take()
  if (pending === undefined) throw new Error('there is one')
  t.ok(outbox.putBack({ ...pending, attempts: 1 }))
  t.match(outbox.take(), { notice: pending.notice, attempts: 1 })
  const newer = notice('a', 'StartupLockGranted')
  outbox.put(newer)
  t.notOk(outbox.putBack(pending))
  t.match(outbox.take(), { notice: newer, attempts: 0 })
})

t.test('gives out what is old, and what is of one pod', async (t) => {
  const outbox = new Outbox()
  const all = [notice('a', 'StartedWithoutLock', 10), notice('b', 'StartupLockWaiting', 11), notice('c', 'StartupLockWaiting', 9)] as const
  for (const each of all) outbox.put(each)
  t.strictSame(outbox.takeDueBy(10), [all[0], all[2]])
  t.equal(outbox.remove('b'), all[1])
  t.equal(outbox.remove('b'), undefined)
  t.equal(outbox.size, 0)
})
