import type { LogLine } from './log-lines.ts'

/** A log that is read, and of whom it is. */
export interface LogStream<T> {
  readonly of: T
  readonly lines: AsyncIterator<readonly LogLine[]>
}

/** A line, and of whom it is. */
export interface OwnedLine<T> {
  readonly of: T
  readonly line: LogLine
}

/**
 * Puts logs that end into one, by the times of their lines. Of each no more is read than is needed for the next line.
 * Lines without a time stay behind the one before them.
 */
export async function* mergeLines<T>(streams: readonly LogStream<T>[]): AsyncGenerator<OwnedLine<T>> {
  const heads = (await Promise.all(streams.map((stream) => nextHead({ ...stream, lines: stream.lines, batch: [], at: 0, time: 0n })))).filter((head) => head !== undefined)
  while (heads.length > 0) {
    const index = earliest(heads)
    const head = heads[index]
    const line = head?.batch[head.at]
    if (head === undefined || line === undefined) return
    yield { of: head.of, line }
    // oxlint-disable-next-line no-await-in-loop -- the next line is not known before
    const next = await nextHead({ ...head, at: head.at + 1 })
    if (next === undefined) heads.splice(index, 1)
    else heads[index] = next
  }
}

interface Head<T> extends LogStream<T> {
  readonly batch: readonly LogLine[]
  readonly at: number
  /** Of the line, or of one before it. */
  readonly time: bigint
}

async function nextHead<T>(head: Head<T>): Promise<Head<T> | undefined> {
  let { batch, at } = head
  while (at >= batch.length) {
    // oxlint-disable-next-line no-await-in-loop -- a chunk may have no whole line
    const { value, done } = await head.lines.next()
    if (done === true) return undefined
    batch = value
    at = 0
  }
  return { ...head, batch, at, time: batch[at]?.time ?? head.time }
}

function earliest<T>(heads: readonly Head<T>[]): number {
  let best = 0
  for (const [index, { time }] of heads.entries()) if (time < (heads[best]?.time ?? time)) best = index
  return best
}
