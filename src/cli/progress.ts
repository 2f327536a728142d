/** Shows on a terminal how far long work is. */
export interface Progress {
  bytes(count: number): void
  /** Takes the line away, so that something else can be written. */
  clear(): void
  end(): void
}

// Shorter work is over before anybody asks.
const patienceMs = 2_000
const everyMs = 500

/** Progress on a terminal; nothing where the stream is none. */
export function showProgress(stream: NodeJS.WriteStream): Progress {
  let sum = 0
  let shown = false
  let next = performance.now() + patienceMs
  function clear(): void {
    if (shown) stream.write('\r\u{1b}[K')
    shown = false
  }
  return {
    bytes(count) {
      sum += count
      if (!stream.isTTY || performance.now() < next) return
      next = performance.now() + everyMs
      stream.write(`\r${(sum / 1_000_000).toFixed(0)} MB read`)
      shown = true
    },
    clear,
    end: clear,
  }
}
