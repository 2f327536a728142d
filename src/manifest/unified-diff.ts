import { structuredPatch } from 'diff'

/**
 * The lines of a unified diff, as `patch -p0` takes them; none where the texts are the same.
 *
 * @param name of the file, as it stands in the header.
 */
export function unifiedDiff(name: string, before: string, after: string): readonly string[] {
  if (before === after) return []
  // As GNU diff does: behind a tab nothing belongs to the name, which otherwise ends at its first space.
  const shown = name.includes(' ') ? `${name}\t` : name
  const { hunks } = structuredPatch(name, name, before, after, '', '', { context: 3 })
  return [
    `--- ${shown}`,
    `+++ ${shown}`,
    ...hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
      `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`,
      ...lines,
    ]),
  ]
}
