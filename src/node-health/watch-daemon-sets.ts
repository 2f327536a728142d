import type { Untold } from '../units/asked.ts'
import type { Clock } from '../units/clock.ts'
import { readDaemonPod } from './daemon-pod.ts'
import type { DaemonSetHealth } from './daemon-set-health.ts'
import type { Verdict } from './judge.ts'
import type { NodeSource } from './source.ts'

/** How a node's DaemonSets are looked at, again and again. Times in milliseconds. */
export interface DaemonSetWatchOptions {
  readonly source: NodeSource
  readonly health: DaemonSetHealth
  /** From a look that found something missing, or failed, to the next. */
  readonly failPauseMs: number
  /** From a look that found all well to the next. */
  readonly passPauseMs: number
  readonly clock: Clock
}

/** What is told after each look. */
export interface DaemonSetWatchListener {
  readonly judged: (verdict: Verdict) => void
  /** Nothing could be learned; what was found before says nothing any more. */
  readonly failed: (untold: Untold) => void
}

// However short a pause is asked for: the API server is everybody's.
const leastPauseMs = 1_000

/** Looks at once, and then with pauses. The returned function ends that: nothing is told any more. */
export function watchDaemonSets(options: DaemonSetWatchOptions, listener: DaemonSetWatchListener): () => void {
  const { source, health, failPauseMs, passPauseMs, clock } = options
  const ending = new AbortController()
  let endPause: (() => void) | undefined

  async function look(): Promise<void> {
    const [told, pods] = await Promise.all([source.look(ending.signal), source.pods(ending.signal)])
    if (ending.signal.aborted) return
    const isHealthy = tell(told, pods)
    endPause = clock.after(Math.max(leastPauseMs, isHealthy ? passPauseMs : failPauseMs), () => void look())
  }

  function tell(told: Awaited<ReturnType<NodeSource['look']>>, pods: Awaited<ReturnType<NodeSource['pods']>>): boolean {
    if (told.kind !== 'told' || pods.kind !== 'told') {
      if (told.kind !== 'told') listener.failed(told)
      else if (pods.kind !== 'told') listener.failed(pods)
      return false
    }
    health.learn(told.value)
    const verdict = health.judge(pods.value.map(readDaemonPod).filter((pod) => pod !== undefined))
    if (verdict !== undefined) listener.judged(verdict)
    else listener.failed({ kind: 'failed', error: new Error('the answer is not a node') })
    return verdict?.healthy === true
  }

  void look()
  return () => {
    ending.abort()
    endPause?.()
  }
}
