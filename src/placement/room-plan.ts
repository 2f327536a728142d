import type { JobProblem } from '../job/problems.ts'
import type { AmountWriting } from './amount-text.ts'
import type { FieldChange } from './changes.ts'
import type { NodeReason } from './node-reason.ts'
import type { StartBound } from './slowest-start.ts'

/** Whether there is room for workloads, where, and what would change. */
export interface RoomPlan {
  /** The first of the workloads' problems; undefined: there is room for all of them. */
  readonly problem?: JobProblem
  /** Whose it is: the job's name, or the workload's. */
  readonly problemOf?: string
  readonly workloads: readonly WorkloadPlan[]
  /** All nodes of the cluster as they are now, in the order of their names. */
  readonly nodes: readonly NodeFree[]
  /** Of each object, what would become of it; empty where that was not asked for. */
  readonly changes: readonly ObjectChange[]
  /** What will be otherwise than the objects ask for; the notes have it, too. */
  readonly warnings: readonly string[]
  /** Sentences for people, about all of it. */
  readonly notes: readonly string[]
}

/** Whether there is room for a workload, and where. */
export interface WorkloadPlan {
  readonly kind: string
  readonly name: string
  readonly namespace: string
  /** How many are wanted, at a time; of a DaemonSet, one for each node that takes it. */
  readonly instances: number
  /** Of these, how many run already, or have their node. */
  readonly running: number
  /** Pods of an older template, or more than are wanted: their room is counted as free, for they go. */
  readonly outdated: number
  /** How many more need room, and how many of them find it. */
  readonly needed: number
  readonly placed: number
  /** What one of them takes, as the scheduler counts it: `cpu` in thousandths of a core, all else in bytes or pieces. */
  readonly requests: Readonly<Record<string, number>>
  /** How its amounts are shown to people. */
  readonly writing: AmountWriting
  /** `dry-run`: by a pod that the API server has tried; `as-written`: by the manifest, since that could not be tried. */
  readonly judgedBy: 'dry-run' | 'as-written'
  /** Undefined: it replaces no pods. */
  readonly rollout?: RolloutPlan
  readonly start: StartBound
  /** In the order of {@link RoomPlan.nodes}. */
  readonly nodes: readonly NodePlan[]
  /** What was not looked at, in words. */
  readonly notJudged: readonly string[]
  readonly problem?: JobProblem
}

/** How its pods are replaced, and whether there is room for that. */
export interface RolloutPlan {
  readonly kind: 'recreate' | 'rolling' | 'on-delete'
  /** How many more than wanted there may be, and how many less. */
  readonly maxSurge: number
  readonly maxUnavailable: number
  /** For how many more than wanted there is room. */
  readonly surgeRoom: number
  /** Whether it goes on at all: by room for one more, or because one less is allowed. */
  readonly goesOn: boolean
}

/** A node, as a workload sees it. */
export interface NodePlan {
  readonly name: string
  /** How many of its pods are there. */
  readonly running: number
  /** For how many more there is room. */
  readonly fits: number
  /** How many of those that are needed could be put there. */
  readonly placed: number
  /** What keeps any of them from it, or one more than fit. */
  readonly reasons: readonly NodeReason[]
}

/** What is free on a node; `cpu` in thousandths of a core, all else in bytes or pieces. */
export interface NodeFree {
  readonly name: string
  readonly free: Readonly<Record<string, number>>
  readonly allocatable: Readonly<Record<string, number>>
  readonly pods: { readonly free: number; readonly allocatable: number }
}

/** What would become of an object. */
export interface ObjectChange {
  readonly kind: string
  readonly name: string
  readonly namespace?: string
  /** `unknown`: it could not be tried, and `detail` says why. */
  readonly change: 'created' | 'changed' | 'unchanged' | 'deleted' | 'unknown'
  readonly fields: readonly FieldChange[]
  readonly detail?: string
}
