import { type InspectColor, styleText } from 'node:util'

/** How text is coloured: not at all where nobody would see it. */
export type Paint = (color: InspectColor, text: string) => string

/** Colours for a terminal; honours NO_COLOR and the like. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  return (color, text) => styleText(color, text, { stream })
}

/** Colours a line of a unified diff. */
export function paintDiffLine(line: string, paint: Paint): string {
  if (line.startsWith('+++ ') || line.startsWith('--- ')) return paint('bold', line)
  if (line.startsWith('@@')) return paint('cyan', line)
  if (line.startsWith('+')) return paint('green', line)
  return line.startsWith('-') ? paint('red', line) : line
}
