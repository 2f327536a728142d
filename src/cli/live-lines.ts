import type { OutputFlow } from './output-flow.ts'

/** Lines that are shown again and again, as they are by now. */
export interface LiveLines {
  show(lines: readonly string[]): Promise<void>
  /** Something failed; what was shown last stays, and is old. */
  fail(message: string): Promise<void>
  end(): void
}

const hideCursor = '\u{1b}[?25l'
const showCursor = '\u{1b}[?25h'
const clearLine = '\u{1b}[K'
const clearBelow = '\u{1b}[J'

// A terminal that does not say how large it is.
const usualColumns = 80
const usualRows = 24

/** On a terminal they are drawn again in their place; elsewhere they are written one below the other, with the time. */
export function liveLines(stream: NodeJS.WriteStream, flow: OutputFlow, now: () => Date = () => new Date()): LiveLines {
  return stream.isTTY ? drawnAgain(stream, flow, now) : oneBelowTheOther(flow, now)
}

function drawnAgain(stream: NodeJS.WriteStream, flow: OutputFlow, now: () => Date): LiveLines {
  let drawn = 0
  let last: readonly string[] = []
  // However the process ends, the cursor is there.
  const restore = (): void => void stream.write(showCursor)
  process.once('exit', restore)

  async function draw(lines: readonly string[]): Promise<void> {
    // The last column stays free: some terminals wrap there. So does the last row, which the cursor stands in.
    const width = (stream.columns || usualColumns) - 1
    const room = Math.max(2, (stream.rows || usualRows) - 1)
    const left = lines.length - room
    const shown = left <= 0 ? lines : [...lines.slice(0, room - 1), `… ${left + 1} more lines: the terminal has no room`]
    const back = drawn === 0 ? hideCursor : `\r\u{1b}[${drawn}A`
    drawn = shown.length
    await flow.write(`${back}${shown.map((line) => `${line.slice(0, width)}${clearLine}\n`).join('')}${clearBelow}`)
  }
  return {
    show: (lines) => draw([timeOf(now()), '', ...(last = lines)]),
    fail: (message) => draw([`${timeOf(now())}  ${message}`, '', ...last]),
    end() {
      process.off('exit', restore)
      restore()
    },
  }
}

function oneBelowTheOther(flow: OutputFlow, now: () => Date): LiveLines {
  return {
    show: (lines) => flow.write([timeOf(now()), ...lines, '', ''].join('\n')),
    fail: (message) => flow.write(`${timeOf(now())}  ${message}\n\n`),
    end() {},
  }
}

function timeOf(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z')
}
