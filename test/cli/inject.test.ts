import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { decide } from '../../src/inject/decide.ts'
import { context } from '../support/context.ts'
import { patched } from '../support/injected.ts'
import { configMapYaml, deployment, isInjected, objectsIn, podYaml, templateOf } from '../support/manifests.ts'
import { shown } from '../support/pod-reader.ts'
import { runUsher } from '../support/usher-process.ts'

const examples = fileURLToPath(new URL('../../deploy/examples/', import.meta.url))

t.test('makes of pod templates what the webhook makes of their pods', async (t) => {
  const before = readdirSync(examples).toSorted().flatMap((file) => objectsIn(readFileSync(examples + file, 'utf8')))
  const { code, stdout } = await runUsher(t, ['inject', '-f', examples])
  t.equal(code, 0)
  const after = objectsIn(stdout)
  t.equal(after.length, before.length)
  t.ok(after.some(isInjected))
  for (const [index, object] of before.entries()) {
    const kind = shown(object['kind'])
    const controller = kind === 'Pod' ? undefined : { kind: kind === 'Deployment' ? 'ReplicaSet' : kind, name: 'any' }
    const template = templateOf(object)
    t.strictSame(templateOf(after[index] ?? {}), patched(template, decide(template, { ...context, controller })), `${kind} ${index}`)
  }
})

t.test('adds lines, and leaves those that are there as they are, comments and all', async (t) => {
  const file = `${examples}web.yaml`
  const lines = readFileSync(file, 'utf8').split('\n')
  const { stdout } = await runUsher(t, ['inject', '-f', file])
  const rest = stdout.split('\n')
  t.ok(rest.length > lines.length)
  for (const line of lines) {
    const at = rest.indexOf(line)
    t.ok(at >= 0, JSON.stringify(line))
    rest.splice(0, at + 1)
  }
})

t.test('what has no pods passes byte for byte, however it is written', async (t) => {
  const odd = [
    '\u{FEFF}# Written on Windows.\r\napiVersion:   v1\r\nkind: ConfigMap \r\ndata: &d\r\n    "k": \'v\'  # trailing  \r\nother: *d\r\n',
    '---\t\n{apiVersion: v1, kind: Service,\n metadata: {name: a,},}\n...\n\n\n',
    '--- # marked\nkind: Secret\napiVersion: v1\ndata:\n  text: >+\n    folded\n\n\n',
    '---\napiVersion: v1\nkind: ConfigMap\ndata: { löwe: "🦁", n: 0x1F, big: 12345678901234567890 }\n---\n---\n# nothing\n---\nkind: Service\napiVersion: v1',
  ].join('')
  const { code, stdout, stderr } = await runUsher(t, ['inject', '-f', '-'], { stdin: odd })
  t.strictSame({ code, stdout }, { code: 0, stdout: odd })
  t.equal(stderr, 'usher inject: 0 of 0 workloads changed\n')
})

t.test('its own output stays as it is', async (t) => {
  const once = await runUsher(t, ['inject', '-f', examples])
  const twice = await runUsher(t, ['inject', '-f', '-'], { stdin: once.bytes })
  t.equal(twice.code, 0)
  t.equal(twice.stdout, once.stdout)
  t.match(twice.stderr, 'usher inject: standard input: document 9, line ')
  t.match(twice.stderr, /Deployment shop\/web: already-injected\n/)
  t.match(twice.stderr, /\nusher inject: 0 of \d+ workloads changed\n$/)
})

t.test('says on stderr where each workload is and what was done with it, then how many changed', async (t) => {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [deployment('one'), deployment('two')] }, null, 2)
  const folder = t.testdir({ 'a.yaml': `${configMapYaml('a')}---\n# The pod.\n${podYaml('b')}`, 'list.json': list })
  const { stderr } = await runUsher(t, ['inject', '-f', 'a.yaml', '-f', 'list.json'], { cwd: folder })
  const done = 'nap-added (app), lock-added'
  t.strictSame(stderr.split('\n'), [
    `usher inject: a.yaml: document 2, line 6: Pod b: ${done}`,
    `usher inject: list.json: document 1, line ${lineOf(list, '"apiVersion": "apps/v1"', 1) - 1}: Deployment one: ${done}`,
    `usher inject: list.json: document 1, line ${lineOf(list, '"apiVersion": "apps/v1"', 2) - 1}: Deployment two: ${done}`,
    'usher inject: 3 of 3 workloads changed',
    '',
  ])
})

t.test('-q says nothing of what went well', async (t) => {
  for (const flag of ['-q', '--quiet']) {
    const { code, stdout, stderr } = await runUsher(t, ['inject', '-f', '-', flag], { stdin: podYaml('web') })
    t.strictSame({ code, stderr, injected: objectsIn(stdout).map(isInjected) }, { code: 0, stderr: '', injected: [true] })
  }
})

t.test('leaves a pod that opts out as it is, and says so', async (t) => {
  const pod = podYaml('web').replace('  name: web # ours', '  name: web\n  labels: { usher.dev/inject: disabled }')
  const { code, stdout, stderr } = await runUsher(t, ['inject', '-f', '-'], { stdin: pod })
  t.strictSame({ code, stdout }, { code: 0, stdout: pod })
  t.equal(stderr, 'usher inject: standard input: document 1, line 1: Pod web: opted-out\nusher inject: 0 of 1 workload changed\n')
})

t.test('an object that may be meant as a workload passes with a word about it', async (t) => {
  const odd = 'apiVersion: apps/v1\nkind: Deploymnet\nmetadata: { name: typo }\n---\nmetadata: { name: nothing }\n'
  const { code, stdout, stderr } = await runUsher(t, ['inject', '-f', '-'], { stdin: odd })
  t.strictSame({ code, stdout }, { code: 0, stdout: odd })
  t.match(stderr, /^usher inject: standard input: document 1, line 1: Deploymnet of apps\/v1 is not a kind .* passes unchanged\n/)
  t.match(stderr, /\nusher inject: standard input: document 2, line 5: it has no apiVersion or no kind, and passes unchanged\nusher inject: 0 of 0 workloads changed\n$/)
  const quiet = await runUsher(t, ['inject', '-f', '-', '-q'], { stdin: odd })
  t.match(quiet.stderr, /^[^\n]*Deploymnet[^\n]*\n$/, 'what lacks a kind is mostly no mistake')
})

/** The line of an occurrence of something, both counted from 1. */
function lineOf(text: string, what: string, occurrence: number): number {
  return text.split(what, occurrence).join(what).split('\n').length
}
