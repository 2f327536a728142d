import type { ProgramRun } from '../programs.ts'
import type { RunningPod } from './kubelet.ts'
import type { Grant } from './lock-client.ts'
import type { BootPod, StartKind } from './pods.ts'

/** How long one start of a kind took alone. */
export interface AloneStart {
  readonly start: StartKind
  readonly ms: number
}

/** One boot, in numbers. Times in milliseconds. */
export interface BootRun {
  readonly pods: readonly PodResult[]
  readonly meanReadyMs: number
  readonly worstReadyMs: number
  /** How many starts took longer than their limit. */
  readonly overLimit: number
}

export interface PodResult {
  readonly pod: string
  readonly start: StartKind
  /** From the boot to the start of the application. */
  readonly waitedMs: number
  /** From there until it was ready. */
  readonly startMs: number
  /** From the boot until it was ready. */
  readonly readyMs: number
  /** What `startMs` may be: see {@link marginPercent}. */
  readonly limitMs: number
  readonly isOverLimit: boolean
  readonly grant?: Grant
  readonly init: readonly ProgramRun[]
}

/**
 * So much more than the same start takes alone may a start take. It is the limit of a liveness probe that was tuned
 * by trying the pod on a quiet node: one that takes longer is restarted, and begins again.
 */
export const marginPercent = 25

/** Sets the pods of a boot against what their starts take alone. */
export function compareWith(alone: readonly AloneStart[], pods: readonly BootPod[], running: readonly RunningPod[]): BootRun {
  const results = running.map((each, index): PodResult => {
    const pod = pods[index]
    const aloneMs = alone.find(({ start }) => start.kind === pod?.start.kind)?.ms
    if (pod === undefined || aloneMs === undefined) throw new Error('every pod has been tried alone')
    return resultOf(pod, each, aloneMs * (1 + marginPercent / 100))
  })
  const ready = results.map(({ readyMs }) => readyMs)
  return {
    pods: results,
    meanReadyMs: Math.round(ready.reduce((sum, ms) => sum + ms, 0) / Math.max(1, ready.length)),
    worstReadyMs: Math.max(0, ...ready),
    overLimit: results.filter(({ isOverLimit }) => isOverLimit).length,
  }
}

function resultOf({ name, start }: BootPod, { startedAt, readyAt, grant, init }: RunningPod, limitMs: number): PodResult {
  const startMs = readyAt - startedAt
  return {
    pod: name,
    start,
    waitedMs: Math.round(startedAt),
    startMs: Math.round(startMs),
    readyMs: Math.round(readyAt),
    limitMs: Math.round(limitMs),
    isOverLimit: startMs > limitMs,
    ...(grant === undefined ? {} : { grant }),
    init,
  }
}
