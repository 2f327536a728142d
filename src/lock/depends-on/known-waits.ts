import type { Waiting } from '../../depends-on/cycle.ts'
import { type Target, targetKey } from '../../depends-on/dependency.ts'
import type { Observed } from '../../depends-on/observe.ts'
import { parseDependsOn } from '../../depends-on/parse.ts'

/** Somebody who waits, and what is known of what it waits for. */
export interface KnownWaiter {
  readonly uid: string
  readonly namespace: string
  /** Keys of what it is of itself. */
  readonly self: readonly string[]
  readonly targets: readonly { readonly target: Target; readonly objects: readonly Observed[] }[]
}

/** Somebody who waits, or whose pods will, and where it is. */
export interface PlacedWaiting extends Waiting {
  readonly namespace: string
}

/** Who waits for what, as far as it is known. */
export interface KnownWaits {
  /** By uid, those who wait here. */
  readonly own: ReadonlyMap<string, PlacedWaiting>
  readonly all: readonly PlacedWaiting[]
}

/**
 * Gathers who waits for what, as far as the lock of one node knows: its own waiters; the workloads that they wait for, by
 * the annotations of their templates; and Services whose endpoints are pods of these waiters.
 */
export function knownWaits(waiters: readonly KnownWaiter[]): KnownWaits {
  const own = new Map(
    waiters.map(({ uid, namespace, self, targets }) => [
      uid,
      { namespace, self: [...self, ...servicesOf(uid, waiters)], waitsFor: targets.map(({ target }) => targetKey(target, namespace)) },
    ]),
  )
  const watched = waiters.flatMap(({ namespace, targets }) =>
    targets.flatMap(({ target, objects }) => objects.flatMap((object) => ofTemplate(target, namespace, object))),
  )
  return { own, all: [...own.values(), ...watched] }
}

/**
 * A way through several namespaces, for who sees one of them: of what is elsewhere it has the names that somebody of this
 * namespace has written down, and no others.
 */
export function cycleSeenFrom(namespace: string, cycle: readonly string[], all: readonly PlacedWaiting[]): readonly string[] {
  const near = all.filter((each) => each.namespace === namespace)
  const seen = new Set(near.flatMap(({ self, waitsFor }) => [...self, ...waitsFor]))
  const shown = cycle.map((key) => (seen.has(key) ? key : elsewhere))
  return shown.filter((key, index) => key !== elsewhere || shown[index - 1] !== elsewhere)
}

const elsewhere = 'something of another namespace'

/** The Services that somebody waits for and that lead to this pod. */
function servicesOf(uid: string, waiters: readonly KnownWaiter[]): readonly string[] {
  return waiters.flatMap(({ namespace, targets }) =>
    targets
      .filter(({ objects }) => objects.some((object) => object.kind === 'endpoints' && object.unready.includes(uid)))
      .map(({ target }) => targetKey(target, namespace)),
  )
}

function ofTemplate(target: Target, podNamespace: string, object: Observed): readonly PlacedWaiting[] {
  if (object.kind === 'endpoints' || object.dependsOn === undefined) return []
  const { kind, namespace, name } = object
  const waitsFor = parseDependsOn(object.dependsOn).dependencies.map((each) => targetKey(each.target, namespace))
  return [{ namespace, self: [targetKey(target, podNamespace), targetKey({ kind, namespace, name }, namespace)], waitsFor }]
}
