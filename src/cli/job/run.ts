import type { Job } from '../../job/job.ts'
import { needsProbeProgram } from '../../job/render/probes.ts'
import { inOrder } from '../../job/run/kinds.ts'
import type { Draft } from '../../job/run/ledger.ts'
import { orderJobs } from '../../job/run/order-jobs.ts'
import type { Rendered, RenderOptions } from '../../job/rendered.ts'
import type { Command } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { jobChangeFlags, readChangeSettings } from './change-flags.ts'
import { changeJob } from './change-job.ts'
import { readJobOptions, readMinor } from './cluster-options.ts'
import { renderFlags } from './render-flags.ts'
import { type JobCluster, joinJobs, jobClusterFlags } from './job-cluster.ts'
import { jobReport } from './job-report.ts'
import { jobFileFlag } from './read-job-files.ts'
import { readValidJobs, renderOrReject } from './rendered-jobs.ts'
import { checkRoomTogether, roomFor } from './room.ts'
import { runChange } from './run-change.ts'

/** `usher job run` */
export const runCommandOfJob: Command = {
  name: 'job run',
  summary: 'run job files: all or nothing',
  description:
    'Finds out whether the cluster has room, has the API server try everything by dry runs, and then puts all of a job in (server-side ' +
    'apply, as usher-job), the workload last; waits until all instances are healthy, and takes away what the job has no more. Where any of ' +
    'that fails, it says what was seen (conditions, last exits, events, log lines), and puts back what was before. Again it changes nothing. ' +
    'Two runs at once: one wins. A run that is killed keeps nobody from the next one for longer than 15 s. Ctrl-C detaches while it waits: ' +
    'the job goes on, and nobody rolls it back. Several jobs are run one after the other, what others wait for first. Exit codes: 4 rejected, ' +
    'and nothing was changed; 5 failed, and as it was before; 6 failed, and not as it was.',
  flags: {
    filename: jobFileFlag,
    ...jobClusterFlags,
    ...jobChangeFlags,
    ...renderFlags,
    'force-conflicts': { type: 'boolean', help: 'set back what others have set, and take over objects that are there already' },
  },
  examples: ['usher job run -f web.yaml', 'TAG=1.2 usher job run -f web.yaml -n shop --timeout 5m', 'usher job run -f web.yaml -o json'],
  async run(values, output) {
    const settings = readChangeSettings(values)
    return runChange(settings.form, output, async (stopping) => {
      const jobs = orderJobs(await readValidJobs(values, output))
      const cluster = await joinJobs(values, stopping)
      const options = await readJobOptions(cluster, values, settings.usherNamespace, jobs.some(needsProbeProgram))
      // All of them, before anything is done with the first.
      const rendered = jobs.map((job) => [job, renderOrReject(job, options)] as const)
      if (rendered.length > 1) await checkRoomTogether(cluster, rendered.flatMap(([, { objects }]) => objects))
      for (const [job, each] of rendered) {
        const report = jobReport(output, job.name, settings.form)
        for (const warning of each.warnings) await report.note(`warning: ${job.name}: ${warning}`)
        const code = await changeJob({ ...settings, cluster, job: job.name, report, stopping, draftOf: () => draftOf(job, each, options), refused: () => sayWhyByVersion(cluster, job, options), roomFor: roomFor(cluster, job.name, report), isForced: values.isOn('force-conflicts') })
        if (code !== exitCodes.done) return code
      }
      return exitCodes.done
    })
  },
}

function draftOf(job: Job, { objects }: Rendered, options: RenderOptions): Draft {
  return { change: 'run', instances: job.instances, objects: inOrder(objects), job, options }
}

/**
 * Where a cluster is too old for a job, that says better why it refuses it. Asked only then, it costs other runs nothing.
 *
 * @throws {JobRejection}
 */
async function sayWhyByVersion(cluster: JobCluster, job: Job, options: RenderOptions): Promise<void> {
  const minor = await readMinor(cluster).catch(() => {})
  if (minor !== undefined) renderOrReject(job, { ...options, minor })
}
