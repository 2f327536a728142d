import { beforeIn, type Draft, type Ledger } from '../../job/run/ledger.ts'
import type { Command } from '../command.ts'
import { jobChangeFlags, readChangeSettings, readJobName, readWhole } from './change-flags.ts'
import { changeJob } from './change-job.ts'
import { revisionOf } from './history.ts'
import { type JobCluster, joinJobs, jobClusterFlags } from './job-cluster.ts'
import { jobReport } from './job-report.ts'
import { noSuchJob } from './known-ledger.ts'
import { roomFor } from './room.ts'
import { runChange } from './run-change.ts'

/** `usher job rollback` */
export const rollbackCommand: Command = {
  name: 'job rollback',
  summary: 'go back to an earlier revision of a job',
  description:
    'Runs what an earlier revision was, as a new revision: the one that was deployed before, or that of --to. It is done as usher ' +
    'job run does it, all or nothing. Exit codes: 4 rejected, and nothing was changed; 5 failed, and as it was before; 6 failed, and not as it was.',
  operand: { value: 'JOB', help: 'the job' },
  flags: {
    ...jobClusterFlags,
    ...jobChangeFlags,
    to: { type: 'string', value: 'N', help: 'the revision; usher job history lists them' },
    'force-conflicts': { type: 'boolean', help: 'set back what others have set' },
  },
  examples: ['usher job rollback web', 'usher job rollback web --to 3'],
  async run(values, output) {
    const job = readJobName('rollback', values)
    const settings = readChangeSettings(values)
    const to = values.text('to')
    const number = to === undefined ? undefined : readWhole('--to', to, 1)
    return runChange(settings.form, output, async (stopping) => {
      const cluster = await joinJobs(values, stopping)
      const report = jobReport(output, job, settings.form)
      return changeJob({ ...settings, cluster, job, report, stopping, draftOf: (ledger) => backTo(cluster, ledger, number), roomFor: roomFor(cluster, job, report), isForced: values.isOn('force-conflicts') })
    })
  },
}

async function backTo(cluster: JobCluster, ledger: Ledger, number: number | undefined): Promise<Draft> {
  if (ledger.revisions.length === 0) throw await noSuchJob(cluster, ledger.job)
  const target = number === undefined ? beforeIn(ledger) : revisionOf(ledger, number)
  if (target === undefined) throw new Error(`job ${ledger.job} has no revision that was deployed before; usher job history ${ledger.job} lists those that there are, --to chooses one`)
  const { instances, objects, job, options } = target
  return { change: 'rollback', note: `to ${target.number}`, instances, objects, ...(job === undefined ? {} : { job }), ...(options === undefined ? {} : { options }) }
}
