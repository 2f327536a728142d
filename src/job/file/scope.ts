import type { Variables } from './interpolate.ts'
import type { Report } from './report.ts'

/** What every part of reading a file has at hand. */
export interface Scope {
  readonly report: Report
  readonly variables: Variables
  /** The text of a file, by a path that is relative to the job file; undefined where there is none. It throws where it cannot be read. Undefined itself: no files are read. */
  readonly readFile: ((path: string) => string | undefined) | undefined
}
