/** Replaces a part of a text. */
export interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
  /** How deep in the document the change is; of insertions at one place, the deeper one comes first. */
  readonly depth: number
  /** Whether it cuts whole lines out. */
  readonly lines: boolean
}

/**
 * Makes all splices of a text. They must not overlap.
 *
 * Several insertions may meet in one place: a block map ends where the map in its last pair ends. The deeper one
 * comes first then, and of equally deep ones the one that came first.
 */
export function applySplices(text: string, splices: readonly Splice[]): string {
  const ordered = closeLastLine(text, splices).toSorted(
    (left, right) => left.start - right.start || left.end - right.end || right.depth - left.depth,
  )
  let result = ''
  let done = 0
  for (const { start, end, text: inserted } of ordered) {
    if (start < done) throw new Error(`two edits overlap at ${start}`)
    result += text.slice(done, start) + inserted
    done = end
  }
  return result + text.slice(done)
}

/** Where the last lines go and the text does not end in a line break, the break before them goes, too. */
function closeLastLine(text: string, splices: readonly Splice[]): readonly Splice[] {
  if (text.endsWith('\n')) return splices
  let end = text.length
  const last: Splice[] = []
  for (;;) {
    const next = splices.find((splice) => splice.lines && splice.end === end && splice.start < end)
    if (next === undefined) break
    last.push(next)
    end = next.start
  }
  if (last.length === 0 || end === 0) return splices
  const start = text[end - 2] === '\r' ? end - 2 : end - 1
  const others = splices.filter((splice) => !last.includes(splice))
  return [...others, { start, end: text.length, text: '', depth: 0, lines: true }]
}
