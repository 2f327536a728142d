/** Lines about what is waited for, which are of no use afterwards. */
export interface WaitingLines {
  show(lines: readonly string[]): Promise<void>
  /** Takes them away, so that something else can be written. */
  clear(): Promise<void>
}

// A terminal that does not say how large it is.
const usualColumns = 80
const usualRows = 24
const clearBelow = '\u{1b}[J'

/** On a terminal they are drawn in their place, again where they change; elsewhere each is written once, when it first holds. */
export function waitingLines(stream: NodeJS.WriteStream, write: (text: string) => Promise<void>): WaitingLines {
  return stream.isTTY ? drawn(stream, write) : writtenOnce(write)
}

function drawn(stream: NodeJS.WriteStream, write: (text: string) => Promise<void>): WaitingLines {
  let wanted: readonly string[] = []
  let last: readonly string[] = []
  async function draw(lines: readonly string[]): Promise<void> {
    const columns = stream.columns || usualColumns
    // Of a terminal that has become narrower since, a line may take several rows.
    const rows = last.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 0)
    last = fitting(lines, columns, stream.rows || usualRows)
    await write(`${rows === 0 ? '' : `\r\u{1b}[${rows}A`}${clearBelow}${last.map((line) => `${line}\n`).join('')}`)
  }
  return {
    async show(lines) {
      if (lines.join('\n') === wanted.join('\n')) return
      wanted = lines
      await draw(lines)
    },
    async clear() {
      wanted = []
      if (last.length > 0) await draw([])
    },
  }
}

/** What has scrolled out of a terminal cannot be drawn again, so no more is shown than it has rows. */
function fitting(lines: readonly string[], columns: number, rows: number): readonly string[] {
  // The last column stays free: some terminals wrap there. So does the last row, which the cursor stands in.
  const room = Math.max(2, rows - 1)
  const left = lines.length - room
  const shown = left <= 0 ? lines : [...lines.slice(0, room - 1), `… ${left + 1} more: the terminal has no room`]
  return shown.map((line) => line.slice(0, Math.max(1, columns - 1)).toWellFormed())
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
