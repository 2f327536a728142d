import type { Output } from '../command.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { outputFlow } from '../output-flow.ts'
import { type OutputForm, streamText } from '../output-form.ts'
import { InterruptedError, withStopSignals } from '../until-interrupted.ts'
import { JobRejection } from './rejection.ts'

/**
 * Runs what changes a job: Ctrl-C aborts the signal, and a second one ends the process as usual. A rejection is told with its
 * problem document.
 */
export function runChange(form: OutputForm, output: Output, work: (stopping: AbortSignal) => Promise<ExitCode>): Promise<ExitCode> {
  return withStopSignals(async ({ signal }) => {
    try {
      return await work(signal)
    } catch (error) {
      if (error instanceof JobRejection) return await reject(error, form, output)
      if (signal.aborted && isAbort(error)) throw new InterruptedError('stopped; nothing was changed', { cause: error })
      throw error
    }
  })
}

/** What was asked before anything was done; what was done then is not broken off. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || isAbort(error.cause))
}

/** People get a sentence, and both get the document, which says where more of it stands. */
async function reject(rejection: JobRejection, form: OutputForm, { stdout, stderr }: Output): Promise<ExitCode> {
  const { document, message } = rejection
  const flow = outputFlow(stdout)
  if (form !== 'table') await flow.write(await streamText(form, { event: 'rejected', job: rejection.job, problem: document }))
  else await flow.write(`${JSON.stringify(document, undefined, 2)}\n`)
  stderr.write(`${message}\n`)
  return exitCodes.rejected
}
