import { type BenchmarkValues, readCount } from '../support/benchmark.ts'

/** How much is measured. */
export interface Plan {
  readonly nodes: number
  /** On each node. */
  readonly pods: number
  /** Of the workload that is planned. */
  readonly instances: number
  /** Of which medians are taken. */
  readonly rounds: number
}

/** The flags that make a plan. */
export const planFlags = {
  nodes: { type: 'string' },
  pods: { type: 'string' },
  instances: { type: 'string' },
  rounds: { type: 'string' },
} as const

/** Reads a plan; throws where a flag cannot be read. */
export function readPlan(values: BenchmarkValues, smoke: boolean): Plan {
  return {
    nodes: readCount(values, 'nodes', smoke ? 20 : 1_000),
    pods: readCount(values, 'pods', smoke ? 5 : 30),
    instances: readCount(values, 'instances', smoke ? 20 : 1_000),
    rounds: readCount(values, 'rounds', smoke ? 1 : 5),
  }
}
