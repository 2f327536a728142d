import { textAt } from '../check/json-paths.ts'
import { controllerOf } from '../units/controller.ts'
import type { JsonObject } from '../units/json.ts'

/** Tells which pods are a workload's. */
export interface PodOwner {
  owns(pod: JsonObject): boolean
  /** The same for all pods of one template; undefined: nothing tells. */
  revisionOf(pod: JsonObject): string | undefined
}

/** By which pods of one template are told apart from those of another; their controllers put them on. */
export const revisionLabels: readonly string[] = ['pod-template-hash', 'controller-revision-hash']

/**
 * Tells it by the pods themselves. A Deployment's are of ReplicaSets that are called as it, and by the hash of their template
 * (pkg/controller/deployment/sync.go of Kubernetes). Each run of a CronJob has pods of its own, and begins with none.
 *
 * @param uid of the workload that is there; undefined: there is none, and no pod is its.
 */
export function ownerOf(kind: string, namespace: string, name: string, uid: string | undefined): PodOwner {
  return {
    owns(pod) {
      if (uid === undefined || textAt(pod, 'metadata', 'namespace') !== namespace) return false
      if (kind === 'Pod') return textAt(pod, 'metadata', 'uid') === uid
      const controller = controllerOf(pod)
      if (controller === undefined) return false
      if (kind === 'Deployment') return controller['kind'] === 'ReplicaSet' && controller['name'] === `${name}-${textAt(pod, 'metadata', 'labels', 'pod-template-hash') ?? ''}`
      return controller['kind'] === kind && controller['name'] === name && controller['uid'] === uid
    },
    revisionOf: (pod) => revisionLabels.map((label) => textAt(pod, 'metadata', 'labels', label)).find((revision) => revision !== undefined),
  }
}
