const minute = 60
const hour = 60 * minute
const day = 24 * hour

/**
 * Writes how long something has lasted, in at most two units, as kubectl does: `95s`, `5m12s`, `3h20m`, `12d`.
 *
 * @param seconds from 0; what is no number is `-`.
 */
export function formatAge(seconds: number): string {
  if (!Number.isFinite(seconds)) return '-'
  const whole = Math.max(0, Math.floor(seconds))
  if (whole < 2 * minute) return `${whole}s`
  if (whole < 10 * minute) return two(whole, minute, 'm', 1, 's')
  if (whole < 3 * hour) return `${Math.floor(whole / minute)}m`
  if (whole < 8 * hour) return two(whole, hour, 'h', minute, 'm')
  if (whole < 2 * day) return `${Math.floor(whole / hour)}h`
  if (whole < 8 * day) return two(whole, day, 'd', hour, 'h')
  return `${Math.floor(whole / day)}d`
}

function two(seconds: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((seconds % large) / small)
  return `${Math.floor(seconds / large)}${largeName}${rest === 0 ? '' : `${rest}${smallName}`}`
}
