/**
 * What stands on a terminal after a text was written to it, from the first line that has scrolled out at its top; without
 * empty lines at the end. It knows of the control sequences what usher writes without colours: those that move up, and clear
 * what is below.
 */
export function screenOf(text: string, columns: number, rows: number): readonly string[] {
  const lines: string[] = ['']
  let [row, column] = [0, 0]
  // It begins at the top; the first row that can be reached moves on as lines scroll out.
  const top = (): number => Math.max(0, lines.length - rows)
  function feed(): void {
    row++
    if (row === lines.length) lines.push('')
  }
  // oxlint-disable-next-line no-control-regex -- control sequences are what it is about
  for (const [part, up, below, control] of text.matchAll(/\u{1b}\[(\d+)A|(\u{1b}\[J)|([\r\n])|[^]/gu)) {
    if (up !== undefined) row = Math.max(top(), row - Number(up))
    else if (below !== undefined) {
      lines.splice(row + 1)
      lines[row] = (lines[row] ?? '').slice(0, column)
    } else if (control === '\r') column = 0
    else if (control === '\n') feed()
    else {
      if (column === columns) {
        feed()
        column = 0
      }
      const line = (lines[row] ?? '').padEnd(column)
      lines[row] = line.slice(0, column) + part + line.slice(column + 1)
      column++
    }
  }
  return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1)
}
