import { isAbsent, isCount, isObject, type Json, type JsonObject } from '../units/json.ts'
import { atLeast, type KubeVersion } from '../units/kube-version.ts'
import type { DecisionContext } from './context.ts'
import { initContainerObstacle } from './init-container.ts'
import { binMountPath, binVolumeName, napPath, tuning } from './names.ts'
import { type ContainerFacts, defaultGraceSeconds, type PodFacts } from './pod.ts'
import type { Reason, ReasonCode } from './reasons.ts'
import type { Settings } from './settings.ts'
import type { InjectionStatus, NapStatus } from './status.ts'

/** What is to be done for the nap. */
export interface NapPlan {
  readonly reasons: readonly Reason[]
  readonly hooks: readonly HookChange[]
  readonly probes: readonly ProbeChange[]
  /** The pod's new grace period in seconds; undefined where it stays. */
  readonly grace: number | undefined
  /** Whether the init container has to bring the nap binary. */
  readonly copy: boolean
  /** What the status annotation is to say; undefined where no nap is or was there. */
  readonly status: NapStatus | undefined
  /** Whether an earlier review had added the nap. */
  readonly again: boolean
}

/** Sets the preStop hook of a container, or takes ours out again. */
export interface HookChange {
  readonly container: ContainerFacts
  /** Undefined: remove. */
  readonly hook: JsonObject | undefined
  readonly mount: boolean
}

/** Raises the grace period of a probe. */
export interface ProbeChange {
  readonly container: ContainerFacts
  readonly probe: 'livenessProbe' | 'startupProbe'
  readonly seconds: number
}

// KEP-3960: the sleep action is beta and on by default since 1.30; 1.29 drops the field and then rejects the
// pod for a hook without a handler (kubernetes/kubernetes#122488).
const nativeSince: KubeVersion = { major: 1, minor: 30 }

/** Decides about the nap of each regular container of a pod. */
export function planNap(
  facts: PodFacts,
  settings: Settings,
  context: DecisionContext,
  status: InjectionStatus | undefined,
  warnings: string[],
): NapPlan {
  const grace = facts.spec['terminationGracePeriodSeconds'] ?? null
  if (grace !== null && !isCount(grace)) return nothing('grace-period-invalid')
  const before = recognise(facts, status?.nap, grace)
  if (before !== undefined) return planAgain(facts, settings, context, before, grace ?? defaultGraceSeconds)
  return planFirst(facts, settings, context, grace, warnings)
}

function planFirst(
  facts: PodFacts,
  settings: Settings,
  context: DecisionContext,
  grace: number | null,
  warnings: string[],
): NapPlan {
  const seconds = settings.napSeconds
  if (seconds === 0) return nothing('nap-disabled')
  const restartPolicy = facts.spec['restartPolicy']
  if (!isAbsent(restartPolicy) && restartPolicy !== 'Always') return nothing('finishes-by-itself')
  if (facts.controller?.kind === 'DaemonSet' && !settings.asked.nap) return nothing('daemonset-pod')
  if (grace === 0) return nothing('grace-period-zero')
  if (!Number.isSafeInteger((grace ?? defaultGraceSeconds) + seconds)) return nothing('grace-period-invalid')

  const { chosen, reasons } = chooseContainers(facts, settings, [])
  if (chosen.length === 0) return { ...nothing('nap-no-container'), reasons }
  if (facts.controller === undefined && appliedWithGrace(facts)) return nothing('last-applied-grace-period')

  const method = settings.napMethod === 'auto' ? bestMethod(context.kubeVersion) : settings.napMethod
  if (method === undefined) return nothing('kube-version-unknown')
  const usable = usableMethod(method, context.kubeVersion, warnings)
  if (usable === undefined) return nothing('kube-version-unknown')
  if (usable === 'exec') {
    const obstacle = execObstacle(facts, chosen, context)
    if (obstacle !== undefined) return nothing(obstacle)
  }

  const names = chosen.map((container) => container.name)
  return {
    reasons: [{ code: 'nap-added', feature: 'nap', containers: names }, ...reasons],
    hooks: chosen.map((container) => ({ container, hook: hookOf(usable, seconds), mount: usable === 'exec' })),
    probes: chosen.flatMap((container) => raisedProbes(container, seconds)),
    grace: (grace ?? defaultGraceSeconds) + seconds,
    copy: usable === 'exec',
    status: { method: usable, seconds, raised: seconds, grace, containers: names },
    again: false,
  }
}

/** Another review of a pod that naps already: containers may have come, the grace period may have been lowered. */
function planAgain(
  facts: PodFacts,
  settings: Settings,
  context: DecisionContext,
  before: NapStatus,
  grace: number,
): NapPlan {
  // The API server rejects a sleep longer than the grace period, and an equal one leaves no time for SIGTERM.
  const seconds = before.seconds < grace ? before.seconds : Math.floor(grace / 2)
  const ours = facts.containers.filter((container) => isOurs(container, before))
  if (seconds === 0) {
    const reason: Reason = { code: before.seconds === 0 ? 'already-injected' : 'nap-removed', feature: 'nap' }
    return {
      reasons: [reason],
      hooks: ours.map((container) => ({ container, hook: undefined, mount: false })),
      probes: [],
      grace: undefined,
      copy: false,
      status: { ...before, seconds: 0, containers: [] },
      again: true,
    }
  }

  const reasons: Reason[] = []
  const hooks: HookChange[] = []
  if (seconds !== before.seconds) {
    reasons.push({ code: 'nap-shortened', feature: 'nap', containers: ours.map(({ name }) => name) })
    for (const container of ours) hooks.push({ container, hook: hookOf(before.method, seconds), mount: false })
  }
  const chosen = reachable(facts, settings, context, before, ours)
  if (chosen.length > 0) {
    reasons.push({ code: 'nap-added', feature: 'nap', containers: chosen.map(({ name }) => name) })
    for (const container of chosen) {
      hooks.push({ container, hook: hookOf(before.method, seconds), mount: before.method === 'exec' })
    }
  }
  if (reasons.length === 0) reasons.push({ code: 'already-injected', feature: 'nap' })
  return {
    reasons,
    hooks,
    probes: chosen
      .filter(({ name }) => !before.containers.includes(name))
      .flatMap((container) => raisedProbes(container, before.raised)),
    grace: undefined,
    copy: false,
    status: { ...before, seconds, containers: [...ours, ...chosen].map(({ name }) => name) },
    again: true,
  }
}

/** The containers that came after the first review and can nap as the others do. */
function reachable(
  facts: PodFacts,
  settings: Settings,
  context: DecisionContext,
  before: NapStatus,
  ours: readonly ContainerFacts[],
): readonly ContainerFacts[] {
  const { chosen } = chooseContainers(facts, settings, ours)
  if (before.method === 'exec') return chosen.filter((container) => !hasForeignMount(container, true))
  return context.kubeVersion !== undefined && atLeast(context.kubeVersion, nativeSince) ? chosen : []
}

/**
 * The nap of an earlier review, where it is still to be seen in the pod: in one of its hooks, or in the grace
 * period. A status that came along with a copied manifest, without what it speaks of, counts for nothing.
 */
function recognise(facts: PodFacts, before: NapStatus | undefined, grace: number | null): NapStatus | undefined {
  if (before === undefined) return undefined
  const raised = (before.grace ?? defaultGraceSeconds) + before.raised
  const seen = grace === raised || before.seconds === 0 || facts.containers.some((each) => isOurs(each, before))
  return seen ? before : undefined
}

function isOurs(container: ContainerFacts, nap: NapStatus): boolean {
  if (!nap.containers.includes(container.name)) return false
  const preStop = preStopOf(container)
  if (!isObject(preStop)) return false
  if (nap.method === 'native') return isObject(preStop['sleep']) && preStop['sleep']['seconds'] === nap.seconds
  const command = isObject(preStop['exec']) ? preStop['exec']['command'] : undefined
  return Array.isArray(command) && command[0] === napPath && command[1] === String(nap.seconds)
}

function chooseContainers(
  facts: PodFacts,
  settings: Settings,
  ours: readonly ContainerFacts[],
): { readonly chosen: readonly ContainerFacts[]; readonly reasons: readonly Reason[] } {
  const chosen: ContainerFacts[] = []
  const ownHook: string[] = []
  const notListed: string[] = []
  for (const container of facts.containers) {
    if (ours.includes(container)) continue
    if (settings.napContainers?.includes(container.name) === false) notListed.push(container.name)
    else if (!isAbsent(preStopOf(container))) ownHook.push(container.name)
    else chosen.push(container)
  }
  const reasons: Reason[] = []
  if (ownHook.length > 0) reasons.push({ code: 'prestop-exists', feature: 'nap', containers: ownHook })
  if (notListed.length > 0) reasons.push({ code: 'nap-not-listed', feature: 'nap', containers: notListed })
  return { chosen, reasons }
}

function preStopOf(container: ContainerFacts): Json | undefined {
  const lifecycle = container.raw['lifecycle']
  return isObject(lifecycle) ? lifecycle['preStop'] : undefined
}

function bestMethod(version: KubeVersion | undefined): 'native' | 'exec' | undefined {
  if (version === undefined) return undefined
  return atLeast(version, nativeSince) ? 'native' : 'exec'
}

/** Exec works on every version; native falls back to it where the API server is known not to have it. */
function usableMethod(
  method: 'native' | 'exec',
  version: KubeVersion | undefined,
  warnings: string[],
): 'native' | 'exec' | undefined {
  const best = bestMethod(version)
  if (method === 'native' && best === 'exec') {
    warnings.push(`${tuning.napMethod}: this API server has no native sleep (since 1.30); exec is used`)
  }
  return method === 'exec' ? 'exec' : best
}

function execObstacle(
  facts: PodFacts,
  chosen: readonly ContainerFacts[],
  context: DecisionContext,
): ReasonCode | undefined {
  if (facts.volumes.some((volume) => volume['name'] === binVolumeName)) return 'name-conflict'
  if (chosen.some((container) => hasForeignMount(container, false))) return 'mount-conflict'
  const obstacle = initContainerObstacle(facts, context)
  return obstacle === 'lock-unavailable' ? 'nap-binary-unavailable' : obstacle
}

/** Whether something that is not ours is mounted at /usher, or below it, where our mount is read-only. */
function hasForeignMount(container: ContainerFacts, oursIsThere: boolean): boolean {
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

function hookOf(method: 'native' | 'exec', seconds: number): JsonObject {
  return method === 'native' ? { sleep: { seconds } } : { exec: { command: [napPath, String(seconds)] } }
}

function raisedProbes(container: ContainerFacts, by: number): ProbeChange[] {
  const changes: ProbeChange[] = []
  for (const probe of ['livenessProbe', 'startupProbe'] as const) {
    const raw = container.raw[probe]
    const seconds = isObject(raw) ? raw['terminationGracePeriodSeconds'] : undefined
    if (isCount(seconds) && seconds > 0) changes.push({ container, probe, seconds: seconds + by })
  }
  return changes
}

const lastAppliedKey = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * Whether the pod was applied by hand with a grace period of its own, or of a probe. `kubectl apply` would try
 * to put it back, which the API server forbids for a pod.
 */
function appliedWithGrace(facts: PodFacts): boolean {
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

function nothing(code: ReasonCode): NapPlan {
  return {
    reasons: [{ code, feature: 'nap' }],
    hooks: [],
    probes: [],
    grace: undefined,
    copy: false,
    status: undefined,
    again: false,
  }
}
