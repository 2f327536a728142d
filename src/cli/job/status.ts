import { type JobView, jobViewJson, jobViewLines } from '../../job/instances/job-view.ts'
import { printable } from '../../terminal/columns.ts'
import { type Paint, paintFor } from '../../terminal/paint.ts'
import { joinAdmin } from '../admin-cluster.ts'
import { askWith } from '../asker.ts'
import { type Command, type FlagValues, type Output, UsageError } from '../command.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { serverTime } from '../find-hanging.ts'
import { liveLines } from '../live-lines.ts'
import { lookAgain } from '../look-again.ts'
import { OutputError, type OutputFlow, outputFlow } from '../output-flow.ts'
import { documentText, type OutputForm, readOutput, streamText } from '../output-form.ts'
import { settingsReader } from '../settings-reader.ts'
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
    watch: { type: 'boolean', short: 'w', help: 'show it again and again, until Ctrl-C; with -o json a line each time' },
    interval: { type: 'string', value: 'SPAN', default: '2s', help: 'with --watch: how often' },
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
      if (everyMs !== undefined) return await watch({ look, form, everyMs }, output, flow)
      const { view, unasked } = await look(new AbortController().signal)
      await flow.write(form === 'table' ? `${jobViewLines(view, paintFor(output.stdout)).join('\n')}\n` : documentText(form, jobViewJson(view)))
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

interface Watching {
  readonly look: (stopping: AbortSignal) => Promise<Look>
  readonly form: OutputForm
  readonly everyMs: number
}

/** Shows it until somebody ends it, which is how it is meant to end. */
async function watch({ look, form, everyMs }: Watching, { stdout, stderr }: Output, flow: OutputFlow): Promise<ExitCode> {
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const live = form === 'table' ? liveLines(stdout, flow) : undefined
  try {
    await lookAgain({
      look: () => look(stopping.signal),
      everyMs,
      signal: stopping.signal,
      show: ({ view, unasked }) => (live === undefined ? flow.write(streamText(form === 'yaml' ? form : 'json', jobViewJson(view))) : live.show([...jobViewLines(view, plain), ...unasked.map(printable)])),
      async failed({ message }) {
        if (live === undefined) stderr.write(`usher job status: ${message}\n`)
        else await live.fail(message)
      },
    })
    return exitCodes.done
  } finally {
    live?.end()
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

// Lines that are drawn in their place are cut to the width of the terminal, whatever is in them.
const plain: Paint = (_color, text) => text

// Each look asks several times.
const shortestMs = 500
const longestMs = 3_600_000

/** Undefined: it is shown once. */
function readInterval(values: FlagValues): number | undefined {
  const everyMs = settingsReader(values, {}).span('interval', undefined, longestMs)
  if (everyMs < shortestMs) throw new UsageError(`--interval: ${JSON.stringify(values.text('interval'))} is less than ${shortestMs} ms`)
  if (values.isOn('watch')) return everyMs
  if (values.isGiven('interval')) throw new UsageError('--interval goes with --watch')
  return undefined
}
