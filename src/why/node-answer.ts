/** Whether a node takes a pod of a workload. */
export interface NodeAnswer {
  readonly node: string
  /** Undefined: it cannot be told. */
  readonly takes: boolean | undefined
  /** Why not; or of what it is free. */
  readonly reasons: readonly string[]
  /** What of the pod was not looked at. */
  readonly notJudged: readonly string[]
}
