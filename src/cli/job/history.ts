import { historyLines, revisionJson, revisionLines } from '../../job/run/history.ts'
import type { Ledger, Revision } from '../../job/run/ledger.ts'
import type { Command } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { outputFlow } from '../output-flow.ts'
import { documentText, readOutput } from '../output-form.ts'
import { readTimeout, withinTime, workloadFlags } from '../workload-flags.ts'
import { plainLayout } from '../../manifest/layout.ts'
import { printBlock } from '../../manifest/print.ts'
import { readJobName, readWhole } from './change-flags.ts'
import { joinJobs, jobClusterFlags } from './job-cluster.ts'
import { readKnownLedger } from './known-ledger.ts'

/** `usher job history` */
export const historyCommand: Command = {
  name: 'job history',
  summary: 'show the revisions of a job',
  description:
    'Lists what a job was to be, the newest first: when, by which verb, with how many instances, and what has come of it. With ' +
    '--revision, all that was kept of one: why it has failed, conditions, last exits, events and log lines, as they were before ' +
    'anything was set back; with -o yaml its objects. The ledger keeps the last ten.',
  operand: { value: 'JOB', help: 'the job' },
  flags: {
    ...jobClusterFlags,
    output: { type: 'string', short: 'o', value: 'FORM', default: 'table', help: 'table; json or yaml: one object; yaml with --revision: its objects as manifests' },
    timeout: workloadFlags.timeout,
    revision: { type: 'string', value: 'N', help: 'show this one' },
  },
  examples: ['usher job history web', 'usher job history web --revision 3', 'usher job history web --revision 2 -o yaml'],
  async run(values, output) {
    const job = readJobName('history', values)
    const form = readOutput(values)
    const wanted = values.text('revision')
    const number = wanted === undefined ? undefined : readWhole('--revision', wanted, 1)
    const { cluster, ledger } = await withinTime(readTimeout(values), async (signal) => {
      const joined = await joinJobs(values, signal)
      return { cluster: joined, ledger: (await readKnownLedger(joined, job)).ledger }
    })
    const write = (text: string): Promise<void> => outputFlow(output.stdout).write(text)
    if (number === undefined) {
      await write(form === 'table' ? `${historyLines(ledger, Date.now()).join('\n')}\n` : await documentText(form, { job, namespace: cluster.namespace, revisions: ledger.revisions.map(revisionJson) }))
      return exitCodes.done
    }
    const revision = revisionOf(ledger, number)
    if (form === 'yaml') await write(revision.objects.map((each) => printBlock(each, 0, plainLayout)).join('---\n'))
    else await write(form === 'json' ? await documentText(form, revisionJson(revision)) : `${revisionLines(revision).join('\n')}\n`)
    return exitCodes.done
  },
}

/** Throws where the ledger has no such revision. */
export function revisionOf({ job, revisions }: Ledger, number: number): Revision {
  const found = revisions.find((each) => each.number === number)
  if (found !== undefined) return found
  const numbers = revisions.map((each) => each.number)
  throw new Error(`job ${job} has no revision ${number}; it has ${numbers.length === 0 ? 'none' : `revision${numbers.length === 1 ? '' : 's'} ${numbers.join(', ')}`}`)
}
