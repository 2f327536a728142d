/** A line of a log, without its end. */
export interface LogLine {
  /** When it was written, in nanoseconds since 1970; undefined: the kubelet has not said. */
  readonly time: bigint | undefined
  /** As it was written: what opens a log again begins there. */
  readonly timeText: string
  readonly text: string
}

// A container may write what it likes; what is longer is given in pieces.
const longestLine = 1024 * 1024

/** Splits a log with times (`timestamps=true`) into its lines, those of each chunk together. The last may have no end. */
export async function* logLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly LogLine[]> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    if (rest.length > longestLine) {
      parts.push(rest)
      rest = ''
    }
    if (parts.length > 0) yield parts.map(readLine)
  }
  const last = rest + decoder.decode()
  if (last !== '') yield [readLine(last)]
}

function readLine(line: string): LogLine {
  const at = line.indexOf(' ')
  const timeText = at < 0 ? line : line.slice(0, at)
  const time = readTime(timeText)
  // A line that is empty has its time all the same, and what is not of the kubelet has none.
  return time === undefined ? { time, timeText: '', text: line } : { time, timeText, text: at < 0 ? '' : line.slice(at + 1).replace(/\r$/, '') }
}

const timeForm = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/

/** Reads an RFC 3339 time, as nodes of any time zone write it. */
function readTime(text: string): bigint | undefined {
  const [, seconds, fraction = '', zone] = timeForm.exec(text) ?? []
  if (seconds === undefined || zone === undefined) return undefined
  const ms = Date.parse(seconds + zone)
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}
