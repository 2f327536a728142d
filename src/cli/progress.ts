/** Shows on a terminal how far long work is. */
export interface Progress {
  bytes(count: number): void
  /** Of a number of steps, how many are done: `12 of 300 pods tried`. */
  steps(done: number, of: number, what: string): void
  /** Takes the line away, so that something else can be written. */
  clear(): void
  end(): void
}

// Shorter work is over before anybody asks.
const patienceMs = 2_000
const everyMs = 500
const clearLine = '\r\u{1b}[K'

/** Progress on a terminal; nothing where the stream is none. */
export function showProgress(stream: NodeJS.WriteStream): Progress {
  let sum = 0
  let shown = false
  let next = performance.now() + patienceMs
  function clear(): void {
    if (shown) stream.write(clearLine)
    shown = false
  }
  function show(text: string): void {
    if (!stream.isTTY || performance.now() < next) return
    next = performance.now() + everyMs
    stream.write(`\r${text}`)
    shown = true
  }
  return {
    bytes(count) {
      sum += count
      show(`${(sum / 1_000_000).toFixed(0)} MB read`)
    },
    steps: (done, of, what) => show(`${done} of ${of} ${what}`),
    clear,
    end: clear,
  }
}

/** Shows on a terminal what is waited for. */
export interface Pending {
  begun(what: string): void
  ended(what: string): void
  end(): void
}

// Often enough to be read, and seldom enough not to flicker.
const drawnEveryMs = 100
// A terminal that does not say how wide it is.
const usualColumns = 80

/** What is waited for, in one line on a terminal, which goes away in the end; nothing where the stream is none. */
export function showPending(stream: NodeJS.WriteStream): Pending {
  const waited = new Map<string, number>()
  let answered = 0
  let timer: NodeJS.Timeout | undefined
  let shown = false

  function draw(): void {
    timer = undefined
    const line = `asking: ${[...waited.keys()].join(', ')}`
    const tail = ` (${answered} answered)`
    const room = (stream.columns || usualColumns) - 1 - tail.length
    stream.write(`${clearLine}${line.length <= room ? line : `${line.slice(0, Math.max(0, room - 1))}…`}${tail}`)
    shown = true
  }

  function drawSoon(): void {
    if (stream.isTTY) timer ??= setTimeout(draw, drawnEveryMs)
  }

  return {
    begun(what) {
      waited.set(what, (waited.get(what) ?? 0) + 1)
      drawSoon()
    },
    ended(what) {
      const left = (waited.get(what) ?? 1) - 1
      if (left === 0) waited.delete(what)
      else waited.set(what, left)
      answered++
      drawSoon()
    },
    end() {
      clearTimeout(timer)
      if (shown) stream.write(clearLine)
      shown = false
    },
  }
}
