/** What pods have in common that are made of one template: what a start of one costs, a start of another will. */
export interface Workload {
  /** Tells it from all others of the cluster. */
  readonly key: string
  /** NAMESPACE/KIND/NAME of the pods' controller, for people. */
  readonly name: string
}
