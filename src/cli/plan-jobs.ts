import { readJobs } from '../job/file/read-jobs.ts'
import { formatFileProblem, invalidJob } from '../job/file/report.ts'
import { render } from '../job/render/render.ts'
import type { RenderOptions } from '../job/rendered.ts'
import type { JsonObject } from '../units/json.ts'
import { fileReader } from './job/read-job-files.ts'
import type { JobFileText, JobObjects } from './plan-sources.ts'

/**
 * Makes the objects of the jobs of a file, as `usher job run` would. Variables are those of the environment; other files that
 * it names are found relative to it.
 */
export function readJobObjects({ name, text, folder }: JobFileText, options: RenderOptions): JobObjects {
  const reading = readJobs(text, { file: name, variables: (variable) => process.env[variable], readFile: fileReader(folder) })
  if ('problems' in reading) return { job: name, problem: invalidJob(reading.problems) }
  const objects: JsonObject[] = []
  const warnings = reading.warnings.map(formatFileProblem)
  for (const job of reading.jobs) {
    const rendering = render(job, options)
    if ('problems' in rendering) {
      const [problem] = rendering.problems
      if (problem !== undefined) return { job: job.name, problem }
      continue
    }
    objects.push(...rendering.objects)
    warnings.push(...rendering.warnings.map((warning) => `job ${job.name}: ${warning}`))
  }
  return { objects, warnings }
}
