import { type BenchmarkValues, readCount } from '../support/benchmark.ts'

/** How much is measured. */
export interface Plan {
  readonly nodes: number
  /** On each node; half of them have been injected. */
  readonly pods: number
  /** Rounds, of which medians are taken. */
  readonly rounds: number
  /** Rounds of churn before those. */
  readonly warmUps: number
  /** Of each look at a server with nothing to do but lease renewals. */
  readonly seconds: number
  /** Status updates a second while nodes boot. */
  readonly rate: number
  /** So many nodes boot at the same time. */
  readonly bootNodes: number
  /** What connections, and the garbage of those before, take to come and go. */
  readonly settleMs: number
  /** For how long locks that all have something to tell are looked at. */
  readonly eventSeconds: number
  /** Changes of a DaemonSet that all nodes watch. */
  readonly daemonSetUpdates: number
  /** How long the API server is away, in ms; each once. */
  readonly outagesMs: readonly number[]
  /** How long locks are looked at that just stay, in seconds. */
  readonly steadySeconds: number
}

/** The flags that make a plan. */
export const planFlags = {
  nodes: { type: 'string' },
  pods: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  rate: { type: 'string' },
  steady: { type: 'string' },
} as const

/** Reads a plan; throws where a flag cannot be read. */
export function readPlan(values: BenchmarkValues, smoke: boolean): Plan {
  const nodes = readCount(values, 'nodes', smoke ? 20 : 500)
  return {
    nodes,
    pods: readCount(values, 'pods', smoke ? 5 : 30),
    rounds: readCount(values, 'rounds', smoke ? 1 : 3),
    warmUps: smoke ? 0 : 1,
    seconds: readCount(values, 'seconds', smoke ? 1 : 20),
    rate: readCount(values, 'rate', smoke ? 100 : 200),
    bootNodes: Math.max(1, Math.round(nodes / 10)),
    settleMs: smoke ? 200 : 3_000,
    eventSeconds: smoke ? 3 : 20,
    daemonSetUpdates: smoke ? 3 : 20,
    outagesMs: smoke ? [0] : [0, 30_000],
    steadySeconds: readCount(values, 'steady', smoke ? 1 : 600),
  }
}
