import type { ReleaseCause } from '../queue/decisions.ts'
import type { StartState, StateView } from '../state-view.ts'

/** The starts of the last hour as bars over time. Times in milliseconds since 1970. */
export interface Timeline {
  readonly now: number
  readonly from: number
  readonly to: number
  /** The newest first. */
  readonly rows: readonly TimelineRow[]
  /** How many there are besides. */
  readonly more: { readonly waiting: number; readonly starts: number }
}

/** One start, or one who waits for it. */
export interface TimelineRow {
  readonly pod: string | null
  readonly arrivedAt: number
  readonly grantedAt?: number
  readonly grant?: StartState['grant']
  readonly endedAt?: number
  readonly cause?: ReleaseCause
  readonly bars: readonly Bar[]
}

/** What somebody did for a while. */
export interface Bar {
  readonly kind: BarKind
  readonly from: number
  readonly to: number
}

/** `expired`: the lease ended before anybody said that the pod is ready. `gone` has no length. */
export type BarKind = 'waiting' | 'holding' | 'ready' | 'expired' | 'gone'

const shownRows = 60
// Of those who wait, so that they do not hide what has happened.
const shownWaiting = 20
const leastSpanMs = 60_000
const mostSpanMs = 3_600_000
// Where nothing goes on any more, the end is in view with so much of the span after it.
const afterEnd = 0.1

const kinds: Readonly<Record<ReleaseCause, BarKind>> = {
  ready: 'ready',
  'given-back': 'ready',
  'blind-hold': 'ready',
  'lease-end': 'expired',
  'crash-loop': 'expired',
  gone: 'gone',
  unclaimed: 'gone',
}

/** Chooses what is shown, and over which span. */
export function timelineOf({ now, starts, waiters }: StateView): Timeline {
  const at = Date.parse(now)
  const waiting = waiters.slice(0, shownWaiting).map(({ pod, waitedSeconds }) => ({ pod, arrivedAt: at - waitedSeconds * 1_000, bars: [] }))
  const all = starts.map(readStart).toSorted(newestFirst)
  const begun = all.slice(0, shownRows - waiting.length)
  const chosen: readonly TimelineRow[] = [...waiting.toReversed(), ...begun]
  const span = spanOf(chosen, at)
  const nextOf = nextArrivals([...all, ...waiting])
  return {
    now: at,
    ...span,
    rows: chosen.map((row) => ({ ...row, bars: barsOf(row, nextOf(row) ?? at).flatMap((bar) => clip(bar, span)) })),
    more: { waiting: waiters.length - waiting.length, starts: all.length - begun.length },
  }
}

function readStart({ pod, grant, arrivedAt, grantedAt, endedAt, cause }: StartState): TimelineRow & { readonly grantedAt: number } {
  const ended = endedAt === undefined || cause === undefined ? {} : { endedAt: Date.parse(endedAt), cause }
  return { pod, grant, arrivedAt: Date.parse(arrivedAt), grantedAt: Date.parse(grantedAt), ...ended, bars: [] }
}

/** Those that go on come first of all: they must not be among those that are left out. */
function newestFirst(left: TimelineRow & { readonly grantedAt: number }, right: TimelineRow & { readonly grantedAt: number }): number {
  const isGoing = left.endedAt === undefined
  if (isGoing !== (right.endedAt === undefined)) return isGoing ? -1 : 1
  return right.grantedAt - left.grantedAt
}

function spanOf(rows: readonly TimelineRow[], now: number): { readonly from: number; readonly to: number } {
  const first = Math.max(now - mostSpanMs, Math.min(now, ...rows.map(({ arrivedAt }) => arrivedAt)))
  const last = Math.max(first, ...rows.map(({ endedAt }) => endedAt ?? now))
  const to = Math.min(now, Math.max(last + (last - first) * afterEnd, first + leastSpanMs))
  return { from: Math.min(first, to - leastSpanMs), to }
}

/** When a pod of the same name asked again: the one before is no more by then. */
function nextArrivals(starts: readonly TimelineRow[]): (row: TimelineRow) => number | undefined {
  const arrivals = Map.groupBy(starts.filter(({ pod }) => pod !== null), ({ pod }) => pod)
  return ({ pod, endedAt }) => {
    if (pod === null || endedAt === undefined) return undefined
    const later = arrivals.get(pod)?.map(({ arrivedAt }) => arrivedAt).filter((arrivedAt) => arrivedAt >= endedAt) ?? []
    return later.length === 0 ? undefined : Math.min(...later)
  }
}

function barsOf({ arrivedAt, grantedAt, endedAt, cause }: TimelineRow, end: number): readonly Bar[] {
  const waiting: Bar = { kind: 'waiting', from: arrivedAt, to: grantedAt ?? end }
  if (grantedAt === undefined) return [waiting]
  const holding: Bar = { kind: 'holding', from: grantedAt, to: endedAt ?? end }
  const before = arrivedAt === grantedAt ? [] : [waiting]
  if (endedAt === undefined || cause === undefined) return [...before, holding]
  const kind = kinds[cause]
  return [...before, holding, { kind, from: endedAt, to: kind === 'gone' ? endedAt : end }]
}

function clip({ kind, from, to }: Bar, span: { readonly from: number; readonly to: number }): readonly Bar[] {
  if (to < span.from || from > span.to) return []
  return [{ kind, from: Math.max(from, span.from), to: Math.min(to, span.to) }]
}

const tickSteps = [5, 10, 15, 30, 60, 120, 300, 600, 900].map((seconds) => seconds * 1_000)
// Their labels have room beside each other on a phone.
const mostTicks = 5

/** Round times within the span, at most five of them. */
export function ticksOf({ from, to }: { readonly from: number; readonly to: number }): readonly number[] {
  const count = (step: number): number => Math.floor(to / step) - Math.ceil(from / step) + 1
  const step = tickSteps.find((each) => count(each) <= mostTicks) ?? mostSpanMs
  return Array.from({ length: Math.max(0, count(step)) }, (_, index) => (Math.ceil(from / step) + index) * step)
}
