/**
 * Lays rows out in columns, three spaces apart, as kubectl does. What names itself in the cluster may hold what would
 * steer a terminal: it is shown as `?`.
 */
export function columns(rows: readonly (readonly string[])[], indent = ''): readonly string[] {
  const clean = rows.map((row) => row.map(printable))
  const widths = (clean[0] ?? []).map((_cell, index) => Math.max(...clean.map((row) => row[index]?.length ?? 0)))
  return clean.map((row) => (indent + row.map((cell, index) => cell.padEnd((widths[index] ?? 0) + 3)).join('')).trimEnd())
}

/** A text without control characters. */
export function printable(text: string): string {
  // Control characters, and those that turn the direction of what follows.
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '?')
}
