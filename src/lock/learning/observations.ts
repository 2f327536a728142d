import type { ReleaseCause } from '../queue/decisions.ts'
import { unseenMs } from '../queue/settings.ts'
import type { StartCost } from './start-costs.ts'
import type { Workload } from './workload.ts'

/** What the node's CPUs did in the `windowMs` up to now. */
export interface BusyReading {
  readonly cores: number
  readonly idleCores: number
  readonly windowMs: number
}

/** So long after it is ready a start is observed on: work that comes then is seen, and readings are whole. */
export const afterReadyMs = 1_000
/** Of a start that lasts longer the busiest stretch of this length counts: what else a node does adds up over time. */
export const stretchMs = 2 * unseenMs
/** Readings that are further apart leave something out: one of four a second. Each is told a moment after it was taken. */
const gapMs = 200
/** Without readings nothing ends: what is over for so long is thrown away. */
const lateMs = 10_000

interface Observation {
  /** Undefined: it is not known. Then it is company for others, and no more. */
  readonly workload: Workload | undefined
  /** Up to when readings have told all since the grant. */
  toldUntil: number
  /** Those of the last {@link stretchMs}. */
  readonly recent: { readonly at: number; readonly busyS: number }[]
  /** CPU-seconds: its part of all since the grant, and the node's busiest stretch. */
  part: number
  busiest: number
  isClear: boolean
  isWhole: boolean
  /** When all has been seen; undefined: it has a turn still. */
  endsAt: number | undefined
}

/** The starts of one workload that have overlapped, one with the next. */
interface Cohort {
  /** How many of them go on. */
  going: number
  /** CPU-seconds, of those that have been observed to their end. */
  highest: number
  isClear: boolean
  isWhole: boolean
}

/**
 * Observes what starts cost: pure, with time as an argument. From its grant until a moment after its pod is ready, or
 * for its whole blind hold, a start can have cost
 *
 * - in no stretch of {@link stretchMs} more than the node's CPUs were busy in it, whoever else was;
 * - no more than the highest part in its cohort: while several starts of a workload go on, each has an equal part of what
 *   the CPUs do. They are made alike, so that none can have cost more than the mean of their parts; a single part says
 *   nothing, as the last ones share their work with those that have only not been let go yet.
 *
 * The lower one, the highest of the cohort, is the cost of them all, told when none of them goes on; it is too high by
 * whatever else the node did. A start whose CPU was taken by others says that the node was busy, and so that it is heavy.
 */
export class Observations {
  readonly #going = new Map<string, Observation>()
  /** By the keys of workloads of which something goes on. */
  readonly #cohorts = new Map<string, Cohort>()

  /** How many go on. */
  get size(): number {
    return this.#going.size
  }

  /** A lease was granted. */
  granted(key: string, workload: Workload | undefined, now: number): void {
    for (const [other, { endsAt }] of this.#going) if (endsAt !== undefined && endsAt + lateMs < now) this.#drop(other)
    this.#drop(key)
    const nothing = { recent: [], part: 0, busiest: 0, isClear: true, isWhole: true, endsAt: undefined }
    this.#going.set(key, { workload, toldUntil: now, ...nothing })
    if (workload === undefined) return
    const cohort = this.#cohorts.get(workload.key)
    if (cohort === undefined) this.#cohorts.set(workload.key, { going: 1, highest: 0, isClear: true, isWhole: true })
    else cohort.going++
  }

  /**
   * A lease has ended.
   *
   * @returns the workload of which is known by this that it is not as light as it may seem: its pod did not get up in time.
   */
  released(key: string, cause: ReleaseCause, now: number): Workload | undefined {
    const observation = this.#going.get(key)
    if (observation === undefined) return undefined
    if (cause === 'ready' || cause === 'blind-hold') {
      observation.endsAt = cause === 'ready' ? now + afterReadyMs : now
      return undefined
    }
    this.#drop(key)
    return cause === 'lease-end' || cause === 'crash-loop' ? observation.workload : undefined
  }

  /**
   * Something has begun or ended on the node that is none of the starts that go on.
   *
   * @param workload whose it is: what its own starts cost is not another's.
   */
  disturb(workload?: string): void {
    for (const observation of this.#going.values()) if (workload === undefined || observation.workload?.key !== workload) observation.isClear = false
  }

  /** Takes a reading into account, and gives back the costs of the cohorts that have been observed to their end by it. */
  read(reading: BusyReading, now: number): readonly StartCost[] {
    const costs: StartCost[] = []
    const all = this.#going.size
    const counts = new Map(Array.from(this.#cohorts, ([key, { going }]) => [key, going]))
    for (const [key, observation] of this.#going) {
      // What was granted just now has done nothing by this reading.
      if (now <= observation.toldUntil) continue
      const { workload } = observation
      note(observation, reading, workload === undefined ? 1 : (counts.get(workload.key) ?? 1), all, now)
      if (observation.endsAt === undefined || now < observation.endsAt) continue
      this.#going.delete(key)
      const cohort = workload === undefined ? undefined : this.#cohorts.get(workload.key)
      if (workload === undefined || cohort === undefined) continue
      cohort.going--
      cohort.highest = Math.max(cohort.highest, Math.min(observation.part, observation.busiest))
      cohort.isClear &&= observation.isClear
      cohort.isWhole &&= observation.isWhole
      if (cohort.going > 0) continue
      this.#cohorts.delete(workload.key)
      if (cohort.isWhole) costs.push({ workload, seconds: cohort.highest, isClear: cohort.isClear })
    }
    return costs
  }

  /** A start of which the end is not seen: its cohort has cost what nobody knows. */
  #drop(key: string): void {
    const workload = this.#going.get(key)?.workload
    this.#going.delete(key)
    const cohort = workload === undefined ? undefined : this.#cohorts.get(workload.key)
    if (workload === undefined || cohort === undefined) return
    cohort.going--
    cohort.isWhole = false
    if (cohort.going === 0) this.#cohorts.delete(workload.key)
  }
}

/** @param alike how many of the starts that go on, `all` of them, are of its workload. */
function note(observation: Observation, { cores, idleCores, windowMs }: BusyReading, alike: number, all: number, now: number): void {
  const busyS = (Math.max(0, cores - idleCores) * windowMs) / 1_000
  if (now - windowMs > observation.toldUntil + gapMs) observation.isWhole = false
  if (alike < all) observation.isClear = false
  observation.toldUntil = now
  observation.part += busyS / alike
  const { recent } = observation
  recent.push({ at: now, busyS })
  while (recent[0] !== undefined && recent[0].at <= now - stretchMs) recent.shift()
  observation.busiest = Math.max(observation.busiest, recent.reduce((sum, each) => sum + each.busyS, 0))
}
