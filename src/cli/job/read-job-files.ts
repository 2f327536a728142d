import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { invalidJob, type FileProblem, formatFileProblem } from '../../job/file/report.ts'
import { readJobs } from '../../job/file/read-jobs.ts'
import type { Job } from '../../job/job.ts'
import type { JobProblem } from '../../job/problems.ts'
import { type Flag, type FlagValues, UsageError } from '../command.ts'
import { whyNot } from '../manifest-sources.ts'

/** The flag `-f` of what reads job files. */
export const jobFileFlag: Flag = {
  type: 'string',
  short: 'f',
  value: 'FILE|-',
  multiple: true,
  help: 'job file, YAML (docs/jobs.md), or - for standard input',
}

/** What job files hold, or all that is wrong with them; warnings of both. */
export interface JobFilesReading {
  /** Empty where there are problems. */
  readonly jobs: readonly Job[]
  readonly problems: readonly FileProblem[]
  readonly warnings: readonly FileProblem[]
}

/**
 * Reads the job files of the flag `filename`. Variables are those of the environment; other files that a job file names
 * are found relative to it, or to the working directory for standard input.
 *
 * @throws {UsageError} where none is given, or one cannot be read.
 */
export async function readJobFiles(values: FlagValues): Promise<JobFilesReading> {
  const names = values.texts('filename')
  if (names.length === 0) throw new UsageError('nothing to read: -f FILE, or -f - for standard input')
  if (names.filter((name) => name === '-').length > 1) throw new UsageError('-f - can be given only once')
  const jobs: Job[] = []
  const problems: FileProblem[] = []
  const warnings: FileProblem[] = []
  const files = new Map<string, string>()
  for (const name of names) {
    const file = name === '-' ? 'stdin' : name
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const reading = readJobs(await readSource(name), { file, variables, readFile: fileReader(name === '-' ? '.' : dirname(name)) })
    warnings.push(...reading.warnings)
    if ('problems' in reading) {
      problems.push(...reading.problems)
      continue
    }
    for (const [index, job] of reading.jobs.entries()) {
      const other = files.get(job.name)
      if (other !== undefined) problems.push({ file, ...(reading.places[index] ?? { line: 1, column: 1 }), code: 'invalid-job', message: `a job of ${other} is called ${job.name}, too` })
      files.set(job.name, file)
      jobs.push(job)
    }
  }
  return { jobs: problems.length > 0 ? [] : jobs, problems, warnings }
}

/** The problem of job files that are not valid; undefined where they are. */
export function problemOf({ problems }: JobFilesReading): JobProblem | undefined {
  return problems.length === 0 ? undefined : invalidJob(problems)
}

/** Says on stderr what authors of job files should know: one line each. */
export function tellWarnings(warnings: readonly FileProblem[], stderr: NodeJS.WritableStream): void {
  for (const warning of warnings) stderr.write(`warning: ${formatFileProblem(warning)}\n`)
}

function variables(name: string): string | undefined {
  return process.env[name]
}

const mebibyte = 1_024 * 1_024
// A job file has one at the most; this is enough to see that it is larger.
const mostBytes = 4 * mebibyte
// A Secret or ConfigMap holds no more.
const mostContent = mebibyte

/** The text of a file or of standard input. @throws {UsageError} */
export async function readSource(name: string): Promise<string> {
  try {
    return decode(name === '-' ? await readStandardInput() : readBounded(name, mostBytes))
  } catch (error) {
    const shown = name === '-' ? 'standard input' : name
    throw new UsageError(`-f ${shown}: it cannot be read: ${whyNot(error)}`, { cause: error })
  }
}

function readBounded(path: string, most: number): Uint8Array {
  if (statSync(path).size > most) throw new Error(`it is larger than ${most / mebibyte} MiB`)
  return readFileSync(path)
}

/** @throws where it is not UTF-8, since it could not be told from what it would become. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw new Error('it is not UTF-8', { cause: error })
  }
}

async function readStandardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk)
    chunks.push(bytes)
    size += bytes.length
    if (size > mostBytes) break
  }
  return Buffer.concat(chunks)
}

/** Whether there is a file that an object can hold. */
export function isContent(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isFile() === true && found.size <= mostContent
}

/** Reads files relative to a folder; undefined where there is no such file. */
export function fileReader(folder: string): (path: string) => string | undefined {
  return (path) => {
    try {
      if (statSync(resolve(folder, path), { throwIfNoEntry: false }) === undefined) return undefined
      return decode(readBounded(resolve(folder, path), mostContent))
    } catch (error) {
      throw new Error(whyNot(error), { cause: error })
    }
  }
}
