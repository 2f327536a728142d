/** Milliseconds of the machine's monotonic clock; the same in every thread and process. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
