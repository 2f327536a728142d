import { at, objectsAt, textAt } from '../check/json-paths.ts'
import { statusKey } from '../inject/names.ts'
import { readStatus } from '../inject/status.ts'
import { controllerOf } from '../units/controller.ts'
import type { JsonObject } from '../units/json.ts'
import { type Candidate, candidateOf, candidateOfPod } from './candidate.ts'

/** A kind of object that makes pods, and where the API server has it. */
export interface WorkloadKind {
  readonly apiVersion: string
  readonly kind: string
  readonly resource: string
}

/** All whose templates are read. */
export const workloadKinds: readonly WorkloadKind[] = [
  { apiVersion: 'apps/v1', kind: 'Deployment', resource: 'deployments' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet', resource: 'statefulsets' },
  { apiVersion: 'apps/v1', kind: 'DaemonSet', resource: 'daemonsets' },
  { apiVersion: 'apps/v1', kind: 'ReplicaSet', resource: 'replicasets' },
  { apiVersion: 'v1', kind: 'ReplicationController', resource: 'replicationcontrollers' },
  { apiVersion: 'batch/v1', kind: 'CronJob', resource: 'cronjobs' },
  { apiVersion: 'batch/v1', kind: 'Job', resource: 'jobs' },
]

/** By whom an object is controlled. */
interface Owner {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
}

/** What is kept of an object that makes pods. */
export interface SeenWorkload {
  readonly kind: string
  readonly name: string
  readonly owner: Owner | undefined
  /** Undefined: its owner's template counts, or it makes no pods any more. */
  readonly candidate: Candidate | undefined
}

/** What is kept of a pod that runs. */
export interface SeenPod {
  readonly owner: Owner | undefined
  /** Whether it carries what usher has put in. */
  readonly isInjected: boolean
  /** Where nothing that is read has a template for it. */
  readonly candidate: Candidate | undefined
}

/** Reads an object of a list, in which it names neither its kind nor its version. */
export function seeWorkload({ apiVersion, kind }: WorkloadKind, object: JsonObject): SeenWorkload {
  const owner = ownerOf(object)
  const isOver = kind === 'Job' && objectsAt(object, 'status', 'conditions').some(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True')
  const isHeld = kind === 'ReplicaSet' && owner !== undefined && at(object, 'spec', 'replicas') === 0
  const isRead = isOver || isHeld || (owner !== undefined && isTemplateOf(owner, kind))
  return { kind, name: textAt(object, 'metadata', 'name') ?? '', owner, candidate: isRead ? undefined : candidateOf({ apiVersion, kind, ...object }) }
}

/** Whether the template of this owner is read itself. */
function isTemplateOf(owner: Owner, kind: string): boolean {
  if (kind === 'ReplicaSet') return owner.apiVersion === 'apps/v1' && owner.kind === 'Deployment'
  return kind === 'Job' && owner.apiVersion === 'batch/v1' && owner.kind === 'CronJob'
}

/** Reads a pod; undefined where it is over, on its way out, or of a node's own file. */
export function seePod(pod: JsonObject): SeenPod | undefined {
  const phase = at(pod, 'status', 'phase')
  if (phase === 'Succeeded' || phase === 'Failed' || at(pod, 'metadata', 'deletionTimestamp') !== undefined) return undefined
  const owner = ownerOf(pod)
  if (owner?.kind === 'Node') return undefined
  const isRead = workloadKinds.some(({ apiVersion, kind }) => owner?.apiVersion === apiVersion && owner.kind === kind)
  return {
    owner,
    isInjected: readStatus(textAt(pod, 'metadata', 'annotations', statusKey)) !== undefined,
    candidate: isRead ? undefined : candidateOfPod(pod, owner),
  }
}

function ownerOf(object: JsonObject): Owner | undefined {
  const owner = controllerOf(object)
  if (owner === undefined) return undefined
  return { apiVersion: textAt(owner, 'apiVersion') ?? '', kind: textAt(owner, 'kind') ?? '', name: textAt(owner, 'name') ?? '' }
}

/** How many pods run, and how many of them carry what usher has put in. */
export interface PodCount {
  readonly running: number
  readonly injected: number
}

/** A candidate, and its pods. */
export interface Content {
  readonly candidate: Candidate
  readonly pods: PodCount
}

/** Puts together what makes pods in a namespace, each with the pods that it has; in the order of the kinds. */
export function contentOf(workloads: readonly SeenWorkload[], pods: readonly SeenPod[]): readonly Content[] {
  const byName = new Map(workloads.map((each) => [`${each.kind}/${each.name}`, each]))
  const counts = new Map<string, { running: number; injected: number }>()
  const unread = new Map<string, Candidate>()
  for (const { owner, isInjected, candidate } of pods) {
    const key = candidate === undefined ? topOf(owner, byName) : keyOf(candidate)
    if (candidate !== undefined && !unread.has(key)) unread.set(key, candidate)
    const count = counts.get(key) ?? { running: 0, injected: 0 }
    counts.set(key, { running: count.running + 1, injected: count.injected + (isInjected ? 1 : 0) })
  }
  const candidates = [...workloads.flatMap(({ candidate }) => candidate ?? []), ...unread.values()]
  return candidates.map((candidate) => ({ candidate, pods: counts.get(keyOf(candidate)) ?? { running: 0, injected: 0 } }))
}

/** The key of the workload whose template its pods are of: a Deployment, of its ReplicaSet's. */
function topOf(owner: Owner | undefined, byName: ReadonlyMap<string, SeenWorkload>): string {
  const key = `${owner?.kind}/${owner?.name}`
  const seen = byName.get(key)
  return seen?.candidate === undefined && seen?.owner !== undefined ? `${seen.owner.kind}/${seen.owner.name}` : key
}

/** Pods of one controller that has no template to read may be of several sorts. */
function keyOf({ kind, name, pod, source }: Candidate): string {
  const sort = source === 'running' ? objectsAt(pod, 'spec', 'containers').map((each) => textAt(each, 'name') ?? '') : []
  return [kind, name, ...sort].join('/')
}

/** All pods together. */
export function sumOf(counts: readonly PodCount[]): PodCount {
  return { running: counts.reduce((sum, { running }) => sum + running, 0), injected: counts.reduce((sum, { injected }) => sum + injected, 0) }
}
