import type { Instance } from '../job/instances/instance.ts'
import type { LockPlace } from '../job/instances/lock-place.ts'
import type { JsonObject } from '../units/json.ts'
import type { Happening } from './events.ts'
import type { NodeAnswer } from './node-answer.ts'

/** What is known of a workload that is to be explained. */
export interface WhyFacts {
  /** By the clock of the API server; milliseconds since 1970. */
  readonly nowMs: number
  /** With its kind, which elements of lists do not name. */
  readonly workload: JsonObject
  /** Of a Deployment. */
  readonly replicaSets: readonly JsonObject[]
  readonly pods: readonly SeenPod[]
  /** Of the workload, its ReplicaSets, and some of its pods. */
  readonly events: readonly Happening[]
  readonly logs: readonly LogTail[]
  /** Whether a node takes it; undefined: nobody wants to know. */
  readonly node?: NodeAnswer
  /** What could not be asked, and why: a sentence each. */
  readonly unasked: readonly string[]
}

/** A pod, and how it is. */
export interface SeenPod {
  readonly pod: JsonObject
  readonly instance: Instance
  readonly place?: LockPlace | undefined
}

/** The last lines of a container that has ended. */
export interface LogTail {
  readonly pod: string
  readonly container: string
  readonly lines: readonly string[]
}

/** Something that keeps a workload, or some of its instances, from being healthy. */
export interface Cause {
  /** A word for machines. */
  readonly reason: string
  /** What it is, in a sentence without its end. */
  readonly title: string
  /** By their names; none: it is about the workload. */
  readonly instances: readonly string[]
  readonly details: readonly string[]
  /** What somebody can do, the first thing first. */
  readonly next: readonly string[]
}
