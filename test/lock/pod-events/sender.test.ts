import { pino } from 'pino'
import t from 'tap'
import { EventSender, keptForMs, podLimits } from '../../../src/lock/pod-events/sender.ts'
import { forbiddenPauseMs } from '../../../src/lock/pod-events/pace.ts'
import type { EventReason } from '../../../src/lock/pod-events/reasons.ts'
import type { SinkAnswer } from '../../../src/lock/pod-events/sink.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakeEventSink } from '../../support/fake-event-sink.ts'
import { passTime } from '../../support/pass-time.ts'

const minuteMs = 60_000

t.test('sends ten at once, two seconds apart, then one each ten seconds', async (t) => {
  const { put, pass, sink } = make()
  for (let count = 0; count < 20; count++) put(`p${count}`)
  await pass(120_000)
  const times = sink.requests.map(({ at }) => at / 1_000)
  t.strictSame(times, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 30, 40, 50, 60, 70, 80, 90, 100])
  t.equal(sink.mostAtOnce, 1)
})

t.test('warns first, and drops what is ten minutes old', async (t) => {
  const { counts, put, pass, sink } = make()
  for (let count = 0; count < 100; count++) put(`p${count}`)
  put('without', 'StartedWithoutLock')
  await pass(keptForMs + minuteMs)
  t.equal(sink.requests[0]?.pod.name, 'without')
  t.equal(sink.requests.length, 69, 'ten, and what comes in not quite ten minutes')
  t.equal(counts('StartupLockWaiting sent') + counts('StartedWithoutLock sent'), 69)
  t.equal(counts('StartupLockWaiting dropped'), 32)
})

t.test('a pod takes no more than its share', async (t) => {
  const { counts, put, pass, sink } = make()
  for (let second = 0; second < 600; second++) {
    put('loops', 'StartupLockExpired')
    put(`other${second % 3}`)
    await pass(1_000)
  }
  const ofIt = sink.requests.filter(({ pod }) => pod.name === 'loops').length
  t.ok(ofIt <= podLimits.burst + 10, `${ofIt}`)
  t.ok(counts('StartupLockExpired dropped') > 500)
  t.ok(sink.requests.some(({ pod }) => pod.name === 'other2'))
})

t.test('tries three times, with growing pauses, and tells of an outage once', async (t) => {
  const { counts, put, pass, sink, log } = make()
  sink.answer = () => ({ kind: 'unavailable', error: new Error('down'), retryAfterMs: 0 })
  put('a')
  await pass(minuteMs)
  t.strictSame(sink.requests.map(({ at }) => at), [0, 2_000, 4_000], 'never sooner than its spacing')
  t.equal(counts('StartupLockWaiting failed'), 1)
  put('b')
  await pass(3 * minuteMs)
  t.strictSame(sink.requests.slice(3).map(({ at }) => at), [60_000, 66_000, 78_000])
  t.strictSame(log, ['the API server takes no Events now'])
  sink.answer = () => undefined
  put('c')
  await pass(minuteMs)
  t.strictSame(log.slice(1), ['the API server takes Events again'])
  t.equal(counts('StartupLockWaiting sent'), 1)
})

t.test('what is newer takes the place of what is tried again', async (t) => {
  const { counts, put, pass, sink } = make()
  let answer: (answer: SinkAnswer) => void = () => {}
  sink.answer = () => new Promise((resolve) => (answer = resolve))
  put('a')
  await pass(0)
  put('a', 'StartupLockGranted')
  answer({ kind: 'unavailable', error: new Error('down'), retryAfterMs: 0 })
  await pass(10_000)
  t.strictSame(sink.requests.map(({ reason }) => reason), ['StartupLockWaiting', 'StartupLockGranted'])
  t.equal(counts('StartupLockWaiting dropped'), 1)
})

t.test('leaves the API server alone for as long as it wants', async (t) => {
  const { put, pass, sink } = make()
  sink.answer = () => ({ kind: 'unavailable', error: new Error('too many'), retryAfterMs: 40_000 })
  put('a')
  await pass(minuteMs)
  t.strictSame(sink.requests.map(({ at }) => at), [0, 40_000])
})

t.test('without the right to it, is off for ten minutes, and says so once', async (t) => {
  const { counts, put, pass, sink, log } = make()
  sink.answer = () => ({ kind: 'forbidden', error: new Error('no') })
  for (let minute = 0; minute < 60; minute++) {
    put('a')
    put('b')
    await pass(minuteMs)
  }
  t.strictSame(sink.requests.map(({ at }) => at), [0, 1, 2, 3, 4, 5].map((count) => count * forbiddenPauseMs))
  t.equal(counts('StartupLockWaiting failed'), 6)
  t.equal(counts('StartupLockWaiting dropped'), 114)
  t.strictSame(log, ['Events may not be made; trying again once in ten minutes'])
  sink.answer = () => undefined
  put('a')
  await pass(minuteMs)
  t.strictSame(log.slice(1), ['the API server takes Events again'])
  sink.answer = () => ({ kind: 'forbidden', error: new Error('no') })
  put('a')
  await pass(minuteMs)
  t.equal(log.length, 3, 'and it is said anew')
})

t.test('what is refused holds up nobody', async (t) => {
  const { counts, put, pass, sink, log } = make()
  sink.answer = ({ pod }) => (pod.name === 'a' ? { kind: 'refused', error: new Error('the namespace is being terminated') } : undefined)
  put('a')
  put('b')
  await pass(2_000)
  t.strictSame(sink.requests.map(({ pod }) => pod.name), ['a', 'b'])
  t.strictSame([counts('StartupLockWaiting failed'), counts('StartupLockWaiting sent'), log.length], [1, 1, 0])
})

t.test('a sink that throws is one that is not there', async (t) => {
  const { counts, put, pass, sink } = make()
  sink.answer = () => {
    throw new Error('broken')
  }
  put('a')
  await pass(minuteMs)
  t.equal(sink.requests.length, 3)
  t.equal(counts('StartupLockWaiting failed'), 1)
})

t.test('a pod that is gone is not told of, nor tried again, nor remembered', async (t) => {
  const { counts, put, pass, sender, sink } = make()
  put('a')
  put('b')
  await pass(0)
  sender.forget('b')
  await pass(minuteMs)
  t.strictSame(sink.requests.map(({ pod }) => pod.name), ['a'])
  let answer: (answer: SinkAnswer) => void = () => {}
  sink.answer = () => new Promise((resolve) => (answer = resolve))
  put('c')
  await pass(0)
  sender.forget('c')
  answer({ kind: 'unavailable', error: new Error('down'), retryAfterMs: 0 })
  await pass(minuteMs)
  t.equal(sink.requests.length, 2)
  t.equal(counts('StartupLockWaiting dropped'), 2)
})

t.test('a lock that ends waits for no answer', async (t) => {
  const { clock, counts, put, pass, sender, sink } = make()
  sink.answer = () => new Promise(() => {})
  put('a')
  put('b')
  await pass(0)
  sender.close()
  put('c')
  await pass(60 * minuteMs)
  t.equal(sink.requests.length, 1)
  t.equal(clock.pending, 0)
  t.equal(counts('StartupLockWaiting dropped'), 1)
})

function make() {
  const clock = new FakeClock()
  const sink = new FakeEventSink(() => clock.now())
  const counted: string[] = []
  const log: string[] = []
  const sender = new EventSender({
    sink,
    clock,
    metrics: { podEvent: (reason, outcome) => counted.push(`${reason} ${outcome}`) },
    log: pino({ level: 'info' }, { write: (line: string) => void log.push(JSON.parse(line).msg) }),
    random: () => 0.5,
  })
  let occasion = 0
  return {
    clock,
    log,
    sender,
    sink,
    counts: (what: string) => counted.filter((each) => each === what).length,
    put(name: string, reason: EventReason = 'StartupLockWaiting') {
      const now = clock.now()
      const telling = { message: 'so it is', count: 1, firstAt: now, lastAt: now }
      sender.put({ pod: { uid: name, namespace: 'shop', name }, reason, occasion: String(++occasion), dueAt: now, tell: () => telling })
    },
    pass: (ms: number) => passTime(clock, ms),
  }
}
