import { type JobProblem, jobProblemDocument, jobProblemTable } from '../../job/problems.ts'

/** A job is rejected, and nothing was changed. */
export class JobRejection extends Error {
  override readonly name = 'JobRejection'
  readonly job: string
  readonly problem: JobProblem

  /** @param sentence what people are told, where they know the detail already. */
  constructor(job: string, problem: JobProblem, sentence = sentenceOf(job, problem)) {
    super(sentence)
    this.job = job
    this.problem = problem
  }

  /** The problem document. */
  get document() {
    return jobProblemDocument(this.job, this.problem)
  }
}

function sentenceOf(job: string, { code, detail }: JobProblem): string {
  const { remedy } = jobProblemTable[code]
  return `job ${job}: ${detail} Nothing was changed.${remedy.startsWith('The detail') ? '' : ` ${remedy}`} (${code})`
}
