import { type Document, isMap, isScalar, LineCounter, Pair, parseDocument, Scalar, type YAMLMap } from 'yaml'
import { ComposeEdits, moveComment, type Remark } from './compose-edits.ts'
import { Anchors, composeOptions, entryOf, hasLostAnchor, startOf, textOf } from './compose-nodes.ts'
import type { Variables } from './interpolate.ts'
import { slug } from './names.ts'
import { parseFile, withoutMark } from './parse-file.ts'
import { readJobs } from './read-jobs.ts'
import type { FileProblem } from './report.ts'
import { splitServices } from './split-services.ts'

/** A job file that was made of one of Compose. */
export interface ImportedCompose {
  readonly text: string
  /** What is not in it, and what to do instead. */
  readonly dropped: readonly FileProblem[]
  /** What is in it as something else, or needs a look. */
  readonly changed: readonly FileProblem[]
  /** What is still wrong with it; lines are those of the job file. */
  readonly left: readonly FileProblem[]
}

/** How a file of Compose is to be imported. */
export interface ImportOptions {
  /** As messages name it. */
  readonly file: string
  /** Of the job, where the file names none. */
  readonly name: string
  /** One job for each service, rather than one with all of them as its containers. */
  readonly isSplit: boolean
  readonly variables: Variables
  /** Whether a path, from the folder of the file, is a file that a job can bring along. */
  readonly isFile: (path: string) => boolean
}

/** Makes a job file of one of Compose, with its comments; or tells why it cannot be read at all. */
export function importCompose(whole: string, options: ImportOptions): ImportedCompose | { readonly problems: readonly FileProblem[] } {
  const { file, isSplit } = options
  const text = withoutMark(whole)
  const { report, documents } = parseFile(text, file)
  if (report.problems.length > 0) return { problems: report.problems }
  const lineCounter = new LineCounter()
  const document: Document = parseDocument(text, { ...composeOptions, lineCounter })
  const anchors = new Anchors(document)
  const services = anchors.follow(entryOf(document.contents, 'services')?.value)
  if (documents.length > 1 || !isMap(document.contents) || !isMap(services)) {
    const message = documents.length > 1 ? 'a file of Compose is one document' : 'it is no file of Compose, which is a map with services'
    return { problems: [{ file, line: 1, column: 1, code: 'invalid-job', message }] }
  }
  const place = ({ at, message }: Remark): FileProblem => {
    const { line, col } = lineCounter.linePos(at)
    return { file, line, column: col, code: 'invalid-job', message }
  }
  const unknown = unknownKeys(text, options)
  const edits = new ComposeEdits(document, anchors, isSplit, options.isFile)
  edits.takeOut(unknown, lineCounter)
  // Each job is a document of its own, which anchors of another are nothing to.
  if (isSplit) anchors.expand(document.contents)
  edits.editTop()
  const pairs = anchors.pairsOf(entryOf(document.contents, 'services')?.value)
  if (!isSplit) edits.changed.push(...instancesOfOthers(pairs, anchors))
  for (const service of pairs) edits.editService(service, lineCounter)
  if (hasLostAnchor(document)) anchors.expand(document.contents)
  if (!isSplit) {
    nameJob(document.contents, options.name)
    renameServices(document.contents)
  }
  const jobs = isSplit ? splitServices(document, (remark) => edits.changed.push(remark)) : [document]
  const version = unknown.filter(({ key }) => key === 'version').map((problem) => ({ ...problem, message: 'version is left out: Compose itself has no use for it any more' }))
  const dropped = inOrder([...unknown.filter(({ key }) => key !== 'version'), ...edits.dropped.map(place)])
  const made = headOf(file, dropped) + jobs.map((job) => job.toString({ lineWidth: 0, flowCollectionPadding: false })).join('---\n')
  return { text: made, dropped, changed: inOrder([...version, ...edits.changed.map(place)]), left: problemsOf(made, options) }
}

function inOrder(problems: readonly FileProblem[]): readonly FileProblem[] {
  return problems.toSorted((left, right) => left.line - right.line || left.column - right.column)
}

/** The keys that a job file does not have, as its reader tells them; but for one that becomes something else. */
function unknownKeys(text: string, options: ImportOptions): readonly FileProblem[] {
  const reading = readJobs(text, lenient(options))
  return 'problems' in reading ? reading.problems.filter(({ key }) => key !== undefined && key !== 'expose') : []
}

function problemsOf(text: string, options: ImportOptions): readonly FileProblem[] {
  const reading = readJobs(text, { ...lenient(options), file: 'job file' })
  return 'problems' in reading ? reading.problems : []
}

/** Variables stay in the file, and what they or other files hold does not matter yet. */
function lenient({ file, variables }: ImportOptions): Parameters<typeof readJobs>[1] {
  return { file, variables: (name) => variables(name) ?? '1', readFile: () => '' }
}

/** In one job all containers have as many instances: those that say nothing of it, too. */
function instancesOfOthers(services: readonly Pair[], anchors: Anchors): readonly Remark[] {
  const said = services.map((service) => ({ service, number: instancesOf(service, anchors) }))
  const silent = said.filter(({ number }) => number === undefined).map(({ service }) => textOf(service.key))
  if (silent.length === 0) return []
  return said.filter(({ number }) => number !== undefined).map(({ service, number }) => ({
    at: startOf(service),
    message: `${textOf(service.key)} has ${number === 'global' ? 'an instance on each node' : `${number} instances`}, and ${silent.join(', ')} with it: they are one job; --split makes a job of each`,
  }))
}

/** How many instances a service says that it has, if that is not one. */
function instancesOf(service: Pair, anchors: Anchors): string | undefined {
  const said = (layers: readonly YAMLMap[], key: string): unknown => anchors.follow(layers.map((map) => entryOf(map, key)?.value).find((value) => value !== undefined))
  const own = anchors.layersOf(service.value)
  const deploy = anchors.layersOf(said(own, 'deploy'))
  const number = textOf(said(deploy, 'mode')) === 'global' ? 'global' : (textOf(said(own, 'scale')) ?? textOf(said(deploy, 'replicas')))
  return number === '1' ? undefined : number
}

/** The name stands first, where a reader looks for it; one that is made of variables stays. */
function nameJob(top: YAMLMap, fallback: string): void {
  const own = entryOf(top, 'name')
  const said = textOf(own?.value)
  if (said?.includes('$') === true) return
  const name = new Scalar(slug(said ?? fallback, 58) || 'job')
  if (own !== undefined) {
    own.value = name
    return
  }
  const pair = new Pair(new Scalar('name'), name)
  const first = top.items[0]?.key
  // A comment at the head of the file stays there.
  moveComment(first, pair.key)
  top.items.unshift(pair)
}

function renameServices(top: YAMLMap): void {
  const key = entryOf(top, 'services')?.key
  if (isScalar(key)) key.value = 'containers'
}

function headOf(file: string, dropped: readonly FileProblem[]): string {
  if (dropped.length === 0) return ''
  return [`# Not carried over from ${file}:`, ...dropped.map(({ line, message }) => `#   line ${line}: ${message}`), ''].join('\n')
}
