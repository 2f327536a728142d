import { textAt } from '../../check/json-paths.ts'
import { jobFieldManager } from '../../job/names.ts'
import { holdsData, inOrder } from '../../job/run/kinds.ts'
import { deployedIn, type Ledger, newLedger, recordedIn } from '../../job/run/ledger.ts'
import { orderJobs } from '../../job/run/order-jobs.ts'
import { belongsTo } from '../../job/run/plan-run.ts'
import { planJson } from '../../placement/plan-json.ts'
import { planLines } from '../../placement/report.ts'
import type { ObjectChange, RoomPlan } from '../../placement/room-plan.ts'
import { paintFor } from '../../terminal/paint.ts'
import type { JsonObject } from '../../units/json.ts'
import type { Command } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { outputFlow } from '../output-flow.ts'
import { documentText, streamText } from '../output-form.ts'
import { planObjects } from '../plan-room.ts'
import { jobChangeFlags, readChangeSettings, readWhole } from './change-flags.ts'
import { readClusterOptions } from './cluster-options.ts'
import { renderFlags } from './render-flags.ts'
import { type JobCluster, joinJobs, jobClusterFlags } from './job-cluster.ts'
import { readLedger } from './ledger-secret.ts'
import { jobFileFlag } from './read-job-files.ts'
import { JobRejection } from './rejection.ts'
import { checkRoomTogether } from './room.ts'
import { readValidJobs, renderOrReject } from './rendered-jobs.ts'
import { runChange } from './run-change.ts'
import { findOthers } from './survey-job.ts'

/** `usher job plan` */
export const planCommandOfJob: Command = {
  name: 'job plan',
  summary: 'tell whether job files have room, where, and what would change',
  description:
    'As usher job run begins, without changing anything: whether there is room and on which nodes, whether a rollout has any, how long an ' +
    'instance may wait for the startup lock, and in which fields objects would differ. The exit code is 4 where the job would be rejected; ' +
    'with --exit-code it is 1 where something would change. --check-revision rejects where the job was changed since it was looked at.',
  flags: {
    filename: jobFileFlag,
    ...jobClusterFlags,
    output: { type: 'string', short: 'o', value: 'FORM', default: 'table', help: 'table; json or yaml: one object for each job, a problem document where it is rejected' },
    nodes: { type: 'boolean', help: 'show each node of a large cluster, not only the first and how many others there are' },
    'exit-code': { type: 'boolean', help: 'end with 1 where something would change' },
    'check-revision': { type: 'string', value: 'N', help: 'reject unless this revision is deployed; 0: unless none is' },
    timeout: { type: 'string', value: 'SPAN', default: '2m', help: 'how long all of it may take' },
    'usher-namespace': jobChangeFlags['usher-namespace'],
    ...renderFlags,
  },
  examples: ['usher job plan -f web.yaml', 'usher job plan -f web.yaml --exit-code -o json', 'usher job plan -f web.yaml --check-revision 3'],
  async run(values, output) {
    const settings = readChangeSettings(values)
    const wanted = values.text('check-revision')
    const revision = wanted === undefined ? undefined : readWhole('--check-revision', wanted, 0)
    return runChange(settings.form, output, async (stopping) => {
      const jobs = orderJobs(await readValidJobs(values, output))
      const cluster = await joinJobs(values, stopping)
      const options = await readClusterOptions(cluster, values, settings.usherNamespace)
      const signal = AbortSignal.any([stopping, AbortSignal.timeout(settings.timeoutMs)])
      let isChange = false
      const all: JsonObject[] = []
      for (const job of jobs) {
        const ledger = await ledgerFor(cluster, job.name, revision, output.stderr)
        if (revision !== undefined) checkRevision(ledger, revision)
        const { objects, warnings } = renderOrReject(job, options)
        for (const warning of warnings) output.stderr.write(`warning: ${job.name}: ${warning}\n`)
        const planned = await planObjects(cluster.admin, inOrder(objects), { namespace: cluster.namespace, signal, jobName: job.name, fieldManager: jobFieldManager, withChanges: true })
        const plan = { ...planned, changes: [...planned.changes, ...(await deletedBy(cluster, ledger, objects))] }
        await outputFlow(output.stdout).write(settings.form === 'table' ? `${planLines(plan, paintFor(output.stdout), values.isOn('nodes')).join('\n')}\n` : jobs.length > 1 ? await streamText(settings.form, planJson(plan)) : await documentText(settings.form, planJson(plan)))
        if (plan.problem !== undefined) return rejected(job.name, plan.problem, output.stderr)
        isChange ||= hasChange(plan)
        all.push(...objects)
      }
      if (jobs.length > 1) await checkRoomTogether(cluster, all)
      return isChange && values.isOn('exit-code') ? exitCodes.failed : exitCodes.done
    })
  },
}

function hasChange({ changes }: RoomPlan): boolean {
  return changes.some(({ change }) => change !== 'unchanged')
}

/** Who may not read it can plan all the same, but for what would go; where a revision is to be checked, it is needed. */
async function ledgerFor(cluster: JobCluster, job: string, revision: number | undefined, stderr: NodeJS.WritableStream): Promise<Ledger> {
  try {
    return (await readLedger(cluster, job)).ledger
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (revision !== undefined || !message.includes('cannot get resource "secrets"')) throw error
    stderr.write(`warning: ${job}: what would be deleted cannot be told: ${message}\n`)
    return newLedger(job)
  }
}

/** What earlier revisions had and the job has no more, as a run takes it away. */
async function deletedBy(cluster: JobCluster, ledger: Ledger, objects: readonly JsonObject[]): Promise<readonly ObjectChange[]> {
  const others = await findOthers(cluster, recordedIn(ledger), objects)
  const gone = others.filter((each) => belongsTo(each, ledger.job) && !holdsData(each))
  return gone.map((each) => ({ kind: textAt(each, 'kind') ?? '', name: textAt(each, 'metadata', 'name') ?? '', namespace: cluster.namespace, change: 'deleted', fields: [] }))
}

function checkRevision(ledger: Ledger, wanted: number): void {
  const { job } = ledger
  const found = deployedIn(ledger)?.number ?? 0
  if (found === wanted) return
  const what = found === 0 ? 'none is deployed' : `revision ${found} is deployed`
  throw new JobRejection(job, { code: 'other-revision', detail: `Revision ${wanted} of job ${job} was expected, and ${what}.`, members: { revision: found } })
}

function rejected(job: string, problem: NonNullable<RoomPlan['problem']>, stderr: NodeJS.WritableStream): typeof exitCodes.rejected {
  stderr.write(`${new JobRejection(job, problem).message}\n`)
  return exitCodes.rejected
}
