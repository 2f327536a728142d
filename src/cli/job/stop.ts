import type { Command } from '../command.ts'
import { jobChangeFlags, readChangeSettings, readJobName } from './change-flags.ts'
import { joinJobs, jobClusterFlags } from './job-cluster.ts'
import { jobReport } from './job-report.ts'
import { runChange } from './run-change.ts'
import { stopJob } from './stop-job.ts'

/** `usher job stop` */
export const stopCommand: Command = {
  name: 'job stop',
  summary: 'stop a job, and take away what it consists of',
  description:
    'Deletes the workload of a job, waits until its instances have ended, and then deletes all else that the ledger knows of it, ' +
    'the ledger, and the claim to its name. Shared volumes stay, with what is in them: a job of the same name has them again; ' +
    '--volumes deletes them, too. It asks before, on a terminal.',
  operand: { value: 'JOB', help: 'the job' },
  flags: {
    ...jobClusterFlags,
    ...jobChangeFlags,
    timeout: { ...jobChangeFlags.timeout, default: '5m', help: 'how long is waited until all instances have ended' },
    volumes: { type: 'boolean', help: 'delete the shared volumes, and all that is in them' },
    yes: { type: 'boolean', short: 'y', help: 'do not ask' },
  },
  examples: ['usher job stop web', 'usher job stop web --volumes --yes'],
  async run(values, output) {
    const job = readJobName('stop', values)
    const settings = readChangeSettings(values)
    return runChange(settings.form, output, async (stopping) => {
      const cluster = await joinJobs(values, stopping)
      const report = jobReport(output, job, settings.form)
      return stopJob({ ...settings, cluster, job, report, output, stopping, isWithVolumes: values.isOn('volumes'), isAgreed: values.isOn('yes') })
    })
  },
}
