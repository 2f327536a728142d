import { type Job, reallocateAfterSeconds } from '../job.ts'
import type { RenderOptions } from '../rendered.ts'
import type { Launch } from './launch.ts'
import type { WorkloadKind } from './pod.ts'
import { bindsToOneNode } from './volumes.ts'
import { takesHostPorts } from './workload.ts'

/** What behaves otherwise than one might think: of the objects, not of what the file says, which its reader tells. */
export function warningsOf(job: Job, launch: Launch, kind: WorkloadKind, options: RenderOptions): readonly string[] {
  return [...restartWarnings(launch, kind), ...checkWarnings(launch), ...clusterWarnings(job, kind, options)]
}

function restartWarnings({ first, last }: Launch, kind: WorkloadKind): readonly string[] {
  const tasks = first.filter(({ role }) => role === 'task').map(({ container }) => container)
  const endless = kind === 'Job' ? [] : last.filter(({ restart }) => restart.tries !== undefined)
  // The kubelet's ContainersReady is about all regular containers, and one that has ended is not ready.
  const ending = kind === 'Job' ? [] : last.filter(({ restart }) => restart.policy !== 'always')
  const tries = new Set(last.filter(({ restart }) => restart.policy === 'on-failure').map(({ restart }) => restart.tries))
  return [
    ...(kind === 'Job' ? [] : tasks.filter(({ restart }) => restart.policy === 'never' || restart.tries !== undefined).map(({ name }) => `container ${name}: as others wait until it has completed, it is run again until it does`)),
    ...ending.map(({ name }) => `container ${name}: once it has ended, Kubernetes counts the instance as not ready, and it leaves DNS; what is only to be done before others start is waited for by condition: completed`),
    ...endless.map(({ name, restart }) => `container ${name}: beside a container that is always restarted it is restarted as often as it fails, not ${restart.tries} times`),
    ...(kind === 'Job' && tries.size > 1 ? ['containers that are restarted on failure differ in their tries: a try is that of the whole instance, and the largest number counts'] : []),
  ]
}

function checkWarnings({ first }: Launch): readonly string[] {
  const tasks = first.filter(({ role, container }) => role === 'task' && container.healthcheck !== undefined)
  return tasks.map(({ container }) => `container ${container.name}: others wait until it has completed, so its healthcheck is never made`)
}

function clusterWarnings(job: Job, kind: WorkloadKind, options: RenderOptions): readonly string[] {
  const isStartFirst = kind !== 'Job' && job.update.order === 'start-first'
  return [
    ...(kind === 'Job' && job.update.order === 'stop-first' ? ['update.order says nothing of a job that ends: on a change it is deleted and made anew'] : []),
    ...(kind === 'DaemonSet' && job.reallocateAfterSeconds !== reallocateAfterSeconds ? ['reallocate_after says nothing of a job with an instance on each node: an instance stays with its node'] : []),
    ...(isStartFirst && takesHostPorts(job) ? ['it takes ports of its nodes, so in an update an old instance ends before a new one starts'] : []),
    ...(bindsToOneNode(job, options) ? ['all instances are on one node, as only one can have its shared volume: they are lost together with it'] : []),
    ...(job.expose?.tlsSecret !== undefined && options.gateway !== undefined ? [`the certificate ${job.expose.tlsSecret} is not used: behind a Gateway, TLS is a matter of the Gateway's listeners`] : []),
    ...(kind === 'DaemonSet' && job.startupLock.isEnabled ? ['its instances start without the lock: a node counts as up when its DaemonSets are'] : []),
  ]
}
