import { paintFor } from '../terminal/paint.ts'
import { explain } from '../why/explain.ts'
import type { WhyFacts } from '../why/facts.ts'
import { reportLines, toJson } from '../why/report.ts'
import { readWanted, type Wanted } from '../why/workload-kinds.ts'
import { joinAdmin } from './admin-cluster.ts'
import { askWith } from './asker.ts'
import { type Command, type FlagValues, type Output, UsageError } from './command.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { serverTime } from './find-hanging.ts'
import { findWorkload } from './find-workload.ts'
import { documentText, readOutput } from './output-form.ts'
import { showPending } from './progress.ts'
import { gatherWhy } from './why-facts.ts'
import { askNode } from './why-node.ts'
import { namespaceOf, readTimeout, withinTime, workloadFlags } from './workload-flags.ts'
import { writeText } from './write-text.ts'

const flags = {
  ...workloadFlags,
  node: { type: 'string', value: 'NODE', help: 'say whether this node takes an instance of it, and why not' },
  output: { type: 'string', short: 'o', value: 'FORM', default: 'table', help: 'table; json or yaml: one object, with all instances and all causes' },
} as const satisfies Command['flags']

const description =
  'Explains a workload that does not run, or not as it should, in one screen: how each instance is and since when; why no ' +
  'node takes it, in plain words; who holds the startup lock before it, or what it depends on; images, probes, exits, the ' +
  'last lines of a container that has ended; and what to do next. What may not be asked is said. It changes nothing. The ' +
  'exit code is 0 where it could explain, and where all is well, too; and 1 where there is no such workload.'

/** `usher why` */
export const whyCommand: Command = {
  name: 'why',
  summary: 'explain why a workload does not run',
  description,
  operand: { value: 'WORKLOAD', help: 'a job, Deployment, StatefulSet, DaemonSet, Job or pod of this name; or KIND/NAME, such as deployment/web, job/db, pod/web-7d9f8-x2k4d' },
  flags,
  examples: ['usher why web', 'usher why deployment/web -n shop', 'usher why web --node worker-3', 'usher why pod/web-7d9f8-x2k4d -o json'],
  run: (values, output) => run('why WORKLOAD', values, output),
}

/** `usher job why`: the same, of a job where there is one. */
export const jobWhyCommand: Command = {
  ...whyCommand,
  name: 'job why',
  summary: 'explain why a job does not run',
  operand: { value: 'JOB', help: 'the job; or KIND/NAME, as usher why takes it' },
  examples: ['usher job why web', 'usher job why web --node worker-3'],
  run: (values, output) => run('job why JOB', values, output, true),
}

async function run(usage: string, values: FlagValues, output: Output, isOfJobs = false): Promise<ExitCode> {
  const wanted = readOperand(usage, values, isOfJobs)
  const form = readOutput(values)
  const node = values.text('node')
  const timeoutMs = readTimeout(values)
  const admin = await joinAdmin(values)
  const pending = showPending(output.stderr)
  const unasked: string[] = []
  const facts: Omit<WhyFacts, 'unasked'> = await withinTime(timeoutMs, async (signal) => {
    const asker = askWith(admin, signal, pending)
    const nowMs = await serverTime(admin, signal)
    const found = await findWorkload(admin, asker, namespaceOf(admin), wanted)
    unasked.push(...found.unasked)
    const looking = { admin, asker, signal, nowMs, unasked: (sentence: string) => void unasked.push(sentence) }
    const gathered = await gatherWhy(found.workload, looking)
    if (node === undefined) return gathered
    return { ...gathered, node: await askNode(node, found.workload, gathered.pods.map(({ pod }) => pod), looking) }
  }).finally(() => pending.end())
  const parts = { ...facts, unasked: [...new Set(unasked)] }
  const explanation = explain(parts)
  const text = form === 'table' ? `${reportLines(explanation, parts, paintFor(output.stdout)).join('\n')}\n` : await documentText(form, toJson(explanation, parts))
  await writeText(output.stdout, text)
  return exitCodes.done
}

function readOperand(usage: string, { operand }: FlagValues, isOfJobs: boolean): Wanted {
  if (operand === undefined) throw new UsageError(`which workload? usher ${usage}`)
  const wanted = readWanted(isOfJobs && !operand.includes('/') ? `job/${operand}` : operand)
  if (typeof wanted === 'string') throw new UsageError(wanted)
  return wanted
}
