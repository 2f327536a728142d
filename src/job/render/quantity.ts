const units = [
  ['Ti', 1_024 ** 4],
  ['Gi', 1_024 ** 3],
  ['Mi', 1_024 ** 2],
  ['Ki', 1_024],
] as const

/** Bytes as Kubernetes reads them: `2Gi`, or plain where no unit divides them. */
export function bytesQuantity(bytes: number): string {
  const whole = Math.ceil(bytes)
  const unit = units.find(([, size]) => whole >= size && whole % size === 0)
  return unit === undefined ? String(whole) : `${whole / unit[1]}${unit[0]}`
}

/** Cores as Kubernetes reads them: `2`, `500m`; of more than a thousandth the next one, for there is nothing smaller. */
export function coresQuantity(cores: number): string {
  // 0.1 + 0.2 is not 0.3: less than a millionth of a core is the arithmetic's.
  const thousandths = Math.max(1, Math.ceil(cores * 1_000 - 0.001))
  return thousandths % 1_000 === 0 ? String(thousandths / 1_000) : `${thousandths}m`
}
