import type { JsonObject } from '../../units/json.ts'
import { parseSeconds } from '../../units/duration.ts'
import type { Job, JobContainer } from '../job.ts'
import type { RenderOptions } from '../rendered.ts'
import { metadataOf, selectorOf } from './labels.ts'
import type { Launch } from './launch.ts'
import { podTemplateOf, type WorkloadKind } from './pod.ts'
import { startSeconds } from './probes.ts'

/**
 * Which workload a job becomes: one that always has its instances, as long as one of its regular containers is always
 * started again; else, as its pods finish, a batch Job.
 */
export function kindOf({ instances }: Job, { last }: Launch): WorkloadKind {
  if (instances === 'each-node') return 'DaemonSet'
  return last.some(({ restart }) => restart.policy === 'always') ? 'Deployment' : 'Job'
}

/** The workload of a job, under the job's name. */
export function workloadOf(job: Job, launch: Launch, kind: WorkloadKind, options: RenderOptions): JsonObject {
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: metadataOf(job, options, job.name),
    spec: { ...specOf(job, launch, kind), template: podTemplateOf(job, launch, kind, options) },
  }
}

/** Lets one instance at a time be taken away, by a drain of its node for example; none where that would mean all of them. */
export function disruptionBudgetOf(job: Job, kind: WorkloadKind, options: RenderOptions): readonly JsonObject[] {
  // Of a batch Job or a DaemonSet it could not say how many there should be, and would forbid every eviction.
  if (kind !== 'Deployment' || job.instances === 'each-node' || job.instances < 2) return []
  const spec = { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: { matchLabels: selectorOf(job) } }
  return [{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: metadataOf(job, options, job.name), spec }]
}

/** Whether instances take ports of their nodes, where an old and a new one cannot be at once. */
export function takesHostPorts({ containers }: Job): boolean {
  return containers.some(({ ports }) => ports.some(({ isHostPort }) => isHostPort))
}

function specOf(job: Job, launch: Launch, kind: WorkloadKind): JsonObject {
  if (kind === 'Job') return batchSpecOf(job, launch)
  const selector = { matchLabels: selectorOf(job) }
  if (kind === 'DaemonSet') {
    const rollingUpdate = job.update.order === 'stop-first' || takesHostPorts(job) ? stopFirst : startFirst
    return { selector, updateStrategy: { type: 'RollingUpdate', rollingUpdate } }
  }
  return { replicas: job.instances, progressDeadlineSeconds: progressDeadlineOf(job, launch), selector, strategy: strategyOf(job) }
}

const startFirst = { maxUnavailable: 0, maxSurge: 1 }
const stopFirst = { maxUnavailable: 1, maxSurge: 0 }

function strategyOf(job: Job): JsonObject {
  if (job.update.order === 'stop-first') return { type: 'Recreate' }
  return { type: 'RollingUpdate', rollingUpdate: takesHostPorts(job) ? stopFirst : startFirst }
}

// As the webhook's configuration has it, where no annotation says otherwise; a wait for others, as their gate has it.
const lockWaitSeconds = 240
const gateWaitSeconds = 600

/** What images may take to be pulled, and tasks to be done, before any check counts. */
const pullSeconds = 180

// Kubernetes' own.
const leastDeadlineSeconds = 600

/**
 * The time in which some instance must have come up, or the rollout counts as failed. It is counted anew whenever one has,
 * and an instance waits for the lock no longer than its bound, however many are before it: so the slowest start of a single
 * one is enough.
 */
export function progressDeadlineOf(job: Job, { first, last }: Launch): number {
  const { isEnabled, timeoutSeconds = lockWaitSeconds } = job.startupLock
  const gates = job.dependsOn.map((text) => parseSeconds(/:\s*timeout\s*=\s*([^:\s]+)/.exec(text)?.[1] ?? '') ?? gateWaitSeconds)
  const sidecars = first.filter(({ isGate }) => isGate).reduce((sum, { container }) => sum + healthySeconds(container), 0)
  const regular = Math.max(...last.map(healthySeconds))
  return Math.ceil(Math.max(leastDeadlineSeconds, Math.max(0, ...gates) + (isEnabled ? timeoutSeconds : 0) + pullSeconds + sidecars + regular))
}

/** The longest that a container takes to be ready, by its checks. */
function healthySeconds({ healthcheck }: JobContainer): number {
  return healthcheck === undefined ? 0 : startSeconds(healthcheck) + healthcheck.healthyThreshold * healthcheck.intervalSeconds
}

// Kubernetes has no other word for "as often as it takes".
const unlimited = 2_147_483_647

/** Each instance is an index, and has tries of its own; a new try is a new pod. */
function batchSpecOf({ instances }: Job, { last }: Launch): JsonObject {
  const retried = last.filter(({ restart }) => restart.policy === 'on-failure')
  const final = retried.length === 0 ? [] : last.filter(({ restart }) => restart.policy === 'never')
  const backoffLimitPerIndex = Math.max(0, ...retried.map(({ restart }) => restart.tries ?? unlimited))
  return {
    completionMode: 'Indexed',
    completions: instances,
    parallelism: instances,
    backoffLimitPerIndex,
    podFailurePolicy: {
      rules: [
        // An instance that its node has lost is no failed try.
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        ...final.map(({ name }) => ({ action: 'FailIndex', onExitCodes: { containerName: name, operator: 'NotIn', values: [0] } })),
      ],
    },
  }
}
