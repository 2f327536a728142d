import type { JsonObject } from '../units/json.ts'
import { problemBase } from '../units/problem-base.ts'

/** Why a job, or any workload, is rejected: a title for each code, and what to do. */
export const jobProblemTable = {
  'insufficient-memory': { title: 'Insufficient memory for job', remedy: 'Ask for less memory or for fewer instances, or add a node.' },
  'insufficient-cpu': { title: 'Insufficient CPU for job', remedy: 'Ask for fewer cores or for fewer instances, or add a node.' },
  'insufficient-disk': { title: 'Insufficient disk for job', remedy: 'Ask for less local space or for fewer instances, or add a node.' },
  'no-placement': { title: 'No placement for job', remedy: '`usher plan` lists for each node why it does not take an instance.' },
  'no-shared-storage': { title: 'No shared storage for job', remedy: 'Name a class that many nodes may write at once, by `--shared-storage-class`; where there is none, `one_node: true` on the volume keeps all instances on one node.' },
  'name-taken': { title: 'The name of the job is taken', remedy: 'Names of jobs are unique in a cluster: choose another.' },
  'invalid-job': { title: 'The job file is not valid', remedy: 'The detail names file, line and column.' },
  'unsatisfied-dependency': { title: 'A dependency cannot be satisfied', remedy: 'The detail names it, and the order of launch as far as there is one.' },
  'not-supported': { title: 'The cluster cannot run this job', remedy: 'The detail says what it takes.' },
  'rejected-by-cluster': { title: 'The cluster rejects the job', remedy: 'The detail is the answer of the API server.' },
  'other-revision': { title: 'The job has another revision', remedy: '`usher job history` shows what has changed since it was looked at.' },
  'job-busy': { title: 'Somebody else is changing the job', remedy: 'Try again when they are done: what they hold expires by itself.' },
} as const

/** A code of {@link jobProblemTable}. */
export type JobProblemCode = keyof typeof jobProblemTable

/** A job that is rejected: a code, a sentence, and members of the problem's own. */
export interface JobProblem {
  readonly code: JobProblemCode
  readonly detail: string
  readonly members?: JsonObject
}

/** The problem document of a job or of another workload (RFC 9457): `type`, `title`, `detail`, `job`, then the problem's own. */
export function jobProblemDocument(job: string, { code, detail, members }: JobProblem): JsonObject {
  return { type: `${problemBase}${code}`, title: jobProblemTable[code].title, detail, job, ...members }
}
