import { at, numberAt, textAt } from '../check/json-paths.ts'
import { timeAt } from '../job/instances/parts.ts'
import type { JsonObject } from '../units/json.ts'

/** What an Event says of an object. */
export interface Happening {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  readonly count: number
  /** When it happened last; milliseconds since 1970. */
  readonly lastMs: number
  /** `Pod/web-7d9f8-x2k4d` */
  readonly of: string
  readonly uid: string
}

/** Reads Events, those of one reason and message as one, the newest first. */
export function happenings(events: readonly JsonObject[]): readonly Happening[] {
  const all = new Map<string, Happening>()
  for (const event of events) {
    const read = readEvent(event)
    const key = JSON.stringify([read.uid, read.reason, read.message])
    const same = all.get(key)
    all.set(key, same === undefined ? read : { ...read, count: same.count + read.count, lastMs: Math.max(same.lastMs, read.lastMs) })
  }
  return [...all.values()].toSorted((left, right) => right.lastMs - left.lastMs)
}

function readEvent(event: JsonObject): Happening {
  // Events of the newer API have a series, and times of their own.
  const count = Math.max(1, numberAt(event, 'series', 'count'), numberAt(event, 'count'))
  const times = [timeAt(event, 'series', 'lastObservedTime'), timeAt(event, 'lastTimestamp'), timeAt(event, 'eventTime'), timeAt(event, 'firstTimestamp')]
  const object = at(event, 'involvedObject')
  return {
    type: textAt(event, 'type') === 'Warning' ? 'Warning' : 'Normal',
    reason: textAt(event, 'reason') ?? '',
    message: (textAt(event, 'message') ?? '').trim(),
    count,
    lastMs: Math.max(...times) || timeAt(event, 'metadata', 'creationTimestamp'),
    of: `${textAt(object, 'kind') ?? ''}/${textAt(object, 'name') ?? ''}`,
    uid: textAt(object, 'uid') ?? '',
  }
}
