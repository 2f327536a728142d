import { isAbsent, isCount, type JsonObject } from '../units/json.ts'
import { atLeast, type KubeVersion } from '../units/kube-version.ts'
import type { DecisionContext } from './context.ts'
import { hasOurInitContainer, initContainerObstacle } from './init-container.ts'
import {
  appliedWithGrace,
  hasForeignMount,
  hookOf,
  isEmptied,
  isLost,
  isOurs,
  preStopOf,
  type ProbeChange,
  raisedProbes,
} from './nap-container.ts'
import { binVolumeName, tuning } from './names.ts'
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
  const before = recognise(facts, status, grace)
  if (before !== undefined) return planAgain(facts, settings, context, before, grace ?? defaultGraceSeconds, warnings)
  return planFirst(facts, settings, context, grace, status, warnings)
}

function planFirst(
  facts: PodFacts,
  settings: Settings,
  context: DecisionContext,
  grace: number | null,
  status: InjectionStatus | undefined,
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
  if (chosen.length === 0) return { ...nothing('nap-no-container'), reasons: [...reasons, noContainer] }
  if (facts.controller === undefined && appliedWithGrace(facts)) return nothing('last-applied-grace-period')

  const method = settings.napMethod === 'auto' ? bestMethod(context.kubeVersion) : settings.napMethod
  if (method === undefined) return nothing('kube-version-unknown')
  const usable = usableMethod(method, context.kubeVersion, warnings)
  if (usable === undefined) return nothing('kube-version-unknown')
  if (usable === 'exec') {
    const obstacle = execObstacle(facts, chosen, context, hasOurInitContainer(facts, status))
    if (obstacle !== undefined) return { ...nothing(obstacle.code), reasons: [obstacle, ...reasons] }
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
  warnings: string[],
): NapPlan {
  // The API server rejects a sleep longer than the grace period, and an equal one leaves no time for SIGTERM.
  const seconds = before.seconds < grace ? before.seconds : napWithin(grace)
  const ours = facts.containers.filter((container) => isOurs(container, before))
  const emptied = facts.containers.filter((container) => isEmptied(container, before))
  if (seconds === 0) {
    const reason: Reason = { code: before.seconds === 0 ? 'already-injected' : 'nap-removed', feature: 'nap' }
    return {
      reasons: [reason],
      hooks: [...ours, ...emptied].map((container) => ({ container, hook: undefined, mount: false })),
      probes: [],
      grace: undefined,
      copy: false,
      status: { ...before, seconds: 0, containers: [] },
      again: true,
    }
  }

  const lost = [...(before.lost ?? []), ...emptied.map(({ name }) => name)]
  const settled = facts.containers.filter((container) => ours.includes(container) || lost.includes(container.name))
  const added = choose(facts, settings, context, before, settled)
  const reasons: Reason[] = [...added.reasons]
  const hooks: HookChange[] = emptied.map((container) => ({ container, hook: undefined, mount: false }))
  // A webhook that is called after us each time would empty ours again, and we are asked no third time.
  const chosen = lost.length > 0 && before.method === 'native' ? [] : added.chosen
  const without = [...emptied, ...added.chosen.filter((container) => !chosen.includes(container))].map(({ name }) => name)
  if (without.length > 0) reasons.push({ code: 'nap-emptied', feature: 'nap', containers: without })
  if (emptied.length > 0) warnings.push(emptiedWarning(without))
  if (seconds !== before.seconds) {
    reasons.push({ code: 'nap-shortened', feature: 'nap', containers: ours.map(({ name }) => name) })
    for (const container of ours) hooks.push({ container, hook: hookOf(before.method, seconds), mount: false })
  }
  if (chosen.length > 0) {
    reasons.push({ code: 'nap-added', feature: 'nap', containers: chosen.map(({ name }) => name) })
    for (const container of chosen) {
      hooks.push({ container, hook: hookOf(before.method, seconds), mount: before.method === 'exec' })
    }
  }
  if (hooks.length === 0) reasons.unshift({ code: 'already-injected', feature: 'nap' })
  return {
    reasons,
    hooks,
    probes: chosen
      .filter(({ name }) => !before.containers.includes(name))
      .flatMap((container) => raisedProbes(container, before.raised)),
    grace: undefined,
    copy: false,
    status: {
      ...before,
      seconds,
      containers: [...ours, ...chosen].map(({ name }) => name),
      ...(lost.length > 0 ? { lost } : {}),
    },
    again: true,
  }
}

function emptiedWarning(names: readonly string[]): string {
  const those = `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`
  return (
    `${those}: another webhook, with older types, dropped usher's preStop sleep, so that there is no nap; ` +
    `${tuning.napMethod}: exec is a nap that it knows`
  )
}

/** The containers that came after the first review and can nap as the others do. */
function choose(
  facts: PodFacts,
  settings: Settings,
  context: DecisionContext,
  before: NapStatus,
  settled: readonly ContainerFacts[],
): Choice {
  const { chosen, reasons } = chooseContainers(facts, settings, settled)
  if (before.method === 'exec') {
    const blocked = chosen.filter((container) => hasForeignMount(container, true))
    if (blocked.length === 0) return { chosen, reasons }
    const conflict: Reason = { code: 'mount-conflict', feature: 'nap', containers: blocked.map(({ name }) => name) }
    return { chosen: chosen.filter((container) => !blocked.includes(container)), reasons: [...reasons, conflict] }
  }
  if (chosen.length === 0 || bestMethod(context.kubeVersion) === 'native') return { chosen, reasons }
  const containers = chosen.map(({ name }) => name)
  return { chosen: [], reasons: [...reasons, { code: 'kube-version-unknown', feature: 'nap', containers }] }
}

/**
 * The nap of an earlier review, where it is still to be seen in the pod: in one of its hooks, or in the grace
 * period. A status that came along with a copied manifest, without what it speaks of, counts for nothing.
 */
function recognise(
  facts: PodFacts,
  status: InjectionStatus | undefined,
  grace: number | null,
): NapStatus | undefined {
  const before = status?.nap
  if (before === undefined) return undefined
  if (before.method === 'exec' && !(hasOurInitContainer(facts, status) && hasBinVolume(facts))) return undefined
  // Removed, and what it was removed for is still so.
  if (before.seconds === 0) return napWithin(grace ?? defaultGraceSeconds) === 0 ? before : undefined
  const raised = (before.grace ?? defaultGraceSeconds) + before.raised
  const seen =
    grace === raised || facts.containers.some((each) => isOurs(each, before) || isEmptied(each, before) || isLost(each, before))
  return seen ? before : undefined
}

/** The longest nap that leaves as much of a grace period to the application as it takes, in whole seconds. */
function napWithin(grace: number): number {
  return Math.floor(grace / 2)
}

function hasBinVolume(facts: PodFacts): boolean {
  return facts.volumes.some((volume) => volume['name'] === binVolumeName)
}

interface Choice {
  readonly chosen: readonly ContainerFacts[]
  readonly reasons: readonly Reason[]
}

function chooseContainers(
  facts: PodFacts,
  settings: Settings,
  settled: readonly ContainerFacts[],
): Choice {
  const chosen: ContainerFacts[] = []
  const ownHook: string[] = []
  const notListed: string[] = []
  for (const container of facts.containers) {
    if (settled.includes(container)) continue
    if (settings.napContainers?.includes(container.name) === false) notListed.push(container.name)
    else if (!isAbsent(preStopOf(container))) ownHook.push(container.name)
    else chosen.push(container)
  }
  const reasons: Reason[] = []
  if (ownHook.length > 0) reasons.push({ code: 'prestop-exists', feature: 'nap', containers: ownHook })
  if (notListed.length > 0) reasons.push({ code: 'nap-not-listed', feature: 'nap', containers: notListed })
  return { chosen, reasons }
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
  initIsOurs: boolean,
): Reason | undefined {
  // The init container of an earlier review was not made to bring the binary, and is not changed any more.
  if (initIsOurs) return { code: 'nap-binary-unavailable', feature: 'nap' }
  if (hasBinVolume(facts)) return { code: 'name-conflict', feature: 'nap' }
  const blocked = chosen.filter((container) => hasForeignMount(container, false)).map(({ name }) => name)
  if (blocked.length > 0) return { code: 'mount-conflict', feature: 'nap', containers: blocked }
  const obstacle = initContainerObstacle(facts, context)
  if (obstacle === undefined) return undefined
  return { code: obstacle === 'lock-unavailable' ? 'nap-binary-unavailable' : obstacle, feature: 'nap' }
}

const noContainer: Reason = { code: 'nap-no-container', feature: 'nap' }

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
