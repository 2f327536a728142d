import { pino } from 'pino'
import { fromKubeconfig } from '../../../src/kube/cluster.ts'
import { podEventsOf } from '../../../src/kube/pod-events.ts'
import { systemClock } from '../../../src/lock/clock.ts'
import { EventSender } from '../../../src/lock/pod-events/sender.ts'
import type { EventSink, PodEventView, SinkAnswer } from '../../../src/lock/pod-events/sink.ts'
import type { WatchReport, WatchTask } from './watch-task.ts'

type Report = Omit<WatchReport, 'cpuSeconds'>

/** Prepares locks as far as they send Events. `open` gives each of them something to tell of each of its pods at the same moment. */
export function tellEvents({ namespace, pods, locks }: Extract<WatchTask, { kind: 'events' }>, now: () => number) {
  let answers: Record<string, number> = {}
  let tookMs: number[] = []
  const log = pino({ level: 'silent' })

  function noting(sink: EventSink): EventSink {
    async function note(answering: Promise<SinkAnswer>): Promise<SinkAnswer> {
      const startMs = now()
      const answer = await answering
      tookMs.push(now() - startMs)
      answers[answer.kind] = (answers[answer.kind] ?? 0) + 1
      return answer
    }
    return {
      create: (event: PodEventView, signal: AbortSignal) => note(sink.create(event, signal)),
      update: (event: PodEventView, signal: AbortSignal) => note(sink.update(event, signal)),
    }
  }

  const senders = locks.map(({ node, kubeconfig }) => {
    const sink = noting(podEventsOf(fromKubeconfig(kubeconfig), 'usher-lock', node))
    return { node, sender: new EventSender({ sink, clock: systemClock, metrics: { podEvent() {} }, log }) }
  })

  function put(sender: EventSender, name: string): void {
    const dueAt = systemClock.now()
    const message = 'place 4 after 65 s, permits-taken: 3 ahead (holder bench/node-0-0, 12 s)'
    sender.put({
      pod: { uid: `uid-${name}`, namespace, name },
      reason: 'StartupLockWaiting',
      occasion: '1',
      dueAt,
      tell: () => ({ message, count: 1, firstAt: dueAt, lastAt: dueAt }),
    })
  }

  return {
    async open(): Promise<void> {
      for (const { node, sender } of senders) {
        for (let index = 0; index < pods; index++) put(sender, `${node}-${index}`)
      }
    },
    report(): Report {
      const told = { heardAt: [], syncedAt: [], lastHeardAt: [], lost: [], answers, tookMs }
      ;[answers, tookMs] = [{}, []]
      return told
    },
  }
}
