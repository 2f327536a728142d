import type { Logger } from 'pino'
import type { Clock } from '../../units/clock.ts'
import type { DependencyGate } from '../depends-on/dependency-gate.ts'
import type { LockMetrics } from '../metrics.ts'
import type { LockService } from '../service.ts'
import { watchDependencyWaits } from './dependency-waits.ts'
import type { Notices } from './notice.ts'
import { EventSender } from './sender.ts'
import type { EventSink } from './sink.ts'
import { watchTurns } from './turns.ts'
import { watchWaits } from './waits.ts'
import { watchStartsWithoutLock } from './without-lock.ts'

/** What Events on pods are made of. */
export interface PodEventsOptions {
  readonly service: LockService
  /** What holds pods until what they depend on is healthy; undefined: nothing does. */
  readonly gate?: DependencyGate | undefined
  /** Undefined: none are made, and starts without the lock are counted still. */
  readonly sink: EventSink | undefined
  readonly clock: Clock
  /** Milliseconds since 1970. */
  readonly date: () => number
  readonly metrics: Pick<LockMetrics, 'podEvent' | 'startedWithoutLock'>
  readonly log: Logger
}

/**
 * Tells the pods of this node as Events how they fare with the lock, until the returned function is called. To be
 * called before the pods are watched. Nothing in the lock waits for it.
 */
export function makePodEvents({ service, gate, sink, clock, date, metrics, log }: PodEventsOptions): () => void {
  const sender = sink === undefined ? undefined : new EventSender({ sink, clock, metrics, log })
  const notices: Notices = (notice) => sender?.put(notice)
  const { pods } = service
  const stops = [
    // Before waits end: a grant takes the turn of what is told of the wait.
    watchTurns(service, notices),
    watchStartsWithoutLock({ pods, clock, date, notices, seen: () => metrics.startedWithoutLock() }),
    pods.watch({ changed: () => {}, gone: ({ uid }) => sender?.forget(uid), synced: () => {} }),
    ...(sender === undefined ? [] : [watchWaits(service, clock, notices), ...(gate === undefined ? [] : [watchDependencyWaits(gate, clock, notices)]), () => sender.close()]),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
