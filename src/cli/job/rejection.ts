import { type JobProblem, jobProblemDocument, jobProblemTable } from '../../job/problems.ts'

/** A job is rejected, and nothing was changed. */
export class JobRejection extends Error {
  override readonly name = 'JobRejection'
  readonly job: string
  readonly problem: JobProblem

  constructor(job: string, problem: JobProblem) {
    super(sentenceOf(job, problem))
    this.job = job
    this.problem = problem
  }

  /** The problem document. */
  get document() {
    return jobProblemDocument(this.job, this.problem)
  }
}

/** Of a file that is not valid there is no job yet. */
function sentenceOf(job: string, { code, detail }: JobProblem): string {
  const { remedy } = jobProblemTable[code]
  const whose = code === 'invalid-job' ? job : `job ${job}`
  return `${whose}: ${detail} Nothing was changed.${remedy.startsWith('The detail') ? '' : ` ${remedy}`} (${code})`
}
