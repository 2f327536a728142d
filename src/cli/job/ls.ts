import { textAt } from '../../check/json-paths.ts'
import { type JobRow, jobLines, jobsJson, readJobRow } from '../../job/instances/job-row.ts'
import { jobLabel } from '../../job/names.ts'
import type { JsonObject } from '../../units/json.ts'
import { jobKinds, workloadsPath } from '../../why/workload-kinds.ts'
import { explainFailure, joinAdmin, type JoinedAdmin } from '../admin-cluster.ts'
import { type Asker, askWith } from '../asker.ts'
import { type Command, UsageError } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { serverTime } from '../find-hanging.ts'
import { documentText, readOutput } from '../output-form.ts'
import { namespaceOf, readTimeout, withinTime, workloadFlags } from '../workload-flags.ts'
import { writeText } from '../write-text.ts'
import { readRevisions, revisionKey } from './revisions.ts'

/** `usher job ls` */
export const jobListCommand: Command = {
  name: 'job ls',
  summary: 'list jobs',
  description:
    'Lists the jobs of a namespace, or of all: how many of their instances are healthy, their revision, age and images. The ' +
    'exit code is 1 where some of them may not be listed, which is said.',
  flags: {
    ...workloadFlags,
    'all-namespaces': { type: 'boolean', short: 'A', help: 'the jobs of all namespaces' },
    output: { type: 'string', short: 'o', value: 'FORM', default: 'table', help: 'table; json or yaml: one object' },
  },
  examples: ['usher job ls', 'usher job ls -A', 'usher job ls -n shop -o json'],
  async run(values, output) {
    const form = readOutput(values)
    const timeoutMs = readTimeout(values)
    const isOfAll = values.isOn('all-namespaces')
    if (isOfAll && values.isGiven('namespace')) throw new UsageError('--all-namespaces and --namespace exclude each other')
    const admin = await joinAdmin(values)
    const namespace = isOfAll ? undefined : namespaceOf(admin)
    const { rows, unlisted, nowMs } = await withinTime(timeoutMs, async (signal) => {
      const asker = askWith(admin, signal)
      const [listed, now] = await Promise.all([listJobs(admin, asker, namespace), serverTime(admin, signal)])
      return { ...listed, nowMs: now }
    })
    if (form !== 'table') await writeText(output.stdout, await documentText(form, jobsJson(rows)))
    else if (rows.length > 0) await writeText(output.stdout, `${jobLines(rows, nowMs).join('\n')}\n`)
    else output.stderr.write(`there are no jobs in ${namespace === undefined ? 'this cluster' : `namespace ${namespace}`}; usher job run makes one${namespace === undefined ? '' : ', usher job ls -A lists those of all namespaces'}\n`)
    for (const sentence of unlisted) output.stderr.write(`usher job ls: ${sentence}\n`)
    return unlisted.length === 0 ? exitCodes.done : exitCodes.failed
  },
}

/**
 * Lists the jobs, by their workloads.
 *
 * @throws where none of the kinds of workloads can be listed.
 */
async function listJobs(admin: JoinedAdmin, asker: Asker, namespace: string | undefined): Promise<{ readonly rows: readonly JobRow[]; readonly unlisted: readonly string[] }> {
  const [lists, revisions] = await Promise.all([
    Promise.all(
      jobKinds.map(async (kind) => {
        try {
          return { kind, workloads: await asker.list(workloadsPath(kind, namespace), { labelSelector: jobLabel }) }
        } catch (error) {
          return { kind, error }
        }
      }),
    ),
    readRevisions(asker, namespace),
  ])
  const failed = lists.filter((list) => list.error !== undefined)
  const [first] = failed
  if (first !== undefined && failed.length === lists.length) throw explainFailure(admin, first.error)
  function rowOf(workload: JsonObject): readonly JobRow[] {
    const key = revisionKey(textAt(workload, 'metadata', 'namespace') ?? '', textAt(workload, 'metadata', 'labels', jobLabel) ?? '')
    const row = readJobRow(workload, revisions.get(key))
    return row === undefined ? [] : [row]
  }
  return {
    rows: lists.flatMap(({ kind, workloads = [] }) => workloads.flatMap((workload) => rowOf({ ...workload, kind: kind.kind }))),
    unlisted: failed.map(({ kind, error }) => `jobs that are a ${kind.kind} could not be listed: ${error instanceof Error ? error.message : String(error)}`),
  }
}
