import { formatFileProblem } from '../../job/file/report.ts'
import type { Job } from '../../job/job.ts'
import { render } from '../../job/render/render.ts'
import type { Rendered, RenderOptions } from '../../job/rendered.ts'
import { counted } from '../../terminal/counted.ts'
import type { FlagValues, Output } from '../command.ts'
import { problemOf, readJobFiles, tellWarnings } from './read-job-files.ts'
import { JobRejection } from './rejection.ts'

/** The jobs of the files of the flag `filename`; what authors should know of them is told. Throws {@link JobRejection} where a file is not valid. */
export async function readValidJobs(values: FlagValues, { stderr }: Output): Promise<readonly Job[]> {
  const reading = await readJobFiles(values)
  tellWarnings(reading.warnings, stderr)
  const problem = problemOf(reading)
  if (problem === undefined) return reading.jobs
  for (const each of reading.problems) stderr.write(`${formatFileProblem(each)}\n`)
  // There is no job yet, and each fault was told.
  const files = values.texts('filename').map((name) => (name === '-' ? 'stdin' : name)).join(', ')
  throw new JobRejection(values.texts('filename').join(', '), problem, `${files}: ${counted(reading.problems.length, 'fault')}. Nothing was changed. (${problem.code})`)
}

/** The objects of a job. Throws {@link JobRejection} where the cluster cannot have them. */
export function renderOrReject(job: Job, options: RenderOptions): Rendered {
  const rendering = render(job, options)
  if (!('problems' in rendering)) return rendering
  const [first, ...others] = rendering.problems
  if (first === undefined) throw new Error(`job ${job.name} cannot be rendered`)
  throw new JobRejection(job.name, { ...first, detail: [first, ...others].map(({ detail }) => detail).join(' ') })
}
