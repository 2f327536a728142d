import type { Paint } from '../../terminal/paint.ts'
import { drawTable, type Row, rowsOf, withChange } from './table.ts'
import { aloneLine, type BootView } from './view.ts'

// Often enough for tenths of seconds to look alive, and no load to speak of.
const drawEveryMs = 200

const hideCursor = '\u{1b}[?25l'
const showCursor = '\u{1b}[?25h'
const clearLine = '\u{1b}[K'

// A terminal that does not say how large it is.
const usualColumns = 80

/** Shows a table that is drawn again in its place: for a terminal. */
export function liveView(stream: NodeJS.WriteStream, paint: Paint): BootView {
  let title = ''
  let rows: readonly Row[] = []
  let now: () => number = performance.now.bind(performance)
  let drawn = 0
  let timer: NodeJS.Timeout | undefined

  function draw(): void {
    // The last column stays free: some terminals wrap there.
    const lines = drawTable(title, rows, now(), (stream.columns || usualColumns) - 1, paint)
    const back = drawn === 0 ? '' : `\r\u{1b}[${drawn}A`
    stream.write(back + lines.map((line) => `${line}${clearLine}\n`).join(''))
    drawn = lines.length
  }
  // However the process ends, the cursor is there.
  const restore = (): void => void stream.write(showCursor)

  return {
    tellAlone: (alone) => void stream.write(`${aloneLine(alone)}\n`),
    begin(title_, pods, now_) {
      ;[title, rows, now, drawn] = [title_, rowsOf(pods), now_, 0]
      process.once('exit', restore)
      stream.write(`${hideCursor}\n`)
      draw()
      timer = setInterval(draw, drawEveryMs)
    },
    tell(change) {
      rows = withChange(rows, change)
    },
    end() {
      clearInterval(timer)
      draw()
      process.off('exit', restore)
      restore()
    },
  }
}
