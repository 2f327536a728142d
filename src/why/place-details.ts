import type { Instance } from '../job/instances/instance.ts'
import type { LockPlace } from '../job/instances/lock-place.ts'
import { formatAge } from '../units/age.ts'

const shownHolders = 3

/** Where a pod stands with the lock of its node, line by line. */
export function placeDetails(place: LockPlace | undefined): readonly string[] {
  if (place === undefined || place.kind === 'holds') return []
  const left = place.leftSeconds === undefined ? [] : [`it starts in ${formatAge(place.leftSeconds)} at the latest, whether it is its turn by then or not`]
  if (place.kind === 'gated') return [...place.waitsFor.map(({ target, state }) => `${target}: ${state ?? 'its state is not known'}`), ...left]
  const holders = place.holders.slice(0, shownHolders).map(({ pod, heldSeconds, lacks }) => `${pod ?? 'somebody without a name'} has started for ${formatAge(heldSeconds)}${lacks === undefined ? '' : `, and lacks ${lacks}`}`)
  const more = place.holders.length - holders.length
  return [
    ...place.gates.map(({ name, reason, closedSeconds }) => `gate ${name} has been closed for ${formatAge(closedSeconds)}: ${reason}`),
    ...holders,
    ...(more > 0 ? [`and ${more} more`] : []),
    ...left,
  ]
}

/** What somebody can do for a pod that waits. */
export function placeNext({ node, reason }: Instance, place: LockPlace | undefined, namespace: string): readonly string[] {
  if (place?.kind === 'gated') return place.waitsFor.map(({ target }) => whyCommand(target, namespace))
  if (reason === 'Gated') return []
  if (reason === 'NoLock') return [`see whether the lock of ${node ?? 'its node'} runs: usher check`]
  return [`usher status ${node ?? ''} shows all who start and wait there`]
}

function whyCommand(target: string, namespace: string): string {
  const parts = target.split('/')
  const [kind = '', name = ''] = [parts[0], parts.at(-1)]
  const where = parts.length === 3 ? (parts[1] ?? namespace) : namespace
  return kind === 'service' ? `kubectl get endpointslices -n ${where} -l kubernetes.io/service-name=${name}` : `usher why ${kind}/${name} -n ${where}`
}
