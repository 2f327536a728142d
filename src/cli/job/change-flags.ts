import { readTimeout } from '../change-flags.ts'
import { type Flag, type FlagValues, UsageError } from '../command.ts'
import { isNamespaceName } from '../admin-cluster.ts'
import { type OutputForm, readOutput } from '../output-form.ts'

/** The flags of the verbs that change a job. */
export const jobChangeFlags = {
  output: { type: 'string', short: 'o', value: 'FORM', default: 'table', help: 'table: lines for people; json: one object a line, as it happens; yaml: a document each' },
  timeout: { type: 'string', value: 'SPAN', default: '10m', help: 'how long is waited until all instances are healthy; then what was before is put back. Not given: 10m for the first one, and for each one that follows; more where its checks and what it depends on may take more' },
  'usher-namespace': { type: 'string', value: 'NAME', help: 'namespace of usher, where the names of jobs are kept; else usher-system, or where its webhook is' },
} as const satisfies Record<string, Flag>

/** What of the flags steers a change. */
export interface ChangeSettings {
  readonly form: OutputForm
  readonly timeoutMs: number
  /** Nobody has said how long all of it may take. */
  readonly isForEach: boolean
  readonly usherNamespace: string | undefined
}

/**
 * Reads the flags of {@link jobChangeFlags}.
 *
 * @throws {UsageError}
 */
export function readChangeSettings(values: FlagValues): ChangeSettings {
  const usherNamespace = values.text('usher-namespace')
  if (usherNamespace !== undefined && !isNamespaceName(usherNamespace)) throw new UsageError(`--usher-namespace: ${JSON.stringify(usherNamespace)} is not a name that a namespace can have`)
  return { form: readOutput(values), timeoutMs: readTimeout(values), isForEach: !values.isGiven('timeout'), usherNamespace }
}

// A DNS label, as the file has it.
const jobName = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/

/**
 * Reads the job that a verb is about.
 *
 * @throws {UsageError}
 */
export function readJobName(verb: string, { operand }: FlagValues): string {
  if (operand === undefined) throw new UsageError(`which job? usher job ${verb} JOB; usher job ls lists them`)
  if (!jobName.test(operand)) throw new UsageError(`${JSON.stringify(operand)} is not a name that a job can have`)
  return operand
}

const mostInstances = 100_000

/**
 * Reads a number of instances, or of a revision.
 *
 * @throws {UsageError}
 */
export function readWhole(what: string, text: string, least: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= mostInstances) return value
  throw new UsageError(`${what}: ${JSON.stringify(text)} is not a whole number from ${least} to ${mostInstances}`)
}
