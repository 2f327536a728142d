import type { JsonObject } from '../../units/json.ts'
import type { Job } from '../job.ts'
import { jobLabel } from '../names.ts'
import type { RenderOptions } from '../rendered.ts'

/** What finds the pods of a job; never changed, as workloads do not take that. */
export function selectorOf({ name }: Job): JsonObject {
  return { [jobLabel]: name }
}

/** The labels of every object of a job, its pods included. */
export function labelsOf(job: Job): JsonObject {
  return { ...selectorOf(job), 'app.kubernetes.io/name': job.name, 'app.kubernetes.io/managed-by': 'usher' }
}

/** The metadata of an object of a job. */
export function metadataOf(job: Job, { namespace }: RenderOptions, name: string): JsonObject {
  return { name, namespace, labels: labelsOf(job) }
}
