import type { Content, Html } from './html.ts'
import { table } from './table.ts'
import type { Timeline, TimelineRow } from './timeline.ts'
import { causeWords, clock, podName, span } from './words.ts'

/** What the picture of the last hour shows, for who does not see it. */
export function startsTable({ rows, now }: Timeline): Html {
  const columns = [
    { title: 'Pod', isRowName: true },
    { title: 'Came (UTC)', isNumber: true },
    { title: 'Waited', isNumber: true },
    { title: 'Held the lock', isNumber: true },
    { title: 'Outcome' },
  ]
  const caption = 'Starts of the last hour, the newest first'
  return table({ name: 'starts', caption, columns, rows: rows.map((row) => cells(row, now)) })
}

function cells({ pod, arrivedAt, grantedAt, endedAt, cause }: TimelineRow, now: number): readonly Content[] {
  const waited = span(((grantedAt ?? now) - arrivedAt) / 1_000)
  if (grantedAt === undefined) return [podName(pod), clock(arrivedAt), waited, '', 'waits']
  const held = span(((endedAt ?? now) - grantedAt) / 1_000)
  return [podName(pod), clock(arrivedAt), waited, held, cause === undefined ? 'holds the lock' : causeWords[cause]]
}
