import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { earlierLogFolder, logFolder } from './folders.ts'

/** How many lines of each log tell what went wrong, mostly. */
const shownLines = 15
// More than that many lines take.
const tailLength = 16_384

/** The last lines of every part's log, each under its file's name. */
export function lastLogLines(): string {
  if (!existsSync(logFolder)) return `no logs in ${logFolder}`
  return readdirSync(logFolder).toSorted().map((name) => {
    const file = join(logFolder, name)
    return `==> ${file}\n${tail(file).split('\n').slice(-shownLines).join('\n')}`
  }).join('\n\n')
}

/** Makes room for the logs of a new cluster; those of the one before are kept beside them. */
export function rotateLogs(): void {
  if (!existsSync(logFolder)) return
  rmSync(earlierLogFolder, { recursive: true, force: true })
  renameSync(logFolder, earlierLogFolder)
}

function tail(file: string): string {
  const descriptor = openSync(file, 'r')
  try {
    const { size } = fstatSync(descriptor)
    const buffer = Buffer.alloc(Math.min(size, tailLength))
    readSync(descriptor, buffer, 0, buffer.length, size - buffer.length)
    return buffer.toString('utf8').trimEnd()
  } finally {
    closeSync(descriptor)
  }
}
