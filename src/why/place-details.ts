import { dependsOnKey } from '../depends-on/dependency.ts'
import type { Instance } from '../job/instances/instance.ts'
import type { Dependency, LockPlace } from '../job/instances/lock-place.ts'
import { formatAge } from '../units/age.ts'

const shownHolders = 3

/** Where a pod stands with the lock of its node, line by line. */
export function placeDetails(place: LockPlace | undefined): readonly string[] {
  if (place === undefined || place.kind === 'holds') return []
  if (place.kind === 'gated') return [...place.waitsFor.map(dependencyWords), ...(place.cycle === undefined ? [] : [`these wait for each other: ${place.cycle.join(', ')}`])]
  const holders = place.holders.slice(0, shownHolders).map(({ pod, heldSeconds, lacks }) => `${pod ?? 'somebody without a name'} has started for ${formatAge(heldSeconds)}${lacks === undefined ? '' : `, and lacks ${lacks}`}`)
  const more = place.holders.length - holders.length
  return [
    ...place.gates.map(({ name, reason, closedSeconds }) => `gate ${name} has been closed for ${formatAge(closedSeconds)}: ${reason}`),
    ...holders,
    ...(more > 0 ? [`and ${more} more`] : []),
    ...(place.leftSeconds === undefined ? [] : [`it starts in ${formatAge(place.leftSeconds)} at the latest, whether it is its turn by then or not`]),
  ]
}

function dependencyWords({ target, state = 'its state is not known', leftSeconds, onTimeout }: Dependency): string {
  const end = leftSeconds === undefined ? '' : `; in ${formatAge(leftSeconds)} ${onTimeout === 'fail' ? 'usher-lock fails, and waits anew' : 'it goes on without it'}`
  return `${target}: ${state}${end}`
}

/**
 * What somebody can do for a pod that waits.
 *
 * @param targets what the pod says that it depends on.
 */
export function placeNext({ node, namespace, reason, state }: Instance, place: LockPlace | undefined, targets: readonly string[]): readonly string[] {
  if (state === 'Gated') {
    const waited = place?.kind === 'gated' ? place.waitsFor.map(({ target }) => target) : targets
    const isCircle = place?.kind === 'gated' && place.cycle !== undefined
    return [...(isCircle ? [`take one of them out of ${dependsOnKey}`] : []), ...waited.slice(0, shownTargets).map((target) => whyCommand(target, namespace))]
  }
  if (reason === 'NoLock') return [`see whether the lock of ${node ?? 'its node'} runs: usher check`]
  return [`usher status ${node ?? ''} shows all who start and wait there`]
}

const shownTargets = 3

function whyCommand(target: string, namespace: string): string {
  const parts = target.split('/')
  const [kind = '', name = ''] = [parts[0], parts.at(-1)]
  const where = parts.length === 3 ? (parts[1] ?? namespace) : namespace
  return kind === 'service' ? `kubectl get endpointslices -n ${where} -l kubernetes.io/service-name=${name}` : `usher why ${kind}/${name} -n ${where}`
}
