import type { Job } from '../job.ts'
import type { Variables } from './interpolate.ts'
import { parseFile } from './parse-file.ts'
import { readJob } from './read-job.ts'
import type { FileProblem } from './report.ts'

/** What a job file holds, or all that is wrong with it. Warnings are of both. */
export type JobsReading =
  | { readonly jobs: readonly Job[]; /** Where each stands, in the same order. */ readonly places: readonly JobPlace[]; readonly warnings: readonly FileProblem[] }
  | { readonly problems: readonly FileProblem[]; readonly warnings: readonly FileProblem[] }

/** Where the name of a job stands, from 1. */
export interface JobPlace {
  readonly line: number
  readonly column: number
}

/** What reading a job file takes besides its text. */
export interface ReadJobsOptions {
  /** As messages name it. */
  readonly file: string
  /** What `${NAME}` and a variable without a value stand for. */
  readonly variables: Variables
  /**
   * The text of what the file names: of `env_file`, `configs` and `secrets`. Paths are as they stand there, and relative
   * to the job file. Undefined where there is no such file; throws where it cannot be read. Without it, to name one is an
   * error.
   */
  readonly readFile?: (path: string) => string | undefined
}

/** Reads the jobs of a file, one a document. Never throws for what the file holds; time and memory are bounded. */
export function readJobs(text: string, { file, variables, readFile }: ReadJobsOptions): JobsReading {
  const { report, documents } = parseFile(text, file)
  const placed = documents.flatMap((document) => readJob({ report, variables, readFile }, document) ?? [])
  if (documents.length === 0 && report.problems.length === 0) report.problem(0, 'it holds no job')
  const names = new Set<string>()
  for (const { job, at } of placed) {
    if (job.name !== '' && names.has(job.name)) report.problem(at, `another job of this file is called ${job.name}`)
    names.add(job.name)
  }
  const { problems, warnings } = report
  if (problems.length > 0) return { problems, warnings }
  return { jobs: placed.map(({ job }) => job), places: placed.map(({ at }) => report.placeOf(at)), warnings }
}
