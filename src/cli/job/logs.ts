import { joinAdmin } from '../admin-cluster.ts'
import { askWith } from '../asker.ts'
import { type Command, type FlagValues, UsageError } from '../command.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { findWorkload } from '../find-workload.ts'
import { OutputError, outputFlow } from '../output-flow.ts'
import { readOutput } from '../output-form.ts'
import { settingsReader } from '../settings-reader.ts'
import { withStopSignals } from '../until-interrupted.ts'
import { namespaceOf, readTimeout, withinTime, workloadFlags } from '../workload-flags.ts'
import { followLogs } from './follow-logs.ts'
import { readJob } from './job-operand.ts'
import { type LogWish, logWriter, recordWriter } from './log-output.ts'
import { showLogs } from './show-logs.ts'

/** `usher job logs` */
export const jobLogsCommand: Command = {
  name: 'job logs',
  summary: 'show what the instances of a job log',
  description:
    'Shows the logs of all instances of a job as one, by their times, each line with the name of its instance (and of its ' +
    'container, where there are several). With -f it goes on with what comes, of new instances and of containers that are ' +
    'started again, too, until Ctrl-C, or the job is done. The exit code is 1 where a log could not be read.',
  operand: { value: 'JOB', help: 'the job' },
  flags: {
    ...workloadFlags,
    follow: { type: 'boolean', short: 'f', help: 'go on with what comes' },
    container: { type: 'string', short: 'c', value: 'NAME', help: 'this container alone, be it an init container; else all but those' },
    tail: { type: 'string', value: 'N', default: 'all', help: 'the last so many lines of each container; all' },
    previous: { type: 'boolean', short: 'p', help: 'of the containers that have run before those that run' },
    since: { type: 'string', value: 'SPAN', help: 'not older than this, such as 10m' },
    output: { type: 'string', short: 'o', value: 'FORM', default: 'table', help: 'table: lines for people; json or yaml: one object a line of a log, with pod, container, time and text' },
  },
  examples: ['usher job logs web', 'usher job logs web -f --tail 20', 'usher job logs web --container app --previous', 'usher job logs web --since 10m'],
  async run(values, output) {
    const job = readJob('logs', values)
    const wish = readWish(values)
    const form = readOutput(values)
    const timeoutMs = readTimeout(values)
    const admin = await joinAdmin(values)
    const found = await withinTime(timeoutMs, (signal) => findWorkload(admin, askWith(admin, signal), namespaceOf(admin), job))
    const tell = (sentence: string): void => void output.stderr.write(`usher job logs: ${sentence}\n`)
    const parts = { admin, workload: found.workload, wish, writer: form === 'table' ? logWriter(output.stdout, outputFlow(output.stdout)) : recordWriter(form, outputFlow(output.stdout)), tell }
    try {
      return await (values.isOn('follow') ? untilStopped((stopping) => followLogs({ ...parts, stopping })) : untilStopped((stopping) => showLogs({ ...parts, stopping })))
    } catch (error) {
      // Its reader has read enough.
      if (error instanceof OutputError && error.isClosed) return exitCodes.done
      throw error
    }
  },
}

/** Whoever follows logs ends that by Ctrl-C, and has had what was wanted. */
function untilStopped(work: (stopping: AbortSignal) => Promise<ExitCode>): Promise<ExitCode> {
  return withStopSignals(async (stopping) => {
    try {
      return await work(stopping.signal)
    } catch (error) {
      if (stopping.signal.aborted && !(error instanceof OutputError)) return exitCodes.done
      throw error
    } finally {
      stopping.abort()
    }
  })
}

const longestSinceMs = 10 * 365 * 24 * 3_600_000

function readWish(values: FlagValues): LogWish {
  const isPrevious = values.isOn('previous')
  if (isPrevious && values.isOn('follow')) throw new UsageError('--previous and --follow exclude each other: what has ended does not go on')
  const text = values.text('tail') ?? ''
  if (text !== 'all' && !/^\d{1,9}$/.test(text)) throw new UsageError(`--tail: ${JSON.stringify(text)} is neither a number of lines nor all`)
  const container = values.text('container')
  if (container === '') throw new UsageError('--container: which one?')
  return {
    container,
    tail: text === 'all' ? undefined : Number(text),
    isPrevious,
    sinceSeconds: values.isGiven('since') ? Math.max(1, Math.ceil(settingsReader(values, {}).span('since', undefined, longestSinceMs) / 1_000)) : undefined,
  }
}

