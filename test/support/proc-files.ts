/** Files of `/proc`, as a test wants them; undefined where one cannot be read. */
export interface ProcFiles {
  stat: string | undefined
  pressure: string | undefined
}

/** The text of `/proc/stat` where all cores together were busy, and idle, for so many jiffies. */
export function statText(busy: number, idle: number, cores = 4): string {
  const each = Array.from({ length: cores }, (_, core) => `cpu${core} 0 0 0 0 0 0 0 0 0 0\n`)
  return `cpu  ${busy} 0 0 ${idle} 0 0 0 0 0 0\n${each.join('')}intr 1 0\n`
}

/** The text of `/proc/pressure/cpu` where some task has waited for so many microseconds. */
export function pressureText(us: number): string {
  return `some avg10=0.00 avg60=0.00 avg300=0.00 total=${us}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n`
}

/** Reads them as the kernel's. */
export function readFrom(files: ProcFiles): (path: string) => string | undefined {
  return (path) => {
    switch (path) {
      case '/proc/stat':
        return files.stat
      case '/proc/pressure/cpu':
        return files.pressure
      default:
        throw new Error(`nobody should read ${path}`)
    }
  }
}
