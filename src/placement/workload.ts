import { at, numberAt, textAt } from '../check/json-paths.ts'
import type { JsonObject } from '../units/json.ts'

/** How many pods a workload has, and how it replaces them. */
export interface WorkloadWish {
  /** `each-node`: one on each node that takes it. */
  readonly instances: number | 'each-node'
  /** Undefined: its pods are not replaced while it is there (a Job, a bare Pod, a ReplicaSet). */
  readonly rollout: Rollout | undefined
}

/** How pods are replaced by those of a new template. */
export type Rollout =
  /** All are ended first. */
  | { readonly kind: 'recreate' }
  /** So many more than are wanted, and so many less, at a time. */
  | { readonly kind: 'rolling'; readonly maxSurge: number; readonly maxUnavailable: number }
  /** When somebody deletes them. */
  | { readonly kind: 'on-delete' }

/** Reads what a workload wants, as the API server has completed it, or as it stands in a manifest. */
export function wishOf(object: JsonObject): WorkloadWish {
  switch (textAt(object, 'kind') ?? '') {
    case 'Deployment': {
      const instances = countAt(object, 'spec', 'replicas')
      return { instances, rollout: ofDeployment(object, instances) }
    }
    case 'StatefulSet': {
      const instances = countAt(object, 'spec', 'replicas')
      const most = at(object, 'spec', 'updateStrategy', 'rollingUpdate', 'maxUnavailable')
      return { instances, rollout: isOnDelete(object) ? { kind: 'on-delete' } : { kind: 'rolling', maxSurge: 0, maxUnavailable: Math.max(1, shareOf(most ?? 1, instances, 'up')) } }
    }
    case 'DaemonSet': {
      const rolling = at(object, 'spec', 'updateStrategy', 'rollingUpdate')
      return { instances: 'each-node', rollout: isOnDelete(object) ? { kind: 'on-delete' } : { kind: 'rolling', maxSurge: isNone(at(rolling, 'maxSurge')) ? 0 : 1, maxUnavailable: isNone(at(rolling, 'maxUnavailable') ?? 1) ? 0 : 1 } }
    }
    case 'Job':
      return { instances: ofJob(object, at(object, 'spec')), rollout: undefined }
    case 'CronJob':
      return { instances: ofJob(object, at(object, 'spec', 'jobTemplate', 'spec')), rollout: undefined }
    case 'ReplicaSet':
    case 'ReplicationController':
      return { instances: countAt(object, 'spec', 'replicas'), rollout: undefined }
    default:
      return { instances: 1, rollout: undefined }
  }
}

function countAt(object: JsonObject, ...path: readonly string[]): number {
  const count = at(object, ...path)
  return typeof count === 'number' && count >= 0 ? count : 1
}

/** At a time, not in all. */
function ofJob(object: JsonObject, spec: unknown): number {
  if (object['kind'] === 'Job' && at(spec, 'suspend') === true) return 0
  const parallelism = at(spec, 'parallelism')
  const completions = at(spec, 'completions')
  const most = typeof parallelism === 'number' ? parallelism : 1
  const done = numberAt(object, 'status', 'succeeded')
  return typeof completions === 'number' ? Math.max(0, Math.min(most, completions - done)) : most
}

function isOnDelete(object: JsonObject): boolean {
  return textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete'
}

function isNone(value: unknown): boolean {
  return value === undefined || value === null || value === 0 || value === '0%' || value === '0'
}

/** As `ResolveFenceposts` in pkg/controller/deployment/util of Kubernetes: a surge is rounded up, what is missing down, and not both are 0. */
function ofDeployment(object: JsonObject, instances: number): Rollout {
  if (textAt(object, 'spec', 'strategy', 'type') === 'Recreate') return { kind: 'recreate' }
  const rolling = at(object, 'spec', 'strategy', 'rollingUpdate')
  const maxSurge = shareOf(at(rolling, 'maxSurge') ?? '25%', instances, 'up')
  const maxUnavailable = shareOf(at(rolling, 'maxUnavailable') ?? '25%', instances, 'down')
  return { kind: 'rolling', maxSurge, maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable }
}

/** A number, or percent of the instances. */
function shareOf(value: unknown, instances: number, rounding: 'up' | 'down'): number {
  if (typeof value === 'number') return Math.max(0, value)
  const percent = typeof value === 'string' ? /^(\d{1,3})%$/.exec(value)?.[1] : undefined
  if (percent === undefined) return 0
  const share = (Number(percent) * instances) / 100
  return rounding === 'up' ? Math.ceil(share) : Math.floor(share)
}
