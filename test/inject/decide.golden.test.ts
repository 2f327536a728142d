import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import jsonpatch, { type Operation } from 'fast-json-patch'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { defaultConfig } from '../../src/config/defaults.ts'
import type { DecisionContext, InjectConfig, NamespaceFacts } from '../../src/inject/context.ts'
import { decide } from '../../src/inject/decide.ts'
import { reasonTable } from '../../src/inject/reasons.ts'
import { isObject, type Json, type JsonObject } from '../../src/units/json.ts'
import { type KubeVersion, parseKubeVersion } from '../../src/units/kube-version.ts'
import { context as usual } from '../support/context.ts'

// Pairs of files: NAME.input.yaml is a pod and its context, NAME.golden.yaml the pod as it comes out, with
// reasons and warnings. `npm run golden` writes all golden files anew; read their diff before it is committed.
const folder = new URL('../golden/inject/', import.meta.url)
const samples = new URL('../samples/', import.meta.url)
const inputEnd = '.input.yaml'
const goldenEnd = '.golden.yaml'
const renewing = process.env['UPDATE_GOLDEN'] === '1'
const howToRenew = 'npm run golden'
const leastPairs = 40

/** Reasons that only the webhook gives, around the decision, and one that takes a very large pod (decide.test.ts). */
const notOfDecide: ReadonlySet<string> = new Set([
  'not-a-pod',
  'not-a-create',
  'pod-too-deep',
  'annotations-full',
  'internal-error',
  'patch-failed',
])

const inputs = namesOf(inputEnd)
if (renewing) removeOrphans()

for (const name of inputs) {
  const text = readFileSync(new URL(name + inputEnd, folder), 'utf8')
  t.test(`${name}: ${titleOf(text)}`, async (t) => {
    const { pod, context } = readInput(text)
    const before = JSON.stringify(pod)
    const decision = decide(pod, context)
    t.equal(JSON.stringify(pod), before, 'the pod that is decided about stays as it is')

    const patched = patch(pod, decision.patch)
    const found = copy({ pod: patched, reasons: decision.reasons, warnings: decision.warnings })
    t.strictSame(decide(copy(patched), context).patch, [], 'a second pass changes nothing')

    const golden = new URL(name + goldenEnd, folder)
    const printed = stringify(found, { lineWidth: 0, aliasDuplicateObjects: false })
    if (renewing) writeFileSync(golden, printed)
    const wanted = existsSync(golden) ? readFileSync(golden, 'utf8') : undefined
    if (wanted === undefined) {
      t.fail(`${name}${goldenEnd} is not there; "${howToRenew}" writes it`)
      return
    }
    // The text decides: strictSame takes two objects with a key "constructor" for different ones. Its diff is
    // the readable one, and does not see the order of keys.
    if (printed === wanted) {
      t.pass('is as the golden file says')
      return
    }
    if (!t.strictSame(found, parse(wanted), `is as ${name}${goldenEnd} says; "${howToRenew}" renews it`)) return
    t.equal(printed, wanted, `is spelt as in ${name}${goldenEnd}; "${howToRenew}" renews it`)
  })
}

t.test('has an input for every golden file', async (t) => {
  const orphans = namesOf(goldenEnd).filter((name) => !inputs.includes(name))
  t.strictSame(orphans, [], `golden files without an input; "${howToRenew}" removes them`)
})

t.test('holds nothing but pairs', async (t) => {
  const others = readdirSync(folder).filter((file) => !file.endsWith(inputEnd) && !file.endsWith(goldenEnd))
  t.strictSame(others, [])
})

t.test(`has ${leastPairs} pairs or more`, async (t) => {
  const goldens = namesOf(goldenEnd)
  const pairs = inputs.filter((name) => goldens.includes(name))
  t.ok(pairs.length >= leastPairs, `there are ${pairs.length}`)
})

t.test('shows every reason that a decision can have', async (t) => {
  const shown = new Set(namesOf(goldenEnd).flatMap(codesOf))
  const missing = Object.keys(reasonTable).filter((code) => !notOfDecide.has(code) && !shown.has(code))
  t.strictSame(missing, [], 'reasons that occur in no golden file')
})

function namesOf(end: string): readonly string[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(end))
  return files.map((file) => file.slice(0, -end.length)).toSorted()
}

function removeOrphans(): void {
  for (const name of namesOf(goldenEnd)) {
    if (!inputs.includes(name)) rmSync(new URL(name + goldenEnd, folder))
  }
}

function codesOf(name: string): readonly unknown[] {
  const golden: unknown = parse(readFileSync(new URL(name + goldenEnd, folder), 'utf8'))
  const reasons = isObject(golden) ? golden['reasons'] : undefined
  return Array.isArray(reasons) ? reasons.map((reason: unknown) => (isObject(reason) ? reason['code'] : undefined)) : []
}

/** What a case shows: the comment on its first line. */
function titleOf(input: string): string {
  const title = /^# (\S.*)\n/.exec(input)?.[1]
  if (title === undefined) throw new Error('an input starts with a comment that says what it shows')
  return title
}

function readInput(text: string): { readonly pod: Json; readonly context: DecisionContext } {
  const input: unknown = parse(text)
  if (!isObject(input)) throw new Error('an input is a map')
  checkKeys(input, ['context', 'pod', 'sample', 'change'])
  if ('pod' in input === 'sample' in input) throw new Error('an input has either a pod or a sample')
  const pod = typeof input['sample'] === 'string' ? readSample(input['sample']) : (input['pod'] ?? null)
  return { pod: patch(pod, input['change'] ?? []), context: readContext(input['context']) }
}

function readSample(file: string): Json {
  const review: { request: { object: { metadata: Record<string, Json> } } } = JSON.parse(
    readFileSync(new URL(file, samples), 'utf8'),
  )
  const { object } = review.request
  delete object.metadata['managedFields']
  return object
}

function readContext(value: Json | undefined): DecisionContext {
  if (value === undefined) return usual
  if (!isObject(value)) throw new Error('context is a map')
  checkKeys(value, ['kubeVersion', 'namespace', 'lockAvailable', 'config'])
  const { kubeVersion, namespace, lockAvailable, config } = value
  return {
    config: readConfig(config ?? {}),
    namespace: readNamespace(namespace ?? {}),
    kubeVersion: kubeVersion === undefined ? usual.kubeVersion : readVersion(kubeVersion),
    lockAvailable: typeof lockAvailable === 'boolean' ? lockAvailable : usual.lockAvailable,
  }
}

function readConfig(value: Json): InjectConfig {
  const config: InjectConfig = JSON.parse(JSON.stringify(merged(copy(defaultConfig), value)))
  return config
}

function readNamespace(value: Json): NamespaceFacts {
  if (!isObject(value)) throw new Error('context.namespace is a map')
  checkKeys(value, ['name', 'labels', 'annotations'])
  const { name, labels, annotations } = { ...usual.namespace, ...value }
  if (typeof name !== 'string') throw new Error('context.namespace.name is a string')
  return { name, labels: orUnknown(labels), annotations: orUnknown(annotations) }
}

/** In YAML, null stands for what is not known. */
function orUnknown(value: Json | undefined): JsonObject | undefined {
  return isObject(value) ? value : undefined
}

function readVersion(value: Json): KubeVersion | undefined {
  if (value === null) return undefined
  const version = typeof value === 'string' ? parseKubeVersion(value) : undefined
  if (version === undefined) throw new Error('context.kubeVersion is a quoted version ("1.30"), or null')
  return version
}

/** Lays a partial configuration over the whole one. A key that the whole one does not have is a slip. */
function merged(whole: Json, part: Json): Json {
  if (!isObject(whole) || !isObject(part)) return part
  checkKeys(part, Object.keys(whole))
  const result: Record<string, Json | undefined> = { ...whole }
  for (const [key, value] of Object.entries(part)) result[key] = merged(whole[key] ?? null, value ?? null)
  return result
}

function checkKeys(value: JsonObject, allowed: readonly string[]): void {
  const slip = Object.keys(value).find((key) => !allowed.includes(key))
  if (slip !== undefined) throw new Error(`"${slip}" is none of ${allowed.join(', ')}`)
}

/** The pod with the patch applied; shares nothing with either. */
function patch(pod: Json, operations: unknown): Json {
  const own: Operation[] = JSON.parse(JSON.stringify(operations))
  return own.length === 0 ? copy(pod) : jsonpatch.applyPatch(copy(pod), own, true).newDocument
}

/** The value after a way over the wire: own, and nothing but JSON. */
function copy(value: unknown): Json {
  const own: Json = JSON.parse(JSON.stringify(value))
  return own
}
