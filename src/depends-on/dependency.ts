/** The annotation that names what a pod waits for before it queues for the lock, on a pod or a namespace. */
export const dependsOnKey = 'usher.dev/depends-on'

/** What can be waited for. */
export const targetKinds = ['job', 'service', 'deployment', 'statefulset', 'daemonset'] as const

/** One of {@link targetKinds}. */
export type TargetKind = (typeof targetKinds)[number]

/** Something that is waited for. */
export interface Target {
  readonly kind: TargetKind
  /** Undefined: the pod's own; of a job, that one first, and else whichever it is in. */
  readonly namespace: string | undefined
  readonly name: string
}

/** One entry of the annotation. */
export interface Dependency {
  readonly target: Target
  /** How long it is waited for at the most, in whole seconds from 1. */
  readonly timeoutSeconds: number
  /** What happens then: the pod goes on to the lock, or its init container fails, and waits anew. */
  readonly onTimeout: 'proceed' | 'fail'
}

/** Where an entry names no timeout. */
export const defaultTimeoutSeconds = 600

/** No wait is longer than usher-wait's longest. */
export const longestTimeoutSeconds = 86_400

/** `service/shop/redis`, or `service/redis` where the namespace is the pod's own. */
export function targetText({ kind, namespace, name }: Target): string {
  return namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`
}

/**
 * Names a target for a pod of this namespace: two targets are the same where their keys are. Names of jobs are unique in
 * a cluster, so that of a job has no namespace.
 */
export function targetKey({ kind, namespace, name }: Target, podNamespace: string): string {
  return kind === 'job' ? `job/${name}` : `${kind}/${namespace ?? podNamespace}/${name}`
}
