/** Lines about what is waited for, which are of no use afterwards. */
export interface WaitingLines {
  show(lines: readonly string[]): Promise<void>
  /** Takes them away, so that something else can be written. */
  clear(): Promise<void>
}

// A terminal that does not say how wide it is.
const usualColumns = 80
const clearBelow = '\u{1b}[J'

/** On a terminal they are drawn in their place, again where they change; elsewhere each is written once, when it first holds. */
export function waitingLines(stream: NodeJS.WriteStream, write: (text: string) => Promise<void>): WaitingLines {
  return stream.isTTY ? drawn(stream, write) : writtenOnce(write)
}

function drawn(stream: NodeJS.WriteStream, write: (text: string) => Promise<void>): WaitingLines {
  let last: readonly string[] = []
  const back = (): string => (last.length === 0 ? '' : `\r\u{1b}[${last.length}A`)
  async function draw(lines: readonly string[]): Promise<void> {
    // The last column stays free: some terminals wrap there.
    const width = (stream.columns || usualColumns) - 1
    const text = `${back()}${clearBelow}${lines.map((line) => `${line.slice(0, width)}\n`).join('')}`
    last = lines
    await write(text)
  }
  return {
    async show(lines) {
      if (lines.join('\n') !== last.join('\n')) await draw(lines)
    },
    async clear() {
      if (last.length > 0) await draw([])
    },
  }
}

function writtenOnce(write: (text: string) => Promise<void>): WaitingLines {
  const written = new Set<string>()
  return {
    async show(lines) {
      const fresh = lines.filter((line) => !written.has(line))
      for (const line of fresh) written.add(line)
      if (fresh.length > 0) await write(`${fresh.join('\n')}\n`)
    },
    async clear() {},
  }
}
