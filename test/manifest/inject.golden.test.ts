import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import jsonpatch, { type Operation } from 'fast-json-patch'
import t, { type Test } from 'tap'
import type { DecisionContext, NamespaceFacts } from '../../src/inject/context.ts'
import { statusKey } from '../../src/inject/names.ts'
import type { Changed } from '../../src/manifest/change-workloads.ts'
import { dataOf, readDocument } from '../../src/manifest/document.ts'
import { injectDocument, type Injection } from '../../src/manifest/inject.ts'
import { valueAt, withValueAt } from '../../src/manifest/patch-data.ts'
import { splitDocuments } from '../../src/manifest/split.ts'
import { uninjectDocument } from '../../src/manifest/uninject.ts'
import type { Workload } from '../../src/manifest/workloads.ts'
import { copyOf, isObject } from '../../src/units/json.ts'
import { context as usual } from '../support/context.ts'

// Manifests as they go into `usher inject` and come out of it, byte for byte, one case each:
//
//   NAME.input.yaml    a stream of documents (or NAME.input.json)
//   NAME.golden.yaml   the stream that comes out (NAME.golden.json)
//   NAME.remarks.txt   what is said about it, a line each; there only where something is said
//
// A remark names the document and the line in the stream; "unchanged" says why a workload is left as it is where that
// is not a fault. `npm run golden` writes goldens and remarks anew; read their diff before it is committed. Their
// bytes count: .gitattributes keeps git from changing line breaks, and an editor that trims lines does harm.
const folder = new URL('../golden/manifest/', import.meta.url)
const renewing = process.env['UPDATE_GOLDEN'] === '1'
const howToRenew = 'npm run golden'
const leastCases = 250

/** Of the cases that need another one: the context. Otherwise it is {@link usual}. */
const contexts: Readonly<Record<string, Partial<Pick<DecisionContext, 'kubeVersion'> & Omit<NamespaceFacts, 'name'> & { readonly token: true }>>> = {
  'exec-plain': { kubeVersion: { major: 1, minor: 29 } },
  'exec-mounts': { kubeVersion: { major: 1, minor: 29 } },
  'exec-volumes-empty': { kubeVersion: { major: 1, minor: 29 } },
  'exec-volumes-null': { kubeVersion: { major: 1, minor: 29 } },
  'exec-volumes-flow': { kubeVersion: { major: 1, minor: 29 } },
  'exec-volumes-flow-padded': { kubeVersion: { major: 1, minor: 29 } },
  'exec-evict': { kubeVersion: { major: 1, minor: 29 } },
  'exec-evict-folded': { kubeVersion: { major: 1, minor: 29 } },
  'exec-no-lock': { kubeVersion: { major: 1, minor: 29 } },
  'exec-json': { kubeVersion: { major: 1, minor: 29 } },
  'exec-native-asked': { kubeVersion: { major: 1, minor: 29 } },
  'mesh-istio-namespace': { labels: { 'istio-injection': 'enabled' } },
  'mesh-linkerd-namespace': {
    annotations: { 'linkerd.io/inject': 'enabled', 'config.linkerd.io/skip-outbound-ports': '25,587' },
  },
  'token-plain': { token: true },
  'token-volumes': { token: true },
  'token-exec-volumes': { token: true, kubeVersion: { major: 1, minor: 29 } },
  'token-exec-no-final-newline': { token: true, kubeVersion: { major: 1, minor: 29 } },
  'token-exec-volumes-flow': { token: true, kubeVersion: { major: 1, minor: 29 } },
  'token-exec-volumes-empty': { token: true, kubeVersion: { major: 1, minor: 29 } },
  'token-exec-volumes-alias': { token: true, kubeVersion: { major: 1, minor: 29 } },
  'token-exec-volumes-merged': { token: true, kubeVersion: { major: 1, minor: 29 } },
  'token-exec-json': { token: true, kubeVersion: { major: 1, minor: 29 } },
  'settings-namespace': { annotations: { 'usher.dev/nap': '20s', 'usher.dev/lock-position': 'last' } },
}

/** Cases that uninject gives back with the same data, and not with the same bytes. */
const sameDataOnly: readonly string[] = [
  // The status is in the template, and tells of the text within it only.
  'alias-above-template',
]

/** Cases whose golden is right as data, and not yet as a careful person would have written it. */
const blemishes: Readonly<Record<string, string>> = {
  'lifecycle-empty-inner-comment': 'the comment in the braces is gone (uninject brings it back)',
}

const files = readdirSync(folder).toSorted()
const inputs = files.flatMap((file) => {
  const [, name, type] = /^(.+)\.input\.(yaml|json)$/.exec(file) ?? []
  return name === undefined || type === undefined ? [] : [{ name, type }]
})
const expectable = new Set(
  inputs.flatMap(({ name, type }) => [`${name}.input.${type}`, `${name}.golden.${type}`, `${name}.remarks.txt`]),
)
if (renewing) {
  for (const file of files.filter((each) => !expectable.has(each))) rmSync(new URL(file, folder))
}

for (const { name, type } of inputs) {
  t.test(name, async (t) => {
    const input = readFileSync(new URL(`${name}.input.${type}`, folder))
    const contextOf = contextFor(name)
    const inject = (text: string) => injectDocument(text, contextOf)
    const { documents, output } = await change(input, inject)

    compare(t, `${name}.golden.${type}`, output.toString())
    const remarks = documents.flatMap(remarksOf)
    compare(t, `${name}.remarks.txt`, remarks.length === 0 ? undefined : remarks.join(''))
    for (const document of documents) checkDocument(t, document)

    const again = await change(output, inject)
    t.equal(again.output.toString(), output.toString(), 'a second injection changes nothing')

    const back = await change(output, uninjectDocument)
    if (sameDataOnly.includes(name)) {
      t.strictSame(back.documents.map(({ after }) => readData(after.text)), documents.map(({ text }) => readData(text)), 'uninject gives the same data back')
      t.not(back.output.toString(), input.toString(), 'uninject gives other bytes back; take it off the list where it does not')
    } else t.equal(back.output.toString(), input.toString(), 'uninject gives the input back, byte for byte')
  })
}

t.test('has an input for every other file', async (t) => {
  const orphans = readdirSync(folder).filter((file) => !expectable.has(file))
  t.strictSame(orphans, [], `files without an input; "${howToRenew}" removes them`)
})

t.test('has a case for every name in its tables', async (t) => {
  const names = new Set(inputs.map(({ name }) => name))
  t.strictSame([...Object.keys(contexts), ...sameDataOnly, ...Object.keys(blemishes)].filter((name) => !names.has(name)), [])
  t.equal(names.size, inputs.length, 'no name stands for two cases')
})

t.test(`has ${leastCases} cases or more`, async (t) => {
  t.ok(inputs.length >= leastCases, `there are ${inputs.length}`)
})

/** A document before and after a change. */
interface ChangedDocument<T> {
  readonly text: string
  readonly after: Changed<T>
  /** In the stream, from 1. */
  readonly number: number
  readonly line: number
}

/** Sends a stream through a change, as the commands do. */
async function change<T>(
  stream: Buffer,
  how: (text: string) => Changed<T>,
): Promise<{ readonly documents: readonly ChangedDocument<T>[]; readonly output: Buffer }> {
  const documents: ChangedDocument<T>[] = []
  let output = ''
  for await (const { kind, bytes, line } of splitDocuments(chunksOf(stream))) {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    if (kind === 'document') {
      const document = { text, after: how(text), number: documents.length + 1, line }
      documents.push(document)
      output += document.after.text
    } else output += text
  }
  return { documents, output: Buffer.from(output) }
}

async function* chunksOf(stream: Buffer): AsyncIterable<Uint8Array> {
  yield stream
}

function contextFor(name: string): (workload: Workload) => DecisionContext {
  const { kubeVersion = usual.kubeVersion, labels = {}, annotations = {}, token = false } = contexts[name] ?? {}
  const config = { ...usual.config, lock: { ...usual.config.lock, token } }
  const namespace = { labels: { ...usual.namespace.labels, ...labels }, annotations }
  return (workload) => ({ ...usual, config, kubeVersion, namespace: { ...namespace, name: workload.namespace ?? usual.namespace.name } })
}

/** @param found what the file should hold; undefined: that it should not be there. */
function compare(t: Test, file: string, found: string | undefined): void {
  const url = new URL(file, folder)
  if (renewing && found === undefined) rmSync(url, { force: true })
  else if (renewing && found !== undefined) writeFileSync(url, found)
  const wanted = existsSync(url) ? readFileSync(url, 'utf8') : undefined
  if (found !== undefined && wanted === undefined) t.fail(`${file} is not there; "${howToRenew}" writes it`)
  else t.equal(found, wanted, `is as ${file} says; "${howToRenew}" renews it`)
}

function remarksOf({ after, number, line }: ChangedDocument<Injection>): readonly string[] {
  const remarks = after.workloads.flatMap(({ workload, line, isChanged, hasFault, result }) => {
    const named = `${workload.kind} ${workload.name}`
    const codes = [...new Set(result.reasons.map(({ code }) => code))].join(', ')
    const unchanged = isChanged || hasFault ? [] : [{ line, text: `unchanged: ${named}: ${codes}` }]
    return [...unchanged, ...result.warnings.map((warning) => ({ line, text: `warning: ${named}: ${warning}` }))]
  })
  const notes = after.notes.map(({ line, text }) => ({ line, text: `note: ${text}` }))
  const faults = after.faults.map(({ line, text }) => ({ line, text: `fault: ${text}` }))
  const inOrder = [...remarks, ...notes, ...faults].toSorted((left, right) => left.line - right.line)
  return inOrder.map((remark) => `document ${number}, line ${line + remark.line - 1}: ${remark.text}\n`)
}

/** What is left alone keeps its bytes; all else says what the decisions' patches say. */
function checkDocument(t: Test, { text, after, number }: ChangedDocument<Injection>): void {
  const changed = after.workloads.filter(({ isChanged }) => isChanged)
  if (changed.length === 0) {
    t.equal(after.text, text, `document ${number} keeps its bytes`)
    return
  }
  const patch: Operation[] = JSON.parse(JSON.stringify(changed.flatMap(({ result }) => result.patch)))
  const wanted = jsonpatch.applyPatch(readData(text), patch, true).newDocument
  const found = changed.reduce((data, { workload }) => withoutText(data, workload), readData(after.text))
  t.strictSame(found, wanted, `document ${number} has the data that the patches give`)
}

/** The data of a document, with plain prototypes. */
function readData(text: string): unknown {
  const reading = readDocument(text.replace(/^\u{FEFF}/u, ''))
  return reading.kind === 'manifest' ? copyOf(dataOf(reading.manifest)) : reading.kind
}

/** Takes out of a status how the places were written, which only an edit of text can know. */
function withoutText(data: unknown, { at, template }: Workload): unknown {
  const steps = [...at, ...template, 'metadata', 'annotations', statusKey]
  const annotation = valueAt(data, steps)
  const status: unknown = typeof annotation === 'string' ? JSON.parse(annotation) : undefined
  if (!isObject(status)) return data
  const { text: _, ...rest } = status
  return withValueAt(data, steps, JSON.stringify(rest))
}
