import { type Collection, collectionsOf } from '../../depends-on/collections.ts'
import type { Dependency } from '../../depends-on/dependency.ts'
import { judge } from '../../depends-on/judge.ts'
import type { CollectionView } from './shared-watch.ts'

/** How one of the dependencies of somebody who waits is. */
export interface DependencyState {
  readonly dependency: Dependency
  /**
   * `healthy`; `waiting`: not, or not known yet; `timed-out`: it was not in its time; `not-judged`: it cannot be found out,
   * and nobody waits for what nobody can tell.
   */
  readonly state: 'healthy' | 'waiting' | 'timed-out' | 'not-judged'
  /** For people, short. */
  readonly reason: string
  /** When its time is over. */
  readonly endsAt: number
}

/** What comes of all of them. */
export interface Assessment {
  readonly states: readonly DependencyState[]
  readonly outcome: 'wait' | 'pass' | 'fail'
  /** When time alone may change that; Infinity: never. */
  readonly nextAt: number
}

/** Who waits for what, since when. */
export interface Waited {
  readonly dependencies: readonly Dependency[]
  readonly namespace: string
  readonly since: number
}

/**
 * Assesses what somebody waits for. It passes while nothing is waited for any more; it fails as soon as something has
 * timed out of which its author has said so. Pure.
 */
export function assess({ dependencies, namespace, since }: Waited, viewOf: (collection: Collection) => CollectionView, now: number): Assessment {
  let nextAt = Infinity
  const states = dependencies.map((dependency): DependencyState => {
    const views = collectionsOf(dependency.target, namespace).map(viewOf)
    const endsAt = since + dependency.timeoutSeconds * 1_000
    const { state, reason } = stateOf(dependency, namespace, views, endsAt <= now)
    if (state === 'waiting') nextAt = Math.min(nextAt, endsAt, ...views.map(({ blindAt = Infinity }) => blindAt))
    return { dependency, state, reason, endsAt }
  })
  const failed = states.some(({ state, dependency }) => state === 'timed-out' && dependency.onTimeout === 'fail')
  const waits = states.some(({ state }) => state === 'waiting')
  return { states, outcome: failed ? 'fail' : waits ? 'wait' : 'pass', nextAt: failed ? Infinity : nextAt }
}

function stateOf(
  { target }: Dependency,
  namespace: string,
  views: readonly CollectionView[],
  isOver: boolean,
): Pick<DependencyState, 'state' | 'reason'> {
  const isUnknown = views.some(({ state }) => state === 'unknown')
  const verdict = judge(target, namespace, views.flatMap(({ objects }) => [...objects]))
  if (!isUnknown && verdict.isHealthy) return { state: 'healthy', reason: verdict.reason }
  const blind = views.find(({ state }) => state === 'denied' || state === 'unheard')
  if (blind !== undefined) return { state: 'not-judged', reason: blind.state === 'denied' ? 'the lock has no right to see it' : 'the API server is not heard' }
  // A short time may be over before anything could be heard: that is no word about what is waited for.
  if (isUnknown && isOver) return { state: 'not-judged', reason: 'not known in its time' }
  const reason = isUnknown ? 'not known yet' : verdict.reason
  return { state: isOver ? 'timed-out' : 'waiting', reason }
}
