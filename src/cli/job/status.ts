import { type JobView, jobViewJson, jobViewLines } from '../../job/instances/job-view.ts'
import { printable } from '../../terminal/columns.ts'
import { type Paint, paintFor } from '../../terminal/paint.ts'
import { joinAdmin } from '../admin-cluster.ts'
import { askWith } from '../asker.ts'
import type { Command } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { serverTime } from '../find-hanging.ts'
import { OutputError, outputFlow } from '../output-flow.ts'
import { documentText, readOutput, streamText } from '../output-form.ts'
import { readInterval, watch, watchFlags } from '../watch.ts'
import { readTimeout, withinTime, workloadFlags } from '../workload-flags.ts'
import { readJob } from './job-operand.ts'
import { lookAtJob } from './look-at-job.ts'

/** `usher job status` */
export const jobStatusCommand: Command = {
  name: 'job status',
  summary: 'show how each instance of a job is',
  description:
    'Shows a job: how many of its instances are healthy, how it is reached, and a line for each instance, with what it waits ' +
    'for. The exit code is 0 where the job is healthy, done or stopped, and 1 where it is degraded or has failed: usher job why tells more.',
  operand: { value: 'JOB', help: 'the job' },
  flags: {
    ...workloadFlags,
    output: { type: 'string', short: 'o', value: 'FORM', default: 'table', help: 'table; json or yaml: one object' },
    ...watchFlags,
  },
  examples: ['usher job status web', 'usher job status web --watch', 'usher job status web -n shop -o json'],
  async run(values, output) {
    const job = readJob('status', values)
    const form = readOutput(values)
    const everyMs = readInterval(values)
    const timeoutMs = readTimeout(values)
    const admin = await joinAdmin(values)
    const look = (stopping: AbortSignal): Promise<Look> =>
      withinTime(
        timeoutMs,
        async (signal) => {
          const unasked: string[] = []
          const looking = { admin, asker: askWith(admin, signal), signal, nowMs: await serverTime(admin, signal), unasked: (sentence: string) => void unasked.push(sentence) }
          return { view: await lookAtJob(looking, job), unasked }
        },
        stopping,
      )
    const flow = outputFlow(output.stdout)
    try {
      if (everyMs !== undefined) {
        const linesOf = ({ view, unasked }: Look): readonly string[] => [...jobViewLines(view, plain), ...unasked.map(printable)]
        const textOf = form === 'table' ? undefined : ({ view }: Look): Promise<string> => streamText(form, jobViewJson(view))
        return await watch({ command: 'job status', look, linesOf, textOf, everyMs }, output, flow)
      }
      const { view, unasked } = await look(new AbortController().signal)
      await flow.write(form === 'table' ? `${jobViewLines(view, paintFor(output.stdout)).join('\n')}\n` : await documentText(form, jobViewJson(view)))
      for (const sentence of unasked) output.stderr.write(`usher job status: ${sentence}\n`)
      return view.summary.state === 'Degraded' || view.summary.state === 'Failed' ? exitCodes.failed : exitCodes.done
    } catch (error) {
      if (error instanceof OutputError && error.isClosed) return exitCodes.done
      throw error
    }
  },
}

interface Look {
  readonly view: JobView
  /** What could not be asked, and why. */
  readonly unasked: readonly string[]
}

// Lines that are drawn in their place are cut to the width of the terminal, whatever is in them.
const plain: Paint = (_color, text) => text
