import type { Job } from '../job.ts'
import type { JobProblem } from '../problems.ts'
import type { Rendered, RenderOptions } from '../rendered.ts'
import { envoyObjectsOf } from './envoy.ts'
import { fileObjectsOf } from './files.ts'
import { ingressOf } from './ingress.ts'
import { planLaunch } from './launch.ts'
import { obstaclesOf } from './obstacles.ts'
import { servicesOf } from './services.ts'
import { claimsOf } from './volumes.ts'
import { warningsOf } from './warnings.ts'
import { disruptionBudgetOf, kindOf, workloadOf } from './workload.ts'

/** The objects of a job, or everything that is in their way. */
export type Rendering = Rendered | { readonly problems: readonly JobProblem[] }

/** Makes the objects of a job; of the same job and options always the same, to the byte. */
export function render(job: Job, options: RenderOptions): Rendering {
  const launch = planLaunch(job)
  if ('problems' in launch) return launch
  const kind = kindOf(job, launch)
  const problems = obstaclesOf(job, launch, kind, options)
  if (problems.length > 0) return { problems }
  const workload = workloadOf(job, launch, kind, options)
  return {
    objects: [
      ...fileObjectsOf(job, options),
      ...envoyObjectsOf(job, options),
      ...claimsOf(job, options),
      ...servicesOf(job, options),
      ...ingressOf(job, options),
      ...disruptionBudgetOf(job, kind, options),
      workload,
    ],
    workload,
    warnings: warningsOf(job, launch, kind, options),
  }
}
