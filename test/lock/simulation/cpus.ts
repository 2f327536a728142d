/** Work for CPUs. */
export interface Work {
  /** CPU-seconds that are left; `Infinity`: it never ends. */
  left: number
  /** How many cores it uses at the most: threads that run, or a limit. */
  cores: number
  /** Told once it is done. */
  readonly done?: () => void
}

/** Of the time in which some core has work for two, when all have some: the scheduler is not perfect. */
const unevenShare = 0.3

/**
 * The CPUs of a node, shared fairly, with the counters of the kernel: those of `/proc/stat` in jiffies, and those of
 * `/proc/pressure/cpu`.
 */
export class Cpus {
  cores: number
  readonly #work = new Set<Work>()
  #busyS = 0
  #idleS = 0
  #waitedS = 0

  constructor(cores: number) {
    this.cores = cores
  }

  /** Begins with some work; the function that is given back ends it. */
  run(work: Work): () => void {
    this.#work.add(work)
    return () => void this.#work.delete(work)
  }

  /** How many cores are wanted. */
  get wanted(): number {
    return this.#work.values().reduce((sum, { cores }) => sum + cores, 0)
  }

  /** Lets time pass. */
  pass(seconds: number): void {
    let capacity = this.cores * seconds
    const wants = Array.from(this.#work, (work) => ({ work, want: Math.min(work.cores * seconds, work.left) })).toSorted((a, b) => a.want - b.want)
    const wanted = wants.reduce((sum, { want }) => sum + want, 0)
    const share = Math.min(1, wanted / capacity)
    this.#waitedS += seconds * (wanted > capacity + 1e-9 ? 1 : unevenShare * share ** 4)
    let left = wants.length
    for (const { work, want } of wants) {
      const used = Math.min(want, capacity / left--)
      capacity -= used
      work.left -= used
    }
    this.#idleS += capacity
    this.#busyS += this.cores * seconds - capacity
    for (const { work } of wants) {
      if (work.left > 1e-9) continue
      this.#work.delete(work)
      work.done?.()
    }
  }

  /** What the kernel has counted: jiffies, and microseconds. */
  get counters(): { readonly busy: number; readonly idle: number; readonly waitedUs: number } {
    return { busy: Math.floor(100 * this.#busyS), idle: Math.floor(100 * this.#idleS), waitedUs: Math.floor(1e6 * this.#waitedS) }
  }
}
