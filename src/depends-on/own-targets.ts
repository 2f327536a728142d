import type { Dependency, Target } from './dependency.ts'

/** What says of which workload a pod is. */
export interface PodOrigin {
  readonly namespace: string
  readonly labels: Readonly<Record<string, unknown>>
  /** The owner that controls it; of a pod template, the one that its pods will have. */
  readonly controller: { readonly kind: string; readonly name: string } | undefined
}

// As src/job/names.ts has it.
const jobLabel = 'usher.dev/job'
const hashLabel = 'pod-template-hash'

/** What waits for these waits for the pod itself. Each has a namespace. */
export function ownTargets({ namespace, labels, controller }: PodOrigin): readonly Target[] {
  const job = labels[jobLabel]
  const ofLabel: readonly Target[] = typeof job === 'string' && job !== '' ? [{ kind: 'job', namespace, name: job }] : []
  const workload = controller === undefined ? undefined : workloadOf(namespace, controller, labels[hashLabel])
  return workload === undefined ? ofLabel : [workload, ...ofLabel]
}

function workloadOf(namespace: string, { kind, name }: { readonly kind: string; readonly name: string }, hash: unknown): Target | undefined {
  switch (kind) {
    case 'ReplicaSet': {
      // A Deployment's ReplicaSet is called as the Deployment, a dash, and the hash of its template.
      const end = typeof hash === 'string' && hash !== '' ? `-${hash}` : ''
      return { kind: 'deployment', namespace, name: end !== '' && name.endsWith(end) ? name.slice(0, -end.length) : name }
    }
    case 'StatefulSet':
      return { kind: 'statefulset', namespace, name }
    case 'DaemonSet':
      return { kind: 'daemonset', namespace, name }
    case 'Job':
      return { kind: 'job', namespace, name }
    default:
      return undefined
  }
}

/** Parts the dependencies of a pod into those on others, and those on what it is of itself, which would never end. */
export function partOwn(dependencies: readonly Dependency[], origin: PodOrigin): { readonly others: readonly Dependency[]; readonly own: readonly Dependency[] } {
  const ours = ownTargets(origin)
  const isOwn = ({ target }: Dependency): boolean =>
    ours.some(({ kind, namespace, name }) => kind === target.kind && name === target.name && namespace === (target.namespace ?? origin.namespace))
  return { others: dependencies.filter((each) => !isOwn(each)), own: dependencies.filter(isOwn) }
}
