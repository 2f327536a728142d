import { type JobsReading, readJobs, type ReadJobsOptions } from '../../src/job/file/read-jobs.ts'
import { formatFileProblem } from '../../src/job/file/report.ts'
import type { Job, JobContainer } from '../../src/job/job.ts'

/** Reads a job file that is called job.yaml, without variables and files but for those that are given. */
export function read(text: string, options: Partial<ReadJobsOptions> = {}): JobsReading {
  return readJobs(text, { file: 'job.yaml', variables: () => undefined, ...options })
}

/** The only job of a file that is valid. */
export function jobIn(text: string, options: Partial<ReadJobsOptions> = {}): Job {
  const reading = read(text, options)
  if ('problems' in reading) throw new Error(reading.problems.map(formatFileProblem).join('\n'))
  const [job, another] = reading.jobs
  if (job === undefined || another !== undefined) throw new Error(`${reading.jobs.length} jobs`)
  return job
}

/** The container `app` of a job with these lines for it, and further ones of the job before that. */
export function appIn(lines: string, job = '', options: Partial<ReadJobsOptions> = {}): JobContainer {
  const [app] = jobIn(fileWith(lines, job), options).containers
  if (app === undefined) throw new Error('no container')
  return app
}

/** A job file whose container `app` has these lines. */
export function fileWith(lines: string, job = ''): string {
  return `name: web\n${job}containers:\n  app:\n    image: i\n${lines.split('\n').map((line) => `    ${line}\n`).join('')}`
}

/** What is wrong with a file, one line each; the name of the file is left out. */
export function faultsIn(text: string, options: Partial<ReadJobsOptions> = {}): readonly string[] {
  const reading = read(text, options)
  return 'problems' in reading ? reading.problems.map((problem) => formatFileProblem(problem).replace(/^job\.yaml:/, '')) : []
}

/** What an author should know, one line each, without the file. */
export function warningsIn(text: string, options: Partial<ReadJobsOptions> = {}): readonly string[] {
  return read(text, options).warnings.map((warning) => formatFileProblem(warning).replace(/^job\.yaml:/, ''))
}

