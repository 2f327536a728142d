/** A kind of workload that can be explained, and where the API server has it. */
export interface WorkloadKind {
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'ReplicaSet' | 'Job' | 'Pod'
  readonly apiVersion: string
  /** As it stands in paths. */
  readonly resource: string
  /** What people call it, as kubectl takes it. */
  readonly words: readonly string[]
}

/** All of them, those that others are made by first. */
export const workloadKinds: readonly WorkloadKind[] = [
  { kind: 'Deployment', apiVersion: 'apps/v1', resource: 'deployments', words: ['deployment', 'deployments', 'deploy', 'deployment.apps'] },
  { kind: 'StatefulSet', apiVersion: 'apps/v1', resource: 'statefulsets', words: ['statefulset', 'statefulsets', 'sts', 'statefulset.apps'] },
  { kind: 'DaemonSet', apiVersion: 'apps/v1', resource: 'daemonsets', words: ['daemonset', 'daemonsets', 'ds', 'daemonset.apps'] },
  { kind: 'Job', apiVersion: 'batch/v1', resource: 'jobs', words: ['job.batch', 'jobs.batch'] },
  { kind: 'Pod', apiVersion: 'v1', resource: 'pods', words: ['pod', 'pods', 'po'] },
  { kind: 'ReplicaSet', apiVersion: 'apps/v1', resource: 'replicasets', words: ['replicaset', 'replicasets', 'rs', 'replicaset.apps'] },
]

/** Where a kind is listed in a namespace; undefined: in all of them. */
export function workloadsPath({ apiVersion, resource }: Pick<WorkloadKind, 'apiVersion' | 'resource'>, namespace: string | undefined): string {
  return `${apiVersion === 'v1' ? '/api' : '/apis'}/${apiVersion}/${namespace === undefined ? '' : `namespaces/${encodeURIComponent(namespace)}/`}${resource}`
}

/** What somebody means by a workload: kinds, of which one is to have this name. */
export interface Wanted {
  readonly kinds: readonly WorkloadKind[]
  readonly name: string
  /** `first`: a job of usher's is meant, of whatever kind, or else a Job of Kubernetes; `only`: nothing but the former. */
  readonly jobs: 'none' | 'first' | 'only'
}

// A DNS subdomain (RFC 1123).
const namePattern = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/
const jobWords: readonly string[] = ['job', 'jobs']
/** The kinds of which a job of usher's can be. */
export const jobKinds = workloadKinds.filter(({ kind }) => kind === 'Deployment' || kind === 'DaemonSet' || kind === 'Job')

/** A job of usher's of this name. */
export function wantedJob(name: string): Wanted {
  return { kinds: jobKinds, name, jobs: 'only' }
}

/**
 * Reads what somebody means: `web`, `deployment/web`, `job/db`, `pod/web-7d9f8-x2k4d`. A text: what is wrong with it.
 */
export function readWanted(text: string): Wanted | string {
  const parts = text.split('/')
  const [first = '', second] = parts
  if (parts.length > 2) return `${JSON.stringify(text)} is neither NAME nor KIND/NAME; --namespace says in which namespace it is`
  const name = second ?? first
  if (!namePattern.test(name)) return `${JSON.stringify(name)} is not a name that a workload can have`
  // A ReplicaSet is a Deployment's, and has a name that nobody would say by itself.
  if (second === undefined) return { kinds: workloadKinds.filter(({ kind }) => kind !== 'ReplicaSet'), name, jobs: 'none' }
  const word = first.toLowerCase()
  if (jobWords.includes(word)) return { kinds: jobKinds, name, jobs: 'first' }
  const kind = workloadKinds.find(({ words }) => words.includes(word))
  if (kind === undefined) return `${JSON.stringify(first)} is not a kind that is known here: it is one of job, ${workloadKinds.map(({ words }) => words[0]).filter((each) => each !== 'job.batch').join(', ')}`
  return { kinds: [kind], name, jobs: 'none' }
}
