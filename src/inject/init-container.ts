import { formatSeconds } from '../units/duration.ts'
import { isCount, isObject, type Json, type JsonObject } from '../units/json.ts'
import { apiAccessMount } from './api-access-mount.ts'
import type { DecisionContext } from './context.ts'
import { binMountPath, binVolumeName, lockContainerName, napPath } from './names.ts'
import type { PodFacts } from './pod.ts'
import type { ReasonCode } from './reasons.ts'
import type { Settings } from './settings.ts'
import type { InjectionStatus } from './status.ts'
import { tokenFile, tokenMount } from './token-volume.ts'

/** What the init container has to do. */
export interface InitContainerPurpose {
  /** Undefined: no lock. */
  readonly lock: { readonly maxWaitSeconds: number; readonly token: boolean; readonly mayFail: boolean } | undefined
  /** Whether it brings the nap binary. */
  readonly copy: boolean
}

/** Whether the pod has the init container that an earlier review added. */
export function hasOurInitContainer(facts: PodFacts, status: InjectionStatus | undefined): boolean {
  return status?.init !== undefined && facts.initContainers.some(({ name }) => name === lockContainerName)
}

/** Why our init container cannot be added to a pod; undefined where it can. */
export function initContainerObstacle(facts: PodFacts, context: DecisionContext): ReasonCode | undefined {
  if (facts.initContainers.some(({ name }) => name === lockContainerName)) return 'name-conflict'
  if (facts.containers.some(({ name }) => name === lockContainerName)) return 'name-conflict'
  const runtimeClass = facts.spec['runtimeClassName']
  if (typeof runtimeClass === 'string' && !context.config.lock.runtimeClasses.includes(runtimeClass)) {
    return 'runtime-class'
  }
  return context.lockAvailable ? undefined : 'lock-unavailable'
}

/** Makes the init container, as Pod Security *restricted* wants it. */
export function buildInitContainer(
  facts: PodFacts,
  settings: Settings,
  context: DecisionContext,
  purpose: InitContainerPurpose,
): JsonObject {
  const { lock } = context.config
  const resources = copyResources(facts)
  const mounts = mountsOf(facts, purpose)
  return {
    name: lockContainerName,
    image: lock.image,
    imagePullPolicy: lock.imagePullPolicy,
    args: argsOf(settings, lock.port, purpose),
    ...(purpose.lock === undefined ? {} : { env: identity() }),
    ...(resources === undefined ? {} : { resources }),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: userOf(facts, context),
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
  }
}

function mountsOf(facts: PodFacts, purpose: InitContainerPurpose): Json[] {
  const apiAccess = apiAccessMount(facts)
  return [
    ...(purpose.copy ? [{ name: binVolumeName, mountPath: binMountPath }] : []),
    ...(purpose.lock?.token === true ? [tokenMount()] : []),
    ...(apiAccess === undefined ? [] : [apiAccess]),
  ]
}

function argsOf(settings: Settings, port: number, purpose: InitContainerPurpose): string[] {
  const args = purpose.copy ? [`--install-nap=${napPath}`] : []
  if (purpose.lock === undefined) return [...args, '--no-lock']
  args.push(
    '--host=$(HOST_IP)',
    `--port=${port}`,
    `--duration=${formatSeconds(settings.leaseSeconds)}`,
    `--max-wait=${formatSeconds(purpose.lock.maxWaitSeconds)}`,
    '--pod=$(POD_NAMESPACE)/$(POD_NAME)',
    '--uid=$(POD_UID)',
  )
  if (settings.weight !== 1) args.push(`--weight=${settings.weight}`)
  // Without it nothing that answers can make a pod fail.
  if (purpose.lock.mayFail) args.push('--may-fail')
  if (purpose.lock.token) args.push(`--token-file=${tokenFile}`)
  return args
}

function identity(): Json[] {
  return [
    fromPod('HOST_IP', 'status.hostIP'),
    fromPod('POD_NAME', 'metadata.name'),
    fromPod('POD_NAMESPACE', 'metadata.namespace'),
    fromPod('POD_UID', 'metadata.uid'),
  ]
}

function fromPod(name: string, fieldPath: string): Json {
  return { name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } }
}

/**
 * The resources that the init container of an earlier review should have by now; undefined where it has them. A
 * later webhook may have lowered the first container's, and ours must not raise the pod's effective requests.
 */
export function changedResources(facts: PodFacts): { readonly index: number; readonly resources: JsonObject } | undefined {
  const container = facts.initContainers.find(({ name }) => name === lockContainerName)
  if (container === undefined) return undefined
  const wanted = copyResources(facts) ?? {}
  const has = container.raw['resources']
  if (isSame(isObject(has) ? has : {}, wanted)) return undefined
  return { index: container.index, resources: wanted }
}

/** Compares limits and requests, whatever the order of their keys. */
function isSame(left: JsonObject, right: JsonObject): boolean {
  return (['limits', 'requests'] as const).every((kind) => {
    const [one, other] = [left[kind], right[kind]].map((amounts) => (isObject(amounts) ? amounts : {}))
    if (one === undefined || other === undefined) return false
    const names = new Set([...Object.keys(one), ...Object.keys(other)])
    return [...names].every((name) => one[name] === other[name])
  })
}

// What quotas, LimitRanges and the QoS class are about. Hugepages are not: the init container uses none.
const copied = ['cpu', 'memory', 'ephemeral-storage'] as const

/**
 * The resources of the first regular container: what the application meets, this meets; and an init container
 * never raises the pod's effective requests above its regular containers' sum.
 */
function copyResources(facts: PodFacts): JsonObject | undefined {
  const resources = facts.containers[0].raw['resources']
  if (!isObject(resources)) return undefined
  const copy: Record<string, Json> = {}
  for (const kind of ['limits', 'requests'] as const) {
    const amounts = resources[kind]
    if (!isObject(amounts)) continue
    const kept: Record<string, Json> = {}
    for (const name of copied) {
      const amount = amounts[name]
      if (typeof amount === 'string' || typeof amount === 'number') kept[name] = amount
    }
    if (Object.keys(kept).length > 0) copy[kind] = kept
  }
  return Object.keys(copy).length > 0 ? copy : undefined
}

// "nonroot" of the distroless images; any uid but 0 would do.
const nobodySpecial = 65_532
/** Annotation of a namespace: from where to where the uids of its pods go. */
export const openShiftRangeKey = 'openshift.io/sa.scc.uid-range'

function userOf(facts: PodFacts, context: DecisionContext): number {
  const ofContainer = runAsUser(facts.containers[0].raw['securityContext'])
  const ofFirst = ofContainer ?? runAsUser(facts.spec['securityContext'])
  if (ofFirst !== undefined && ofFirst > 0) return ofFirst
  const range = context.namespace.annotations?.[openShiftRangeKey]
  const start = typeof range === 'string' ? /^(\d{1,10})[/-]/.exec(range)?.[1] : undefined
  return start !== undefined && Number(start) > 0 ? Number(start) : nobodySpecial
}

function runAsUser(securityContext: unknown): number | undefined {
  const user = isObject(securityContext) ? securityContext['runAsUser'] : undefined
  return isCount(user) ? user : undefined
}
