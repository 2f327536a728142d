import { isAbsent, isCount, isObject, type Json, type JsonObject } from '../units/json.ts'
import { binMountPath, binVolumeName, napPath } from './names.ts'
import type { ContainerFacts, PodFacts } from './pod.ts'
import type { NapStatus } from './status.ts'

/** Raises the grace period of a probe. */
export interface ProbeChange {
  readonly container: ContainerFacts
  readonly probe: 'livenessProbe' | 'startupProbe'
  /** The grace period as it stands, in seconds. */
  readonly before: number
  readonly seconds: number
}

/** Our preStop hook. */
export function hookOf(method: 'native' | 'exec', seconds: number): JsonObject {
  return method === 'native' ? { sleep: { seconds } } : { exec: { command: [napPath, String(seconds)] } }
}

/** The preStop hook that a container has. */
export function preStopOf(container: ContainerFacts): Json | undefined {
  const lifecycle = container.raw['lifecycle']
  return isObject(lifecycle) ? lifecycle['preStop'] : undefined
}

/** Whether a container still has the hook that an earlier review gave it. */
export function isOurs(container: ContainerFacts, nap: NapStatus): boolean {
  if (!nap.containers.includes(container.name)) return false
  const preStop = preStopOf(container)
  if (!isObject(preStop)) return false
  if (nap.method === 'native') return isObject(preStop['sleep']) && preStop['sleep']['seconds'] === nap.seconds
  const command = isObject(preStop['exec']) ? preStop['exec']['command'] : undefined
  return Array.isArray(command) && command[0] === napPath && command[1] === String(nap.seconds)
}

/**
 * Whether a webhook with older types has dropped the sleep out of our hook and left nothing in it; the API
 * server would reject the pod for that (openkruise/rollouts#335).
 */
export function isEmptied(container: ContainerFacts, before: NapStatus): boolean {
  if (!before.containers.includes(container.name)) return false
  const preStop = preStopOf(container)
  return isObject(preStop) && Object.keys(preStop).length === 0
}

/** Whether our hook of a container was emptied, and was therefore taken out by an earlier review. */
export function isLost(container: ContainerFacts, before: NapStatus): boolean {
  return before.lost?.includes(container.name) === true && isAbsent(preStopOf(container))
}

/** Whether something that is not ours is mounted at /usher, or below it, where our mount is read-only. */
export function hasForeignMount(container: ContainerFacts, oursIsThere: boolean): boolean {
  const { volumeMounts, volumeDevices } = container.raw
  if (Array.isArray(volumeDevices) && volumeDevices.some((device) => isBelow(device, 'devicePath'))) return true
  if (!Array.isArray(volumeMounts)) return false
  return volumeMounts.some(
    (mount) => isBelow(mount, 'mountPath') && !(oursIsThere && mount['name'] === binVolumeName),
  )
}

function isBelow(mount: unknown, field: 'mountPath' | 'devicePath'): mount is JsonObject {
  if (!isObject(mount)) return false
  const path = mount[field]
  if (typeof path !== 'string') return false
  const clean = `/${path.split('/').filter((part) => part !== '' && part !== '.').join('/')}`
  return clean === binMountPath || clean.startsWith(`${binMountPath}/`)
}

/** The grace periods of a container's probes, raised by so many seconds. */
export function raisedProbes(container: ContainerFacts, by: number): ProbeChange[] {
  const changes: ProbeChange[] = []
  for (const probe of ['livenessProbe', 'startupProbe'] as const) {
    const raw = container.raw[probe]
    const seconds = isObject(raw) ? raw['terminationGracePeriodSeconds'] : undefined
    if (isCount(seconds) && seconds > 0) changes.push({ container, probe, before: seconds, seconds: seconds + by })
  }
  return changes
}

const lastAppliedKey = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * Whether the pod was applied by hand with a grace period of its own, or of a probe. `kubectl apply` would try
 * to put it back, which the API server forbids for a pod.
 */
export function appliedWithGrace(facts: PodFacts): boolean {
  const text = facts.annotations[lastAppliedKey]
  if (text === undefined || !text.includes('terminationGracePeriodSeconds')) return false
  let applied: unknown
  try {
    applied = JSON.parse(text)
  } catch {
    return false
  }
  const spec = isObject(applied) ? applied['spec'] : undefined
  if (!isObject(spec)) return false
  if (!isAbsent(spec['terminationGracePeriodSeconds'])) return true
  const containers = Array.isArray(spec['containers']) ? spec['containers'] : []
  return containers.some(
    (raw) => isObject(raw) && raisedProbes({ name: '', index: 0, raw }, 0).length > 0,
  )
}
