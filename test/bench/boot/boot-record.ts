import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { StartState } from '../../../src/lock/state-view.ts'
import type { PlannedBoot } from './plan.ts'

/** What became of one pod in a boot; times in milliseconds since the start of the kubelet. */
export interface PodRecord {
  readonly name: string
  readonly idle: boolean
  /** The last time it became Ready; undefined: it is not. */
  readonly readyMs: number | undefined
  /** When it was seen that its init container has finished; undefined: it has none. */
  readonly letInMs: number | undefined
  readonly restarts: number
}

/** What the machine's CPUs did in a second of a boot. */
export interface TracePoint {
  readonly atMs: number
  readonly idleCores: number
  /** Used by what runs with a lower priority: nothing of the cluster does, so it is something else on this machine. */
  readonly niceCores: number
  /** Percent of the time in which some task waited for a CPU. */
  readonly pressure: number
}

/** One boot that was measured: a line of the raw data, which says all about it. */
export interface BootRecord extends PlannedBoot {
  readonly at: string
  readonly machine: string
  readonly java: string
  readonly commit: string
  readonly work: number
  readonly limitSeconds: number
  readonly boundSeconds: number
  /** Of the four seconds before. */
  readonly idleCoresBefore: number
  readonly pods: readonly PodRecord[]
  /** From the start of the kubelet; undefined: not within the bound. */
  readonly allReadyMs: number | undefined
  /** How often the kubelet has said that it restarts a container, by the probe. */
  readonly probeRestarts: { readonly startup: number; readonly liveness: number }
  /** Percent of the time until all were Ready. */
  readonly pressure: number
  /** Part of the cores' time until all were Ready. */
  readonly idleShare: number
  /** And the part that what runs with a lower priority has had. */
  readonly niceShare: number
  /** Seconds of CPU until all were Ready, of the whole machine. */
  readonly cpuSeconds: number
  readonly trace: readonly TracePoint[]
  /** What the lock says of the turns. */
  readonly starts: readonly StartState[]
}

/** The boots that stand in a file of raw data, one a line; none where there is no such file. */
export function readBoots(file: string): readonly BootRecord[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as BootRecord)
}

/** Adds a boot as soon as it is over, so that whatever ends the benchmark loses only what is under way. */
export function appendBoot(file: string, boot: BootRecord): void {
  mkdirSync(dirname(file), { recursive: true })
  appendFileSync(file, `${JSON.stringify(boot)}\n`)
}

/** Whether two are of the same place in the plan. */
export function isSameBoot(left: PlannedBoot, right: PlannedBoot): boolean {
  return left.round === right.round && left.variant === right.variant && left.mode === right.mode
}
