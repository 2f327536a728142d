import { formatFileProblem } from '../../job/file/report.ts'
import { counted } from '../../terminal/counted.ts'
import type { Command } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { documentText, readOutput } from '../output-form.ts'
import { checkOfflineFlags, offlineFlags } from './offline-flags.ts'
import { jobFileFlag, readJobFiles, tellWarnings } from './read-job-files.ts'

/** `usher job validate` */
export const validateCommand: Command = {
  name: 'job validate',
  summary: 'tell what is wrong with job files, with file, line and column',
  description:
    'Reads job files without a cluster, and tells everything that is wrong with them, one line each. Warnings alone are no ' +
    'fault. Variables such as ${TAG} are taken from the environment, and other files that a job file names are found ' +
    'relative to it.',
  flags: {
    filename: jobFileFlag,
    output: { type: 'string', short: 'o', value: 'FORM', default: 'table', help: 'table: lines for people; json or yaml: all problems and warnings, with file, line, column, code and message' },
    ...offlineFlags,
  },
  examples: ['usher job validate -f job.yaml', 'TAG=1.2 usher job validate -f web.yaml -f db.yaml', 'usher job validate -f - -o json < job.yaml'],
  async run(values, { stdout, stderr }) {
    const form = readOutput(values)
    checkOfflineFlags(values)
    const { jobs, problems, warnings } = await readJobFiles(values)
    if (form !== 'table') {
      stdout.write(await documentText(form, { valid: problems.length === 0, jobs: jobs.map(({ name }) => name), problems, warnings }))
      return problems.length === 0 ? exitCodes.done : exitCodes.rejected
    }
    tellWarnings(warnings, stderr)
    for (const problem of problems) stderr.write(`${formatFileProblem(problem)}\n`)
    if (problems.length > 0) {
      stderr.write(`usher job validate: ${counted(problems.length, 'fault')}\n`)
      return exitCodes.rejected
    }
    for (const { name, instances, containers } of jobs) {
      const number = instances === 'each-node' ? 'one instance on each node' : counted(instances, 'instance')
      stdout.write(`${name}: ${number} of ${containers.map((container) => container.name).join(', ')}\n`)
    }
    return exitCodes.done
  },
}
