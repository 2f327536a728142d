import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import jsonpatch, { type Operation } from 'fast-json-patch'
import t, { type Test } from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { configMapYaml, deployment, objectsIn, podYaml } from '../support/manifests.ts'
import { type Finished, type Starting, runUsher } from '../support/usher-process.ts'

const examples = fileURLToPath(new URL('../../deploy/examples/', import.meta.url))

t.test('-o patch: a line for each document, which makes of it what inject makes of it', async (t) => {
  const before = readdirSync(examples).toSorted().flatMap((file) => objectsIn(readFileSync(examples + file, 'utf8')))
  const { patches } = await patched(t, ['inject', '-f', examples])
  const { stdout } = await runUsher(t, ['inject', '-f', examples])
  t.equal(patches.length, before.length)
  t.ok(patches.some((patch) => patch.length > 0))
  t.strictSame(before.map((object, index) => applied(object, patches[index])), objectsIn(stdout))
})

t.test('-o patch: a document without workloads, and one that stays as it is, have an empty patch', async (t) => {
  const optedOut = podYaml('out').replace('metadata:', 'metadata:\n  labels: { usher.dev/inject: disabled }')
  const { patches, finished } = await patched(t, ['inject', '-f', '-'], {
    stdin: `${configMapYaml('a')}---\n# nothing\n---\n${podYaml('b')}---\n${optedOut}`,
  })
  t.strictSame(patches.map((patch) => patch.length > 0), [false, true, false])
  t.equal(finished.stdout.split('\n')[0], '[]')
  t.equal(finished.stderr, 'usher inject: 1 of 2 workloads changed\n')
})

t.test('-o patch: a List has one patch for all that is in it', async (t) => {
  const list = { apiVersion: 'v1', kind: 'List', items: [deployment('a'), objectsIn(configMapYaml('b'))[0] ?? {}, deployment('c')] }
  const { patches } = await patched(t, ['inject', '-f', '-'], { stdin: JSON.stringify(list) })
  t.equal(patches.length, 1)
  const inner = await patched(t, ['inject', '-f', '-'], { stdin: JSON.stringify(deployment('a')) })
  t.strictSame(applied(list, patches[0]), { ...list, items: [applied(deployment('a'), inner.patches[0]), list.items[1], applied(deployment('c'), inner.patches[0])] })
})

t.test('-o patch: a document that cannot be read has an empty patch, so that lines and documents go together', async (t) => {
  const stdin = Buffer.concat([Buffer.from(`${podYaml('a')}---\n`), Buffer.from([0xff, 0x0a]), Buffer.from(`---\n\tbroken: 1\n---\n${podYaml('d')}`)])
  const { patches, finished } = await patched(t, ['inject', '-f', '-'], { stdin })
  t.equal(finished.code, 1)
  t.strictSame(patches.map((patch) => patch.length > 0), [true, false, false, true])
  t.strictSame(finished.stderr.match(/document \d, line \d+: /g), ['document 2, line 10: ', 'document 3, line 12: '])
})

t.test('-o patch: a workload that passes unchanged has no patch', async (t) => {
  const anchored = podYaml('anchored').replace('containers:', 'containers: &all') + 'copy: *all\n'
  const { patches, finished } = await patched(t, ['inject', '-f', '-'], { stdin: `${podYaml('a')}---\n${anchored}` })
  t.equal(finished.code, 1)
  t.match(finished.stderr, 'Pod anchored passes unchanged')
  t.strictSame(patches.map((patch) => patch.length > 0), [true, false])
})

t.test('-o patch of uninject takes out what inject has put in', async (t) => {
  const injected = await runUsher(t, ['inject', '-f', '-'], { stdin: JSON.stringify(deployment('a')) })
  const { patches } = await patched(t, ['uninject', '-f', '-'], { stdin: injected.bytes })
  t.strictSame(applied(JSON.parse(injected.stdout), patches[0]), deployment('a'))
})

interface Patched {
  readonly patches: readonly (readonly Operation[])[]
  readonly finished: Finished
}

async function patched(t: Test, args: readonly string[], starting: Starting = {}): Promise<Patched> {
  const finished = await runUsher(t, [...args, '-o', 'patch'], starting)
  return { patches: finished.stdout.trimEnd().split('\n').map((line): Operation[] => JSON.parse(line)), finished }
}

function applied(object: JsonObject, patch: readonly Operation[] = []): JsonObject {
  return jsonpatch.applyPatch(structuredClone(object), patch, true).newDocument
}
