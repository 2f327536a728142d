import type { Clock } from '../../../src/units/clock.ts'
import type { Cpus } from './cpus.ts'

/** A pod that is to start, as far as its node's CPUs are concerned. */
export interface Starter {
  readonly name: string
  /** When the kubelet hears of it. Seconds, as all times here. */
  readonly createdAt: number
  /** CPU-seconds until it is up, of so many threads or within such a limit. */
  readonly workS: number
  readonly cores: number
  /** For how long it waits for something else before that work. */
  readonly idleS: number
}

/** What a start went through; times in seconds. */
export interface Start {
  readonly starter: Starter
  askedAt: number
  grantedAt: number
  /** When the app itself began to work. */
  beganAt: number
  /** When it had done its work; what comes then is the probe's time. */
  doneAt: number
  readyAt: number
}

/** Who says when a starter may go on; calls back at once, or later. */
export type Gatekeeper = (start: Start, go: () => void) => void

/** From 0 up to 1. */
export type Random = () => number

/** Where something starts. */
export interface Surroundings {
  readonly cpus: Cpus
  readonly clock: Clock
  readonly random: Random
}

// Seconds, and CPU-seconds, as seen on a node of Kubernetes 1.37.
/** Sandbox: network, pause container. */
const sandboxS = [0.3, 0.5] as const
/** A container is made by containerd and runc. */
const containerS = [0.08, 0.15] as const
/** From the exit of an init container to the next one's start. */
const kubeletS = [0.8, 1] as const
/** From the first answer of a probe to the condition Ready at the API server. */
const probeS = [0.3, 1.8] as const
/** Without an init container the next step of the kubelet follows at once. */
const atOnceS = [0, 0.05] as const

/**
 * Lets a pod start: sandbox, where it has the lock the init container, that which waits, then the app.
 *
 * @param gate undefined: there is no lock, and no init container.
 */
export function start(starter: Starter, { cpus, clock, random }: Surroundings, gate: Gatekeeper | undefined): Start {
  const result: Start = { starter, askedAt: Infinity, grantedAt: Infinity, beganAt: Infinity, doneAt: Infinity, readyAt: Infinity }
  const seconds = (): number => clock.now() / 1_000
  const between = ([least, most]: readonly [number, number]): number => least + (most - least) * random()
  const after = (s: number, then: () => void): void => void clock.after(1_000 * s, then)
  const work = (left: number, cores: number, done: () => void): void => void cpus.run({ left, cores, done })

  const app = (): void => {
    result.beganAt = seconds()
    after(starter.idleS, () =>
      work(starter.workS, starter.cores, () => {
        result.doneAt = seconds()
        after(between(probeS), () => (result.readyAt = seconds()))
      }),
    )
  }
  const ask = (): void => {
    result.askedAt = seconds()
    gate?.(result, () => {
      result.grantedAt = seconds()
      after(between(kubeletS), () => work(between(containerS), 1, app))
    })
  }
  after(starter.createdAt, () =>
    work(between(sandboxS), 1, () => after(between(atOnceS), () => work(between(containerS), 1, gate === undefined ? app : ask))),
  )
  return result
}
