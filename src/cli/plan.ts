import { jobProblemDocument } from '../job/problems.ts'
import { planJson } from '../placement/plan-json.ts'
import { planLines, problemSentence } from '../placement/report.ts'
import type { RoomPlan } from '../placement/room-plan.ts'
import { paintFor } from '../terminal/paint.ts'
import { clusterFlags, joinAdmin, type JoinedAdmin, readNamespace } from './admin-cluster.ts'
import { type Command, type FlagValues, type Output } from './command.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { readSaidOptions, renderFlags } from './job/render-flags.ts'
import { findSources, sourceFlags } from './manifest-sources.ts'
import { outputFlow } from './output-flow.ts'
import { documentText, type OutputForm, readOutput } from './output-form.ts'
import { planAll } from './plan-room.ts'
import { type JobReader, type PlannedInput, readPlanned } from './plan-sources.ts'
import { readTimeout } from './timeout-flag.ts'
import { UnreachableError } from './unreachable-error.ts'
import { namespaceOf } from './workload-flags.ts'

/** `usher plan` */
export const planCommand: Command = {
  name: 'plan',
  summary: 'tell whether a cluster has room for workloads, where, and what would change',
  description:
    'Reads manifests or job files, has the API server try them and a pod of each workload, by dry runs that go through every webhook, ' +
    'LimitRange and quota, and counts what the pods of the cluster leave free on each node: memory, CPU, disk, pod slots, ports of the node. ' +
    'It says for each node how many fit and why not more, what would change against what runs, whether a rollout has room, and how long a pod ' +
    'may wait for the startup lock of its node. Nothing is changed. The exit code is 4 where something is rejected: there is no room, the API ' +
    'server does not take it, or a job file is not valid; with --exit-code it is 1 where something would change.',
  flags: {
    ...sourceFlags,
    kubeconfig: clusterFlags.kubeconfig,
    context: clusterFlags.context,
    namespace: { type: 'string', short: 'n', value: 'NAME', help: "namespace of jobs, and of objects that name none; else the context's, or default" },
    output: { type: 'string', short: 'o', value: 'FORM', default: 'table', help: 'table; json or yaml: one object, a problem document where it is rejected' },
    nodes: { type: 'boolean', help: 'show each node of a large cluster, not only the first and how many others there are' },
    'exit-code': { type: 'boolean', help: 'end with 1 where something would change' },
    timeout: { type: 'string', value: 'SPAN', default: '2m', help: 'how long all of it may take' },
    ...renderFlags,
  },
  examples: ['usher plan -f web.yaml', 'helm template shop ./chart | usher plan -f - -n shop', 'usher plan -f web.yaml --exit-code -o json', 'usher plan -f job.yaml --nodes'],
  async run(values, output) {
    const asked: Asked = { form: readOutput(values), timeoutMs: readTimeout(values), values, output }
    readNamespace(values)
    readSaidOptions(values)
    const sources = await findSources(values)
    const admin = await joinAdmin(values)
    const namespace = namespaceOf(admin)
    return within(asked, async (signal) => {
      const input = await readPlanned(sources, (file) => readJob(file, admin, asked, namespace, signal))
      if (input.kind === 'rejected') return rejectJob(input, asked)
      for (const warning of input.warnings) output.stderr.write(`usher plan: warning: ${warning}\n`)
      return tell(await planAll(admin, input.objects, { namespace, signal, withChanges: true }), asked)
    })
  },
}

/** What was asked for on the command line. */
interface Asked {
  readonly form: OutputForm
  readonly timeoutMs: number
  readonly values: FlagValues
  readonly output: Output
}

/** What reads job files is loaded where there are any. */
async function readJob(file: Parameters<JobReader>[0], admin: JoinedAdmin, { values }: Asked, namespace: string, signal: AbortSignal): ReturnType<JobReader> {
  const [{ readJobObjects }, { readClusterOptions }, { askWith }] = await Promise.all([import('./plan-jobs.ts'), import('./job/cluster-options.ts'), import('./asker.ts')])
  return readJobObjects(file, await readClusterOptions({ admin, asker: askWith(admin, signal), namespace }, values, undefined))
}

async function within({ timeoutMs, values }: Asked, work: (signal: AbortSignal) => Promise<ExitCode>): Promise<ExitCode> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    return await work(signal)
  } catch (error) {
    if (signal.aborted) throw new UnreachableError(`the API server has not told all of it within ${values.text('timeout') ?? ''} (--timeout)`, { cause: error })
    throw error
  }
}

async function rejectJob({ job, problem }: Extract<PlannedInput, { kind: 'rejected' }>, { form, output: { stdout, stderr } }: Asked): Promise<ExitCode> {
  if (form !== 'table') await outputFlow(stdout).write(await documentText(form, jobProblemDocument(job, problem)))
  stderr.write(`usher plan: ${problemSentence(problem)}\n`)
  return exitCodes.rejected
}

async function tell(plan: RoomPlan, { form, values, output: { stdout, stderr } }: Asked): Promise<ExitCode> {
  const text = form === 'table' ? `${planLines(plan, paintFor(stdout), values.isOn('nodes')).join('\n')}\n` : await documentText(form, planJson(plan))
  await outputFlow(stdout).write(text)
  if (plan.problem !== undefined) {
    stderr.write(`usher plan: ${problemSentence(plan.problem)}\n`)
    return exitCodes.rejected
  }
  const isChange = plan.changes.some(({ change }) => change !== 'unchanged')
  return isChange && values.isOn('exit-code') ? exitCodes.failed : exitCodes.done
}
