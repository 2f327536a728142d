import { jobLines, jobsJson, readJobRow } from '../../job/instances/job-row.ts'
import { jobLabel } from '../../job/names.ts'
import { textAt } from '../../check/json-paths.ts'
import { jobKinds, workloadsPath } from '../../why/workload-kinds.ts'
import { explainFailure, joinAdmin } from '../admin-cluster.ts'
import { askWith } from '../asker.ts'
import { type Command, UsageError } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { serverTime } from '../find-hanging.ts'
import { namespaceOf, readOutput, readTimeout, withinTime, workloadFlags } from '../workload-flags.ts'
import { writeText } from '../write-text.ts'
import { readRevisions, revisionKey } from './revisions.ts'

/** `usher job ls` */
export const jobListCommand: Command = {
  name: 'job ls',
  summary: 'list jobs',
  description: 'Lists the jobs of a namespace, or of all: how many of their instances are healthy, their revision, age and images.',
  flags: {
    ...workloadFlags,
    'all-namespaces': { type: 'boolean', short: 'A', help: 'the jobs of all namespaces' },
    output: { type: 'string', short: 'o', value: 'FORM', default: 'table', help: 'table; json: one object' },
  },
  examples: ['usher job ls', 'usher job ls -A', 'usher job ls -n shop -o json'],
  async run(values, output) {
    const form = readOutput(values)
    const timeoutMs = readTimeout(values)
    const isOfAll = values.isOn('all-namespaces')
    if (isOfAll && values.isGiven('namespace')) throw new UsageError('--all-namespaces and --namespace exclude each other')
    const admin = await joinAdmin(values)
    const namespace = isOfAll ? undefined : namespaceOf(admin)
    const { rows, nowMs } = await withinTime(timeoutMs, async (signal) => {
      const asker = askWith(admin, signal)
      const [workloads, revisions, now] = await Promise.all([
        Promise.all(jobKinds.map(async (kind) => (await asker.list(workloadsPath(kind, namespace), { labelSelector: jobLabel })).map((workload) => ({ ...workload, kind: kind.kind })))),
        readRevisions(asker, namespace),
        serverTime(admin, signal),
      ])
      const found = workloads.flat().flatMap((workload) => readJobRow(workload, revisions.get(revisionKey(textAt(workload, 'metadata', 'namespace') ?? '', textAt(workload, 'metadata', 'labels', jobLabel) ?? ''))) ?? [])
      return { rows: found, nowMs: now }
    }).catch((error: unknown) => {
      throw explainFailure(admin, error)
    })
    if (form === 'json') await writeText(output.stdout, `${JSON.stringify(jobsJson(rows), undefined, 2)}\n`)
    else if (rows.length > 0) await writeText(output.stdout, `${jobLines(rows, nowMs).join('\n')}\n`)
    else output.stderr.write(`there are no jobs in ${namespace === undefined ? 'this cluster' : `namespace ${namespace}`}; usher job run makes one${namespace === undefined ? '' : ', usher job ls -A lists those of all namespaces'}\n`)
    return exitCodes.done
  },
}
