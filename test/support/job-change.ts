import { Writable } from 'node:stream'
import { changeJob } from '../../src/cli/job/change-job.ts'
import { joinJobs } from '../../src/cli/job/job-cluster.ts'
import { jobReport } from '../../src/cli/job/job-report.ts'
import { runChange } from '../../src/cli/job/run-change.ts'
import type { FlagValues, Output } from '../../src/cli/command.ts'
import type { JobProblem } from '../../src/job/problems.ts'
import type { Draft } from '../../src/job/run/ledger.ts'

/** What a job is changed to, and how. */
export interface JobChangeInput {
  readonly kubeconfig: string
  readonly namespace: string
  readonly job: string
  readonly draft: Draft
  readonly isForced?: boolean
  readonly timeoutMs?: number
  readonly isForEach?: boolean
  readonly usherNamespace?: string
  /** Why there is no room. */
  readonly problem?: JobProblem
  readonly form?: 'table' | 'json'
}

/** Changes a job as `usher job run` does, to objects that need no rendering; gives its exit code. */
export async function runJobChange({ kubeconfig, namespace, job, draft, isForced = false, timeoutMs = 60_000, isForEach = false, usherNamespace, problem, form = 'table' }: JobChangeInput, output: Output): Promise<number> {
  const values: FlagValues = {
    text: (name) => ({ kubeconfig, namespace })[name],
    texts: () => [],
    isOn: () => false,
    isGiven: (name) => name === 'kubeconfig' || name === 'namespace',
  }
  try {
    return await runChange(form, output, async (stopping) => {
      const cluster = await joinJobs(values, stopping)
      return changeJob({ cluster, job, report: jobReport(output, job, form), draftOf: () => draft, roomFor: async () => ({ isTight: false, ...(problem === undefined ? {} : { problem }) }), isForced, usherNamespace, timeoutMs, isForEach, stopping })
    })
  } catch (error) {
    output.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

/** Streams that keep what is written. */
export function keptOutput(): Output & { readonly text: () => { readonly stdout: string; readonly stderr: string } } {
  const written = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr'): NodeJS.WriteStream =>
    new Writable({
      write(chunk, _encoding, done) {
        written[name] += String(chunk)
        done()
      },
    }) as unknown as NodeJS.WriteStream
  return { stdout: stream('stdout'), stderr: stream('stderr'), text: () => written }
}
