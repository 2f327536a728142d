import type { Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { objectAt, shown, valueAt } from '../support/pod-reader.ts'
import { type Injected, injectedInto, parseObject } from './pod-template.ts'
import type { Shell } from './shell.ts'

const injected: Injected = { initContainers: ['usher-lock'], naps: [10], graceSeconds: 40, hasStatus: true }
const untouched: Injected = { initContainers: [], naps: [undefined], graceSeconds: 30, hasStatus: false }

/**
 * Renders the chart with and without the post-renderer.
 *
 * @param flags how this Helm calls usher.
 */
export async function testTemplate(t: Test, { read }: Shell, flags: string): Promise<void> {
  const plain = byKind(await read('helm template shop chart'))
  const rendered = byKind(await read(`helm template shop chart ${flags}`))
  t.strictSame([...rendered.keys()].toSorted(), ['ConfigMap', 'Deployment', 'Job', 'Service'])
  for (const [kind, object] of rendered) {
    if (kind === 'Deployment') t.strictSame(injectedInto(object), injected)
    else t.strictSame(object, plain.get(kind), `the ${kind} is the same`)
  }
}

/** Installs the chart, whose hook runs first, and upgrades the release; with the post-renderer, and once without. */
export async function testRelease(t: Test, shell: Shell, flags: string): Promise<void> {
  const { read } = shell
  await Promise.all([read(`helm install shop chart ${flags}`), finishHook(shell)])
  const first = await deployment(shell)
  t.strictSame(injectedInto(first), injected)
  t.strictSame(injectedInto(parseObject(await read('kubectl get job shop-migrate -o json'))), untouched, 'the hook is left alone')

  const versions = await resourceVersions(shell)
  await read(`helm upgrade shop chart ${flags}`)
  t.equal(await resourceVersions(shell), versions, 'an upgrade to the same writes nothing')

  await read(`helm upgrade shop chart ${flags} --set replicas=3`)
  const scaled = await deployment(shell)
  t.equal(valueAt(scaled, 'spec', 'replicas'), 3)
  t.strictSame(objectAt(scaled, 'spec', 'template'), objectAt(first, 'spec', 'template'), 'no pod is replaced where only the scale changes')

  await read('helm upgrade shop chart')
  t.strictSame(injectedInto(await deployment(shell)), untouched, 'an upgrade without the post-renderer takes usher out')
  await read('helm rollback shop 1')
  t.strictSame(injectedInto(await deployment(shell)), injected, 'and a rollback brings it back')
  t.strictSame(objectAt(await deployment(shell), 'spec', 'template'), objectAt(first, 'spec', 'template'))
}

/** Lets usher fail. */
export async function testFailure(t: Test, { run }: Shell, flags: string): Promise<void> {
  const { code, stdout, stderr } = await run(`helm template shop chart ${flags} --post-renderer-args --no-such-flag`)
  t.equal(code, 1)
  t.equal(stdout, '')
  t.match(stderr, 'usher')
}

function byKind(text: string): ReadonlyMap<string, JsonObject> {
  const objects = parseAllDocuments(text).map((document): unknown => document.toJS()).filter(isObject)
  return new Map(objects.map((object) => [shown(object['kind']), object]))
}

/** Does what a node and the Job's controller do: Helm waits for it. */
async function finishHook({ read }: Shell): Promise<void> {
  await read('kubectl wait --for=create job/shop-migrate --timeout=30s')
  const at = new Date().toISOString()
  const status = {
    startTime: at,
    completionTime: at,
    succeeded: 1,
    uncountedTerminatedPods: {},
    conditions: ['SuccessCriteriaMet', 'Complete'].map((type) => ({ type, status: 'True', lastProbeTime: at, lastTransitionTime: at })),
  }
  await read(`kubectl patch job shop-migrate --subresource=status --type=merge -p '${JSON.stringify({ status })}'`)
}

async function deployment({ read }: Shell): Promise<JsonObject> {
  return parseObject(await read('kubectl get deployment shop-shop -o json'))
}

/** Changes with every write to an object. */
function resourceVersions({ read }: Shell): Promise<string> {
  const path = `'{range .items[*]}{.kind} {.metadata.resourceVersion}{"\\n"}{end}'`
  return read(`kubectl get deployment/shop-shop service/shop-shop configmap/shop-shop -o jsonpath=${path}`)
}
