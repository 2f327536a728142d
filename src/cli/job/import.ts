import { basename, dirname, resolve } from 'node:path'
import { importCompose } from '../../job/file/import-compose.ts'
import { type FileProblem, formatFileProblem } from '../../job/file/report.ts'
import { type Command, UsageError } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { documentText, readOutput } from '../output-form.ts'
import { checkOfflineFlags, offlineFlags } from './offline-flags.ts'
import { isContent, readSource } from './read-job-files.ts'

/** `usher job import` */
export const importCommand: Command = {
  name: 'job import',
  summary: 'make a job file of a docker-compose file',
  description:
    'Reads a file of Docker Compose and writes a job file, with its comments. Without --split all services are the containers of ' +
    'one job: they run in one pod and reach each other at localhost and by their names. With --split each service is a job of its ' +
    'own, as Compose runs them, and depends_on names jobs. What cannot be carried over is named on stderr and in a comment at the ' +
    'head of the job file, with its line and what to do instead; the exit code is 1 then, or where something is left that the job ' +
    'file cannot be run with. Variables stay variables.',
  flags: {
    filename: { type: 'string', short: 'f', value: 'FILE|-', help: 'the file of Compose, or - for standard input' },
    split: { type: 'boolean', help: 'one job for each service' },
    name: { type: 'string', value: 'NAME', help: 'name of the job where the file names none (default: that of its folder)' },
    output: { type: 'string', short: 'o', value: 'FORM', default: 'table', help: 'table: the job file, and notes on stderr; json or yaml: one object with the job file as a text and all notes, each with file, line, column and message' },
    ...offlineFlags,
  },
  examples: ['usher job import -f compose.yaml > job.yaml', 'usher job import -f compose.yaml --split > jobs.yaml', 'usher job import -f - --name shop < compose.yaml | usher job validate -f -'],
  async run(values, { stdout, stderr }) {
    const form = readOutput(values)
    checkOfflineFlags(values)
    const name = values.text('filename')
    if (name === undefined || name === '') throw new UsageError('nothing to read: -f FILE, or -f - for standard input')
    const text = await readSource(name)
    const file = name === '-' ? 'stdin' : name
    const folder = name === '-' ? process.cwd() : dirname(resolve(name))
    const imported = importCompose(text, { file, name: values.text('name') ?? basename(folder), isSplit: values.isOn('split'), variables: (variable) => process.env[variable], isFile: (path) => isContent(resolve(folder, path)) })
    const tell = (kind: string, problems: readonly FileProblem[]): void => {
      for (const problem of problems) stderr.write(`${kind}${formatFileProblem(problem)}\n`)
    }
    if ('problems' in imported) {
      if (form !== 'table') stdout.write(await documentText(form, { jobFile: null, problems: imported.problems }))
      tell('', imported.problems)
      return exitCodes.rejected
    }
    const { dropped, changed, left } = imported
    const outcome = dropped.length + left.length === 0 ? exitCodes.done : exitCodes.failed
    if (form !== 'table') {
      stdout.write(await documentText(form, { jobFile: imported.text, notCarriedOver: dropped, changed, toBeMended: left }))
      return outcome
    }
    stdout.write(imported.text)
    tell('not carried over: ', dropped)
    tell('look at this: ', changed)
    tell('to be mended: ', left)
    if (left.some(({ message }) => message.includes('share one network'))) stderr.write('usher job import: --split makes one job of each service, with a network of its own\n')
    return outcome
  },
}
