import type { LoadReading } from '../../../src/lock/node-load/load-between.ts'
import { watchLoad } from '../../../src/lock/node-load/watch-load.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { pressureText, statText } from '../../support/proc-files.ts'
import { Cpus } from './cpus.ts'
import { type Gatekeeper, type Random, start, type Start, type Starter } from './starter.ts'

/** A lock that is asked, hears of the load, and is told who is up. Times in milliseconds. */
export interface SimulatedLock {
  /** A pod is there, and its sandbox will be made. */
  created?(name: string, now: number): void
  ask(name: string, now: number, go: () => void): void
  ready(name: string, now: number): void
  load(reading: LoadReading, now: number): void
  /** Each {@link stepMs}. */
  pass(now: number): void
}

/** What is simulated. */
export interface Simulation {
  readonly cores: number
  readonly starters: readonly Starter[]
  /** Undefined: without usher. */
  readonly lock: SimulatedLock | undefined
  readonly random: Random
  /** Cores that something else wants at a time, in seconds. */
  readonly other?: (at: number) => number
  /** Cores that are on line, in seconds; all unless said otherwise. */
  readonly online?: (at: number) => number
  /** Whether the kernel has PSI. */
  readonly psi?: boolean
  /** What becomes of a file's text, in seconds. */
  readonly garble?: (path: string, text: string, at: number) => string | undefined
  /** Looks at each step. */
  readonly look?: (step: Step) => void
  /** After so long nothing more is simulated. */
  readonly mostS?: number
}

/** A moment of a simulation. */
export interface Step {
  readonly at: number
  readonly starts: readonly Start[]
  readonly cpus: Cpus
}

export const stepMs = 10
const longestS = 600

/** Simulates a node until all are up, or the time is over; the files of `/proc` go through the real code. */
export function simulate(simulation: Simulation): readonly Start[] {
  const { cores, starters, lock, random, other, online, psi = true, garble = (_path, text) => text, look, mostS = longestS } = simulation
  const clock = new FakeClock()
  const cpus = new Cpus(cores)
  const foreign = { left: Infinity, cores: 0 }
  if (other !== undefined) cpus.run(foreign)

  function read(path: string): string | undefined {
    const { busy, idle, waitedUs } = cpus.counters
    const text = path === '/proc/stat' ? statText(busy, idle, cpus.cores) : psi ? pressureText(waitedUs) : undefined
    return text === undefined ? undefined : garble(path, text, clock.now() / 1_000)
  }

  const gate: Gatekeeper | undefined = lock && ((one, go) => lock.ask(one.starter.name, clock.now(), go))
  const starts = starters.map((starter) => start(starter, { cpus, clock, random }, gate))
  for (const { name, createdAt } of starters) clock.after(1_000 * createdAt, () => lock?.created?.(name, clock.now()))
  const told = new Set<Start>()
  const stop = watchLoad({ clock, read }, (reading) => lock?.load(reading, clock.now()), () => {})
  while (told.size < starts.length && clock.now() < 1_000 * mostS) {
    const at = clock.now() / 1_000
    if (other !== undefined) foreign.cores = other(at)
    if (online !== undefined) cpus.cores = online(at)
    cpus.pass(stepMs / 1_000)
    clock.advance(stepMs)
    for (const one of starts) {
      if (one.readyAt > clock.now() / 1_000 || told.has(one)) continue
      told.add(one)
      lock?.ready(one.starter.name, clock.now())
    }
    lock?.pass(clock.now())
    look?.({ at: clock.now() / 1_000, starts, cpus })
  }
  stop()
  return starts
}

/** The same numbers for the same seed (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
