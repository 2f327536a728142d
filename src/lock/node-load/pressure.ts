const someLine = /^some [^\n]*\btotal=(\d+)$/m

/**
 * Reads `/proc/pressure/cpu`: for how many microseconds since the boot some task has waited for a CPU. See the
 * kernel's Documentation/accounting/psi.rst.
 *
 * @returns undefined where the text is something else.
 */
export function parsePressure(text: string): number | undefined {
  const total = Number(someLine.exec(text)?.[1])
  return Number.isSafeInteger(total) ? total : undefined
}
