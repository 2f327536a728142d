/**
 * How amounts of bytes are written: as Kubernetes does, where `G` is decimal and `Gi` binary; or as Compose does, where `G` is
 * binary.
 */
export type AmountStyle = 'kubernetes' | 'compose'

/** In which powers amounts of bytes are written: of 1,000 or of 1,024. */
export type Base = 'decimal' | 'binary'

/** How amounts are written: as whoever asks for them has written them. */
export interface AmountWriting {
  readonly style: AmountStyle
  readonly memory: Base
  readonly disk: Base
}

/** Which way a number is shortened. */
export type Rounding = 'up' | 'down'

const letters = ['', 'k', 'M', 'G', 'T', 'P'] as const

/** An amount of a resource: `512Mi`, `1.5` cores, `3` pieces. Of bytes in the largest unit of which there is one at least, with two digits behind the point at the most. */
export function amountText(resource: string, amount: number, writing: AmountWriting, rounding: Rounding): string {
  if (resource === 'cpu') return coresText(amount)
  if (!isOfBytes(resource)) return String(amount)
  const base = baseOf(resource, writing)
  return bytesIn(amount, unitFor(amount, base), base, writing.style, rounding)
}

/**
 * Two amounts of a resource in the same unit: what is required, which is more than what there is. With so many digits that
 * they are not written the same.
 */
export function comparedText(resource: string, required: number, available: number, writing: AmountWriting): readonly [string, string] {
  if (resource === 'cpu') return [`${required / 1_000} ${required === 1_000 ? 'core' : 'cores'}`, String(available / 1_000)]
  if (!isOfBytes(resource)) return [String(required), String(available)]
  const base = baseOf(resource, writing)
  for (let power = unitFor(required, base); power > 0; power--) {
    const texts = [bytesIn(required, power, base, writing.style, 'up'), bytesIn(available, power, base, writing.style, 'down')] as const
    if (texts[0] !== texts[1]) return [texts[0], available === 0 ? '0' : texts[1]]
  }
  return [String(required), String(available)]
}

/** What people call a resource. */
export function wordOf(resource: string): string {
  if (resource === 'cpu') return 'CPU'
  return resource === 'ephemeral-storage' ? 'disk' : resource
}

function isOfBytes(resource: string): boolean {
  return resource === 'memory' || resource === 'ephemeral-storage' || resource.startsWith('hugepages-')
}

function baseOf(resource: string, { memory, disk }: AmountWriting): Base {
  return resource === 'ephemeral-storage' ? disk : memory
}

/** Cores, of thousandths: `250m`, `1.5`, `4`. */
function coresText(milli: number): string {
  return Math.abs(milli) < 1_000 && milli !== 0 ? `${milli}m` : String(milli / 1_000)
}

/** How often the base is multiplied with itself, for a number of bytes. */
function unitFor(bytes: number, base: Base): number {
  const step = base === 'binary' ? 1_024 : 1_000
  let power = 0
  for (let size = Math.abs(bytes); size >= step && power < letters.length - 1; size /= step) power++
  return power
}

function bytesIn(bytes: number, power: number, base: Base, style: AmountStyle, rounding: Rounding): string {
  // Whole numbers: 1.1 × 100 is more than 110 in floating point, and would be rounded up.
  const unit = (base === 'binary' ? 1_024n : 1_000n) ** BigInt(power)
  const hundredths = (BigInt(bytes) * 100n + (rounding === 'up' ? unit - 1n : 0n)) / unit
  return `${Number(hundredths) / 100}${suffixOf(power, base, style)}`
}

function suffixOf(power: number, base: Base, style: AmountStyle): string {
  const letter = letters[power] ?? ''
  if (letter === '') return ''
  if (style === 'compose') return letter.toUpperCase()
  return base === 'binary' ? `${letter.toUpperCase()}i` : letter
}
