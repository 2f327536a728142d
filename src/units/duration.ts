const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }

// Longer than any duration that somebody means; keeps the expressions below cheap on hostile input.
const maxLength = 32
const wholeText = /^(?:\d+(?:\.\d+)?(?:h|ms|m|s))+$/
const onePart = /(\d+(?:\.\d+)?)(h|ms|m|s)/g

/**
 * Reads a duration as Kubernetes users write it (Go's form): `90s`, `5m`, `1h30m`, `1.5s`, `0s`.
 *
 * @returns milliseconds, or undefined where the text is not a duration; never negative.
 */
export function parseDuration(text: string): number | undefined {
  if (text.length > maxLength || !wholeText.test(text)) return undefined
  let sum = 0
  for (const [, amount, unit] of text.matchAll(onePart)) {
    sum += Number(amount) * (unitMs[unit ?? ''] ?? Number.NaN)
  }
  return Number.isSafeInteger(Math.ceil(sum)) ? sum : undefined
}

/** As {@link parseDuration}, in whole seconds, rounded up. */
export function parseSeconds(text: string): number | undefined {
  const ms = parseDuration(text)
  return ms === undefined ? undefined : Math.ceil(ms / 1_000)
}

/** Writes whole seconds as {@link parseDuration} reads them: `90s`. */
export function formatSeconds(seconds: number): string {
  return `${seconds}s`
}
