import { Counter, Gauge, type Registry } from 'prom-client'
import type { Verdict } from '../../node-health/judge.ts'
import type { Asked } from '../../units/asked.ts'

/** What the gate of DaemonSets counts. */
export interface DaemonSetMetrics {
  /** The API server was asked. */
  looked(outcome: Asked<unknown>['kind']): void
  judged(verdict: Verdict): void
}

/** Registers them. */
export function buildDaemonSetMetrics(registry: Registry): DaemonSetMetrics {
  const registers = [registry]
  const states = new Gauge({
    name: 'usher_lock_daemonsets',
    help: 'DaemonSets that must run on the node: with a pod there that is ready since the boot, or without.',
    labelNames: ['state'],
    registers,
  })
  const looks = new Counter({
    name: 'usher_lock_daemonset_looks_total',
    help: 'Times that the API server was asked for the DaemonSets, by what came of it.',
    labelNames: ['outcome'],
    registers,
  })
  return {
    looked: (outcome) => looks.inc({ outcome }),
    judged({ required, missing }) {
      states.set({ state: 'missing' }, missing.length)
      states.set({ state: 'ready' }, required - missing.length)
    },
  }
}
