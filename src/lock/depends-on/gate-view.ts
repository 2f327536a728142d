import { targetText } from '../../depends-on/dependency.ts'
import type { DependencyState } from './assess.ts'
import type { GatedPod } from './gated-pod.ts'

/** Something that a pod waits for, for whoever reads. Seconds are to a tenth. */
export interface DependencyView {
  /** As in the annotation: `service/shop/redis`. */
  readonly target: string
  readonly state: DependencyState['state']
  /** What was found, for people. */
  readonly reason: string
  /** Until its time is over; 0: it is. */
  readonly leftSeconds: number
  readonly onTimeout: 'proceed' | 'fail'
}

/** A pod that waits for what it depends on, for readers of `/v1/state`. */
export interface GatedState {
  /** NAMESPACE/NAME */
  readonly pod: string
  readonly waitedSeconds: number
  /** Whether a request of it is held now; it is kept for ten seconds without. */
  readonly connected: boolean
  readonly dependencies: readonly DependencyView[]
  /** The way from what it waits for back to it; not there where none is known. */
  readonly cycle?: readonly string[]
}

/** Looks at somebody who waits; `now` is by the lock's clock. */
export function viewGated({ namespace, name, since, isConnected, states, cycle }: GatedPod, now: number): GatedState {
  return {
    pod: `${namespace}/${name}`,
    waitedSeconds: toSeconds(now - since),
    connected: isConnected,
    dependencies: viewDependencies(states, now),
    ...(cycle === undefined ? {} : { cycle }),
  }
}

/** The same of what it waits for alone. */
export function viewDependencies(states: readonly DependencyState[], now: number): readonly DependencyView[] {
  return states.map(({ dependency: { target, onTimeout }, state, reason, endsAt }) => ({
    target: targetText(target),
    state,
    reason,
    leftSeconds: toSeconds(endsAt - now),
    onTimeout,
  }))
}

function toSeconds(ms: number): number {
  return Math.max(0, Math.round(ms / 100) / 10)
}
