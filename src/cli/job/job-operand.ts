import { readWanted, type Wanted, wantedJob } from '../../why/workload-kinds.ts'
import { type FlagValues, UsageError } from '../command.ts'

/**
 * Reads the job that a verb looks at.
 *
 * @throws {UsageError}
 */
export function readJob(verb: string, { operand }: FlagValues): Wanted {
  if (operand === undefined) throw new UsageError(`which job? usher job ${verb} JOB; usher job ls lists them`)
  const name = operand.replace(/^job\//, '')
  const wanted = readWanted(`job/${name}`)
  if (typeof wanted === 'string') throw new UsageError(`${JSON.stringify(operand)} is not a name that a job can have`)
  return wantedJob(name)
}
