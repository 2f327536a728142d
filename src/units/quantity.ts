/** An exact amount, in units of 10⁻⁹. */
export type Nano = bigint

const form = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d{1,3}))?$/

const binary: Readonly<Record<string, bigint>> = {
  Ki: 2n ** 10n,
  Mi: 2n ** 20n,
  Gi: 2n ** 30n,
  Ti: 2n ** 40n,
  Pi: 2n ** 50n,
  Ei: 2n ** 60n,
}

const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }

// Longer than any that Kubernetes writes; keeps hostile ones cheap.
const maxLength = 64

/**
 * Reads a quantity as Kubernetes does (k8s.io/apimachinery/pkg/api/resource): `100m`, `1Gi`, `1e3`, `0.5`, or a
 * JSON number. What is finer than 10⁻⁹ is rounded away from zero, as there.
 *
 * @returns undefined where it is not a quantity.
 */
export function parseQuantity(value: unknown): Nano | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const text = String(value)
  const match = text.length > maxLength ? null : form.exec(text)
  if (match === null) return undefined
  const [, sign, digits = '', binarySuffix, decimalSuffix, exponent] = match
  const [whole = '', fraction = ''] = digits.split('.')
  const factor = binarySuffix === undefined ? 1n : (binary[binarySuffix] ?? 1n)
  const power = decimalSuffix === undefined ? Number(exponent ?? 0) : (decimal[decimalSuffix] ?? 0)
  const amount = BigInt(`0${whole}${fraction}`) * factor
  const size = scale(amount, power - fraction.length + 9)
  return sign === '-' ? -size : size
}

function scale(amount: bigint, power: number): bigint {
  if (power >= 0) return amount * 10n ** BigInt(power)
  const divisor = 10n ** BigInt(-power)
  return (amount + divisor - 1n) / divisor
}

const perUnit = 10n ** 9n
const perMilli = 10n ** 6n

/** Of cores, in thousandths, rounded up, as the scheduler counts them (`MilliValue`); no more than a JSON number carries. */
export function milliOf(amount: Nano): number {
  return wholes(amount, perMilli)
}

/** In whole units, rounded up, as the scheduler counts all else (`Value`); no more than a JSON number carries. */
export function unitsOf(amount: Nano): number {
  return wholes(amount, perUnit)
}

function wholes(amount: Nano, divisor: bigint): number {
  const rounded = amount > 0n ? (amount + divisor - 1n) / divisor : amount / divisor
  const most = BigInt(Number.MAX_SAFE_INTEGER)
  return Number(rounded > most ? most : rounded < -most ? -most : rounded)
}
