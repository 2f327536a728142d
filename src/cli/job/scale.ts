import { currentIn, type Draft, type Ledger, type Revision } from '../../job/run/ledger.ts'
import type { Job } from '../../job/job.ts'
import { render } from '../../job/render/render.ts'
import { inOrder } from '../../job/run/kinds.ts'
import { type RenderAgain, scale } from '../../job/run/scale.ts'
import { objectsOf } from '../../units/json.ts'
import { type Command, UsageError } from '../command.ts'
import { jobChangeFlags, readChangeSettings, readJobName, readWhole } from './change-flags.ts'
import { changeJob } from './change-job.ts'
import { type JobCluster, joinJobs, jobClusterFlags } from './job-cluster.ts'
import { jobReport } from './job-report.ts'
import { noSuchJob } from './known-ledger.ts'
import { JobRejection } from './rejection.ts'
import { roomFor } from './room.ts'
import { runChange } from './run-change.ts'

/** `usher job scale` */
export const scaleCommand: Command = {
  name: 'job scale',
  summary: 'change how many instances a job has',
  description:
    'Runs the deployed revision of a job with another number of instances, as a new revision. Where there is no room for all of ' +
    'them, those that run stay, and it says what is missing (exit code 4). A later usher job run has the number of its file again.',
  operand: { value: 'JOB', help: 'the job' },
  secondOperand: { value: 'N', help: 'how many instances, from 0' },
  flags: { ...jobClusterFlags, ...jobChangeFlags, 'force-conflicts': { type: 'boolean', help: 'set back what others have set, as kubectl scale or an autoscaler does' } },
  examples: ['usher job scale web 5', 'usher job scale web 0'],
  async run(values, output) {
    const job = readJobName('scale', values)
    if (values.secondOperand === undefined) throw new UsageError(`to how many instances? usher job scale ${job} N`)
    const instances = readWhole('N', values.secondOperand, 0)
    const settings = readChangeSettings(values)
    return runChange(settings.form, output, async (stopping) => {
      const cluster = await joinJobs(values, stopping)
      const report = jobReport(output, job, settings.form)
      return changeJob({ ...settings, cluster, job, report, stopping, draftOf: (ledger) => scaled(cluster, ledger, instances), roomFor: roomFor(cluster, job, report), isForced: values.isOn('force-conflicts') })
    })
  },
}

async function scaled(cluster: JobCluster, ledger: Ledger, instances: number): Promise<Draft> {
  const { job, revisions } = ledger
  if (revisions.length === 0) throw await noSuchJob(cluster, job)
  const current = currentIn(ledger)
  if (current === undefined) throw new Error(`job ${job} has no revision that is deployed; usher job history ${job} says why, usher job run goes on from there`)
  const result = scale(current, instances, renderAs(current))
  if (result.kind === 'refused') throw new JobRejection(job, { code: 'not-supported', detail: result.detail })
  return result.draft
}

/** Undefined: it is not known what it was rendered by. */
function renderAs({ options }: Revision): RenderAgain | undefined {
  if (options === undefined) return undefined
  return (job: Job) => {
    const rendering = render(job, options)
    // As they are when they are read again.
    return 'problems' in rendering ? undefined : objectsOf(JSON.parse(JSON.stringify(inOrder(rendering.objects))))
  }
}
