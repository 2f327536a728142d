import * as fc from 'fast-check'
import { pino } from 'pino'
import t from 'tap'
import { nodeLimits, spacingMs } from '../../../src/lock/pod-events/pace.ts'
import { EventSender, keptForMs } from '../../../src/lock/pod-events/sender.ts'
import { type EventReason, eventReasons } from '../../../src/lock/pod-events/reasons.ts'
import type { SinkAnswer } from '../../../src/lock/pod-events/sink.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakeEventSink } from '../../support/fake-event-sink.ts'
import { passTime } from '../../support/pass-time.ts'
import { equal, runs } from '../../support/property.ts'

type Step =
  | { readonly kind: 'due'; readonly pod: number; readonly reason: EventReason; readonly count: number; readonly isOver: boolean }
  | { readonly kind: 'gone'; readonly pod: number }
  | { readonly kind: 'pass'; readonly ms: number }

const podOf = (most: number) => fc.integer({ min: 0, max: most - 1 })
const reason = fc.constantFrom(...(['StartupLockWaiting', 'StartupLockGranted', 'StartupLockReleased', 'StartupLockExpired', 'StartedWithoutLock'] as const))
const pass = fc.record({ kind: fc.constant('pass' as const), ms: fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 120_000 })) })
const isOver = fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true))
const due = fc.record({ kind: fc.constant('due' as const), pod: podOf(40), reason, count: fc.integer({ min: 1, max: 4 }), isOver })
const gone = fc.record({ kind: fc.constant('gone' as const), pod: podOf(40) })
const history: fc.Arbitrary<readonly Step[]> = fc.array(fc.oneof({ weight: 8, arbitrary: due }, { weight: 3, arbitrary: pass }, gone), {
  minLength: 30,
  maxLength: 150,
  size: 'max',
})
const answerKind = fc.constantFrom<(SinkAnswer['kind'] | 'as usual')[]>('as usual', 'as usual', 'as usual', 'as usual', 'unavailable', 'refused', 'exists', 'missing')
const answer = fc.record({ kind: answerKind, afterMs: fc.constantFrom(0, 1, 200, 10_000) })

t.test('whatever is due and answered, keeps within its limits, and counts each that was due once', async (t) => {
  let sent = 0
  await fc.assert(
    fc.asyncProperty(history, fc.array(answer), fc.boolean(), async (steps, answers, mayForbid) => {
      const { clock, counts, end, sender, sink, told } = make()
      sink.answer = async () => {
        const { kind, afterMs } = answers.shift() ?? { kind: 'as usual', afterMs: 0 }
        await new Promise<void>((resolve) => clock.after(afterMs, resolve))
        return answerOf(kind, mayForbid)
      }
      for (const step of steps) await told(step)
      await end()
      const times = sink.requests.map(({ at }) => at)
      checkLimits(times)
      equal(sink.mostAtOnce <= 1, true, 'one request after the other')
      equal(clock.pending, 0, 'timers')
      for (const each of Object.keys(eventReasons)) {
        const dueOnes = steps.filter((step) => step.kind === 'due' && step.reason === each).length
        equal(counts(`${each} sent`) + counts(`${each} dropped`) + counts(`${each} failed`), dueOnes, `of ${each}`)
      }
      checkOrder(sink.requests.map(({ pod, message }) => ({ pod: pod.uid, order: Number(message) })))
      sender.close()
      sent += times.length
    }),
    { numRuns: runs },
  )
  t.ok(sent > 5 * runs, `${sent} requests in ${runs} histories`)
})

t.test('the last state of each pod is the one that is sent, where there is room for one each', async (t) => {
  const few = fc.array(fc.oneof({ weight: 2, arbitrary: fc.record({ pod: podOf(nodeLimits.burst), reason }) }, pass), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(few, async (all) => {
      const { end, sink, told } = make()
      // Within each pod's share.
      const steps = all.filter((step, index) => !('pod' in step) || all.slice(0, index).filter((each) => 'pod' in each && each.pod === step.pod).length < 5)
      const last = new Map<string, number>()
      for (const [index, step] of steps.entries()) {
        if ('ms' in step) await told(step)
        else {
          last.set(`p${step.pod}`, index)
          await told({ kind: 'due', ...step, count: 1, isOver: false }, index)
        }
      }
      await end()
      const found = new Map(sink.requests.map(({ pod, message }) => [pod.uid, Number(message)]))
      for (const [uid, order] of last) equal(found.get(uid), order, `the last of ${uid}`)
    }),
    { numRuns: runs },
  )
  t.pass('each pod')
})

function answerOf(kind: SinkAnswer['kind'] | 'as usual', mayForbid: boolean): SinkAnswer | undefined {
  if (kind === 'as usual') return undefined
  if (kind === 'taken' || kind === 'exists' || kind === 'missing') return { kind }
  const error = new Error('no')
  if (kind === 'unavailable') return { kind, error, retryAfterMs: 5_000 }
  return { kind: mayForbid ? 'forbidden' : 'refused', error }
}

/** The bucket is never exceeded, in any span; nor is the spacing. */
function checkLimits(times: readonly number[]): void {
  for (const [index, from] of times.entries()) {
    for (const [count, to] of times.slice(index).entries()) {
      if (count + 1 > nodeLimits.burst + (to - from) / nodeLimits.refillMs) throw new Error(`${count + 1} from ${from} to ${to}`)
      if (to - from < count * spacingMs) throw new Error(`${count + 1} from ${from} to ${to} are too close`)
    }
  }
}

/** Nothing older is told after something newer. */
function checkOrder(requests: readonly { readonly pod: string; readonly order: number }[]): void {
  const last = new Map<string, number>()
  for (const { pod, order } of requests) {
    if ((last.get(pod) ?? 0) > order) throw new Error(`${pod}: ${order} after ${last.get(pod)}`)
    last.set(pod, order)
  }
}

function make() {
  const clock = new FakeClock()
  const sink = new FakeEventSink(() => clock.now())
  const counted: string[] = []
  const sender = new EventSender({
    sink,
    clock,
    metrics: { podEvent: (of, outcome) => counted.push(`${of} ${outcome}`) },
    log: pino({ level: 'silent' }),
    random: () => 0,
  })
  let order = 0

  async function told(step: Step, as = ++order): Promise<void> {
    if (step.kind === 'pass') return await passTime(clock, step.ms)
    const uid = `p${step.pod}`
    if (step.kind === 'gone') return sender.forget(uid)
    const now = clock.now()
    const telling = { message: String(as), count: step.count, firstAt: now, lastAt: now }
    sender.put({
      pod: { uid, namespace: 'shop', name: uid },
      reason: step.reason,
      occasion: String(Math.floor(as / 20)),
      dueAt: now,
      tell: () => (step.isOver ? undefined : telling),
    })
  }

  return {
    clock,
    sender,
    sink,
    told,
    counts: (what: string) => counted.filter((each) => each === what).length,
    /** Until all that is due was sent, or is too old. */
    end: () => passTime(clock, 2 * keptForMs),
  }
}
