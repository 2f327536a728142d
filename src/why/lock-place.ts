import type { LockPlace } from '../job/instances/lock-place.ts'
import type { StateView } from '../lock/state-view.ts'

/**
 * Where a pod stands by the state of its node's lock; undefined: the lock does not know it.
 *
 * @param pod as NAMESPACE/NAME.
 */
export function lockPlaceOf(state: StateView, pod: string): LockPlace | undefined {
  const waiter = state.waiters.find((each) => each.pod === pod)
  if (waiter !== undefined) {
    const { position, waitedSeconds, leftSeconds } = waiter
    return {
      kind: 'queued',
      position,
      waitedSeconds,
      ...(leftSeconds === undefined ? {} : { leftSeconds }),
      holders: state.holders.map((holder) => ({ pod: holder.pod, heldSeconds: holder.heldSeconds, ...(holder.containers?.lacks === undefined ? {} : { lacks: holder.containers.lacks }) })),
      gates: state.gates.filter(({ open, overdue }) => !open && !overdue).map(({ name, reason, seconds }) => ({ name, reason, closedSeconds: seconds })),
    }
  }
  const gated = state.gated?.find((each) => each.pod === pod)
  if (gated !== undefined) {
    // Those that it goes on without are not waited for.
    const waited = gated.dependencies.filter((each) => each.state === 'waiting')
    return {
      kind: 'gated',
      waitedSeconds: gated.waitedSeconds,
      waitsFor: waited.map(({ target, reason, leftSeconds, onTimeout }) => ({ target, state: reason, leftSeconds, onTimeout })),
      ...(gated.cycle === undefined ? {} : { cycle: gated.cycle }),
    }
  }
  const holder = state.holders.find((each) => each.pod === pod)
  if (holder === undefined) return undefined
  // Of a lock that watches pods, and knows this one, there is a status: unless it is of an earlier start.
  const isStatusOld = holder.containers === undefined && (holder.until === 'ready' || holder.until === 'started')
  return { kind: 'holds', heldSeconds: holder.heldSeconds, isStatusOld }
}
