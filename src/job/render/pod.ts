import { evictKey, injectKey, prefix, tuning } from '../../inject/names.ts'
import { formatSeconds } from '../../units/duration.ts'
import type { JsonObject } from '../../units/json.ts'
import type { Job, JobContainer } from '../job.ts'
import type { RenderOptions } from '../rendered.ts'
import { containerOf, type ContainerRole } from './container.ts'
import { envoyContainer, envoyPortOf, envoyVolume } from './envoy.ts'
import { labelsOf, selectorOf } from './labels.ts'
import type { FirstContainer, Launch } from './launch.ts'
import { probeContainer } from './probe-container.ts'
import { needsProbeProgram } from './probes.ts'
import { bindsToOneNode, localBytesOf, lostWithPod, podVolumesOf } from './volumes.ts'

/** Which workload a job becomes. */
export type WorkloadKind = 'Deployment' | 'DaemonSet' | 'Job'

/** What a pod waits for before it queues for the lock. */
const dependsOnKey = `${prefix}depends-on`

// What a proxy without connections to drain takes to end, with room.
const envoyStopSeconds = 5

/** The template of a job's pods. */
export function podTemplateOf(job: Job, launch: Launch, kind: WorkloadKind, options: RenderOptions): JsonObject {
  const annotations = annotationsOf(job, kind)
  return {
    metadata: {
      // In any namespace: who writes a job file wants its lock and its nap.
      labels: { ...labelsOf(job), [injectKey]: 'enabled' },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: podSpecOf(job, launch, kind, options),
  }
}

function podSpecOf(job: Job, launch: Launch, kind: WorkloadKind, options: RenderOptions): JsonObject {
  const initContainers = initContainersOf(job, launch, options)
  const volumes = [...podVolumesOf(job), ...(envoyPortOf(job) === undefined ? [] : [envoyVolume(job, options)])]
  const fsGroup = fileGroupOf(job)
  return {
    restartPolicy: kind === 'Job' ? 'Never' : 'Always',
    ...(job.containers.length < 2 ? {} : { hostAliases: [{ ip: '127.0.0.1', hostnames: job.containers.map(({ name }) => name) }] }),
    ...(initContainers.length === 0 ? {} : { initContainers }),
    containers: launch.last.map((container) => containerOf(job, container, lastRole(job, launch, kind, container))),
    ...(volumes.length === 0 ? {} : { volumes }),
    terminationGracePeriodSeconds: graceSecondsOf(job, launch),
    // The Vault Agent logs in with it.
    automountServiceAccountToken: job.vaultRole !== undefined,
    enableServiceLinks: false,
    ...(fsGroup === undefined ? {} : { securityContext: { fsGroup, fsGroupChangePolicy: 'OnRootMismatch' } }),
    ...placementOf(job, kind, options),
  }
}

/** The program of checks comes first, for sidecars have checks, too; the proxy next, as it is to end last. */
function initContainersOf(job: Job, launch: Launch, options: RenderOptions): readonly JsonObject[] {
  const [like] = launch.last
  return [
    ...(like !== undefined && needsProbeProgram(job) ? [probeContainer(like, options)] : []),
    ...(envoyPortOf(job) === undefined ? [] : [envoyContainer(job, options)]),
    ...launch.first.map((each) => containerOf(job, each.container, firstRole(job, launch, each))),
  ]
}

function firstRole(job: Job, launch: Launch, { container, role, isGate }: FirstContainer): ContainerRole {
  const shared = sharedRole(job, launch, container)
  return role === 'task' ? { ...shared, probes: 'none' } : { ...shared, restartPolicy: 'Always', probes: isGate ? 'all' : 'unheld' }
}

/** A container's own restart policy is said where it is not the pod's: an older API server does not know the field. */
function lastRole(job: Job, launch: Launch, kind: WorkloadKind, container: JobContainer): ContainerRole {
  const { policy } = container.restart
  const role: ContainerRole = { ...sharedRole(job, launch, container), probes: 'all' }
  if (kind === 'Job' || policy === 'always') return role
  return { ...role, restartPolicy: policy === 'never' ? 'Never' : 'OnFailure' }
}

function sharedRole(job: Job, { first, last }: Launch, container: JobContainer): Pick<ContainerRole, 'localBytes' | 'proxied'> {
  // What a task asks for is not added to what the others do, so it asks last.
  const ofRole = (role: FirstContainer['role']): readonly JobContainer[] => first.filter((each) => each.role === role).map((each) => each.container)
  const localBytes = localBytesOf([...last, ...ofRole('sidecar'), ...ofRole('task')], container)
  const proxied = envoyPortOf(job)
  return { localBytes, ...(proxied === undefined ? {} : { proxied }) }
}

/** The regular containers end together, then the sidecars, one after the other; the webhook adds the nap. */
function graceSecondsOf(job: Job, { first, last }: Launch): number {
  const sidecars = first.filter(({ role }) => role === 'sidecar').reduce((sum, { container }) => sum + container.stopGraceSeconds, 0)
  const regular = Math.max(...last.map(({ stopGraceSeconds }) => stopGraceSeconds))
  return Math.ceil(regular + sidecars + (envoyPortOf(job) === undefined ? 0 : envoyStopSeconds))
}

/** Volumes of a storage class belong to root, unless a group is named; that of the first user who has one. */
function fileGroupOf({ containers }: Job): number | undefined {
  const user = containers.find((each) => each.user !== undefined && each.volumes.some((volume) => volume.type === 'shared' || (volume.type === 'local' && volume.isEnforced)))?.user
  return user?.gid ?? user?.uid
}

function placementOf(job: Job, kind: WorkloadKind, options: RenderOptions): JsonObject {
  // A DaemonSet's instance belongs to its node, and its controller adds the tolerations for that.
  if (kind === 'DaemonSet') return {}
  const labelSelector = { matchLabels: selectorOf(job) }
  // Of one instance, too: another number is to change nothing in the template, which would replace those that run.
  const spread = { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector }
  const together = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector, topologyKey: 'kubernetes.io/hostname' }] } }
  return {
    ...(bindsToOneNode(job, options) ? { affinity: together } : { topologySpreadConstraints: [spread] }),
    tolerations: ['not-ready', 'unreachable'].map((condition) => ({
      key: `node.kubernetes.io/${condition}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: Math.ceil(job.reallocateAfterSeconds),
    })),
  }
}

function annotationsOf(job: Job, kind: WorkloadKind): JsonObject {
  const { startupLock, napSeconds, vaultRole, dependsOn } = job
  const lost = lostWithPod(job)
  return {
    ...(dependsOn.length === 0 ? {} : { [dependsOnKey]: dependsOn.join(', ') }),
    ...(startupLock.isEnabled ? {} : { [tuning.lock]: 'disabled' }),
    // The webhook leaves the pods of a batch Job alone that do not ask.
    ...(startupLock.isEnabled && kind === 'Job' ? { [tuning.lock]: 'enabled' } : {}),
    ...(startupLock.isEnabled && startupLock.timeoutSeconds !== undefined ? { [tuning.lockMaxWait]: formatSeconds(Math.ceil(startupLock.timeoutSeconds)) } : {}),
    ...(napSeconds === undefined ? {} : { [tuning.nap]: napSeconds === 0 ? 'disabled' : formatSeconds(Math.ceil(napSeconds)) }),
    ...(lost.length === 0 ? {} : { [evictKey]: lost.join(',') }),
    ...(vaultRole === undefined ? {} : vaultAnnotations(vaultRole, kind)),
  }
}

/** As the Vault Agent injector has them. Its sidecar, which renews, would keep a batch Job's pods from finishing. */
function vaultAnnotations(role: string, kind: WorkloadKind): JsonObject {
  const key = 'vault.hashicorp.com/agent'
  return {
    [`${key}-inject`]: 'true',
    'vault.hashicorp.com/role': role,
    [`${key}-inject-token`]: 'true',
    ...(kind === 'Job' ? { [`${key}-pre-populate-only`]: 'true' } : {}),
  }
}
