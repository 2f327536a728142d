import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readPeriodMs, watchLoad } from '../../../src/lock/node-load/watch-load.ts'
import { defaultQueueSettings, unseenMs } from '../../../src/lock/queue/settings.ts'
import { type BootRecord, readBoots, type TracePoint } from '../../bench/boot/boot-record.ts'
import { pressureText, statText } from '../../support/proc-files.ts'
import { alike } from '../simulation/arbitrary-node.ts'
import { QueueLock } from '../simulation/queue-lock.ts'
import { randomOf, simulate } from '../simulation/simulate.ts'

// What the boots of the benchmark have recorded of a real node: bursts of some seconds, with a second or two between them.
const boots = readBoots(fileURLToPath(new URL('../../../docs/performance/boot.jsonl', import.meta.url)))

const settings = defaultQueueSettings
const { idleCores, pressureBound } = settings
/** Of the node on which they were recorded. */
const cores = 2
const mostAtOnce = Math.floor(cores / idleCores)

/** How far a figure may be from its bound for jiffies and windows to put it on the other side. */
const [coresOff, pressureOff] = [0.1, 3]
/** From a change until every reading of the last half second is of after it. */
const seenAfterMs = 500 + readPeriodMs

const isBusy = ({ idleCores: idle, pressure }: TracePoint): boolean => idle < idleCores - coresOff || pressure > pressureBound + pressureOff
const isQuiet = ({ idleCores: idle, pressure }: TracePoint): boolean => idle >= idleCores + coresOff && pressure <= pressureBound - pressureOff

t.test('there are boots of each kind', async (t) => {
  t.ok(boots.length >= 10, `${boots.length} boots`)
  t.ok(boots.some(({ trace }) => stretches(trace, isQuiet).length >= 10), 'one at least goes to and fro')
})

for (const boot of boots) {
  t.test(`${nameOf(boot)}: grants nobody into a busy node, and does not starve on a quiet one`, async (t) => {
    const granted = replay(boot.trace)
    for (const { from, to } of stretches(boot.trace, isBusy)) {
      const into = granted.filter((at) => at >= from + seenAfterMs && at < to)
      t.strictSame(into, [], `busy from ${from} to ${to} ms`)
    }
    for (const { from, to } of stretches(boot.trace, isQuiet)) {
      const during = granted.filter((at) => at >= from && at <= to).length
      const least = Math.floor((to - from - seenAfterMs) / (unseenMs + readPeriodMs))
      t.ok(during >= least, `${during} of at least ${least}: quiet from ${from} to ${to} ms`)
    }
    for (const at of granted) t.ok(granted.filter((other) => other <= at && at - other < unseenMs).length <= mostAtOnce, `no herd at ${at} ms`)
  })

  t.test(`${nameOf(boot)}, as what other work does beside starters: all get up, and no more work at once than the cores explain`, async (t) => {
    const other = otherOf(boot.trace)
    const lock = new QueueLock(settings)
    let [most, since, grants, longestIdleS] = [0, 0, 0, 0]
    const starts = simulate({
      cores,
      starters: alike(12, { createdAt: 0, workS: 4 }),
      lock,
      random: randomOf(1),
      other,
      look({ at, starts, cpus }) {
        most = Math.max(most, starts.filter(({ beganAt, doneAt }) => beganAt <= at && doneAt > at).length)
        const isWanted = lock.queue.waitingCount > 0 && cpus.cores - cpus.wanted >= 1
        if (!isWanted || lock.granted.length > grants) since = at
        grants = lock.granted.length
        longestIdleS = Math.max(longestIdleS, at - since)
      },
    })
    t.ok(starts.every(({ readyAt }) => readyAt < Infinity), 'all are up')
    t.ok(most <= settings.permits + mostAtOnce, `${most} work at once`)
    t.ok(longestIdleS <= (unseenMs + seenAfterMs + readPeriodMs) / 1_000, `somebody waited beside an idle core for ${longestIdleS} s`)
    for (const { at, grant } of lock.granted) {
      const wasFree = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7].some((before) => other(at - before) <= cores - idleCores)
      if (grant === 'idle-core') t.ok(wasFree, `the other work left a core before ${at} s`)
    }
  })
}

function nameOf({ round, variant, mode }: BootRecord): string {
  return `round ${round}, ${variant}, ${mode}`
}

/** When further ones would have been granted, in milliseconds of the trace, of many who wait and never end. */
function replay(trace: readonly TracePoint[]): readonly number[] {
  const lock = new QueueLock({ ...settings, identifiedLeaseMs: 3_600_000 })
  const [first, last] = [beginOf(trace), trace.at(-1)?.atMs ?? 0]
  let now = first
  let next = (): void => {}
  const clock = { now: () => now, after: (_ms: number, call: () => void) => ((next = call), () => {}) }
  const counters = countersOf(trace)
  const read = (path: string): string => {
    const { busy, idle, waitedUs } = counters(now)
    return path === '/proc/stat' ? statText(busy, idle, cores) : pressureText(waitedUs)
  }
  for (let pod = 0; pod < 500; pod++) lock.ask(`pod-${pod}`, now, () => {})
  watchLoad({ clock, read }, (reading) => lock.load(reading, now), () => {})
  while (now + readPeriodMs <= last) {
    lock.pass(now + readPeriodMs - 1)
    now += readPeriodMs
    next()
  }
  return lock.granted.filter(({ grant }) => grant === 'idle-core').map(({ at }) => Math.round(1_000 * at))
}

/** What the kernel had counted at a time, as the figures of each second have it. */
function countersOf(trace: readonly TracePoint[]): (at: number) => { readonly busy: number; readonly idle: number; readonly waitedUs: number } {
  return (at) => {
    let [busyMs, idleMs, waitedUs, from] = [0, 0, 0, beginOf(trace)]
    for (const { atMs, idleCores: idle, pressure } of trace) {
      const part = Math.max(0, Math.min(at, atMs) - from)
      idleMs += idle * part
      busyMs += (cores - idle) * part
      waitedUs += 10 * pressure * part
      from = atMs
    }
    return { busy: Math.floor(busyMs / 10), idle: Math.floor(idleMs / 10), waitedUs: Math.floor(waitedUs) }
  }
}

/** The cores that were taken at a time, in seconds; none after the trace. */
function otherOf(trace: readonly TracePoint[]): (at: number) => number {
  return (at) => {
    const point = trace.find(({ atMs }) => atMs > 1_000 * at)
    return point === undefined ? 0 : cores - point.idleCores
  }
}

/** Each point tells of the second before it. */
function beginOf([first]: readonly TracePoint[]): number {
  return (first?.atMs ?? 0) - 1_000
}

/** Stretches of seconds that are all like that, in milliseconds. */
function stretches(trace: readonly TracePoint[], is: (point: TracePoint) => boolean): readonly { readonly from: number; readonly to: number }[] {
  const all: { from: number; to: number }[] = []
  for (const [index, point] of trace.entries()) {
    if (!is(point)) continue
    const from = trace[index - 1]?.atMs ?? beginOf(trace)
    const before = all.at(-1)
    if (before?.to === from) before.to = point.atMs
    else all.push({ from, to: point.atMs })
  }
  return all
}
