import { type JobProblem, jobProblemDocument, jobProblemTable } from '../../job/problems.ts'

/** A job is rejected, and nothing was changed. */
export class JobRejection extends Error {
  override readonly name = 'JobRejection'
  readonly job: string
  readonly problem: JobProblem

  constructor(job: string, problem: JobProblem) {
    super(`${jobProblemTable[problem.code].title} ${job}: ${problem.detail} ${jobProblemTable[problem.code].remedy}`)
    this.job = job
    this.problem = problem
  }

  /** The problem document. */
  get document() {
    return jobProblemDocument(this.job, this.problem)
  }
}
