import { textAt } from '../../check/json-paths.ts'
import { type JobProblem, jobProblemDocument, jobProblemTable } from '../../job/problems.ts'
import { render } from '../../job/render/render.ts'
import type { Rendered } from '../../job/rendered.ts'
import { plainLayout } from '../../manifest/layout.ts'
import { printBlock } from '../../manifest/print.ts'
import { columns } from '../../terminal/columns.ts'
import type { JsonObject } from '../../units/json.ts'
import type { Command, Flag, Output } from '../command.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { type OutputForm, readOutput } from '../output-form.ts'
import { outputFlow } from '../output-flow.ts'
import { checkOfflineFlags, offlineFlags } from './offline-flags.ts'
import { jobFileFlag, problemOf, readJobFiles, tellWarnings } from './read-job-files.ts'
import { readRenderOptions, renderFlags } from './render-flags.ts'

/** Objects of this version and later are made alike. */
const newestVersion = '1.37'

const flags = {
  filename: jobFileFlag,
  output: { type: 'string', short: 'o', value: 'FORM', default: 'yaml', help: 'yaml; json: one List, or a problem document where the job is rejected; table: what there would be, by kind and name' },
  ...offlineFlags,
  namespace: { ...offlineFlags.namespace, default: 'default', help: 'namespace of the objects' },
  'kube-version': { type: 'string', value: 'VERSION', default: newestVersion, help: 'version of the API server that they are for' },
  ...renderFlags,
} as const satisfies Record<string, Flag>

/** `usher job render` */
export const renderCommand: Command = {
  name: 'job render',
  summary: 'print the Kubernetes objects that job files become',
  description:
    'Reads job files and writes plain manifests, for GitOps or to look at, without a cluster: what only a cluster knows is said by ' +
    'flags. The same job and flags give the same bytes. usher job run does more with them: it looks whether there is room, waits until ' +
    'all is healthy, and goes back where it is not. docs/jobs-mapping.md says what becomes of what. The exit code is 4 where a job is ' +
    'not valid, or takes something that the cluster has not; nothing is written then.',
  flags,
  examples: ['usher job render -f job.yaml -n shop > manifests.yaml', 'usher job render -f job.yaml --shared-storage-class nfs | kubectl apply -f -', 'usher job render -f web.yaml -f db.yaml --gateway edge/main --domain apps.example.org -o json'],
  async run(values, output) {
    const form = readOutput(values)
    checkOfflineFlags(values)
    const namespace = values.text('namespace') ?? 'default'
    const options = readRenderOptions(values, namespace)
    const reading = await readJobFiles(values)
    tellWarnings(reading.warnings, output.stderr)
    const invalid = problemOf(reading)
    if (invalid !== undefined) return reject(form, [{ job: values.texts('filename').join(', '), problem: invalid }], output)
    const rendered: Rendered[] = []
    const problems: Rejected[] = []
    for (const job of reading.jobs) {
      const rendering = render(job, options)
      if ('problems' in rendering) problems.push(...rendering.problems.map((problem) => ({ job: job.name, problem })))
      else rendered.push(rendering)
      for (const warning of 'problems' in rendering ? [] : rendering.warnings) output.stderr.write(`warning: job ${job.name}: ${warning}\n`)
    }
    if (problems.length > 0) return reject(form, problems, output)
    await outputFlow(output.stdout).write(printed(form, rendered.flatMap(({ objects }) => objects)))
    return exitCodes.done
  },
}

interface Rejected {
  readonly job: string
  readonly problem: JobProblem
}

/** Says for people what is wrong; the documents go where machines look for them, and never into a file of manifests. */
async function reject(form: OutputForm, problems: readonly Rejected[], { stdout, stderr }: Output): Promise<ExitCode> {
  const documents = problems.map(({ job, problem }) => `${JSON.stringify(jobProblemDocument(job, problem), undefined, 2)}\n`).join('')
  if (form === 'json') await outputFlow(stdout).write(documents)
  else stderr.write(documents)
  for (const { job, problem } of problems) stderr.write(`usher job render: ${job}: ${sentenceOf(problem)}\n`)
  return exitCodes.rejected
}

function sentenceOf({ code, detail }: JobProblem): string {
  const { remedy } = jobProblemTable[code]
  return remedy.startsWith('The detail') ? detail : `${detail} ${remedy}`
}

function printed(form: OutputForm, objects: readonly JsonObject[]): string {
  if (form === 'table') return `${columns([['KIND', 'NAME', 'API VERSION'], ...objects.map((object) => [textAt(object, 'kind') ?? '', textAt(object, 'metadata', 'name') ?? '', textAt(object, 'apiVersion') ?? ''])]).join('\n')}\n`
  if (form === 'json') return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, undefined, 2)}\n`
  return objects.map((object) => printBlock(object, 0, plainLayout)).join('---\n')
}
