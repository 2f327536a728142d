import t from 'tap'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { configMapYaml, podYaml } from '../support/manifests.ts'
import { shown } from '../support/pod-reader.ts'
import { runUsher } from '../support/usher-process.ts'

const reasons = ['inject', '-f', '-', '-o', 'reasons']
const stream = `${configMapYaml('first')}---\n\n---\n# The pod.\n${podYaml('web')}`

const kinds = [
  ['v1', 'Pod'],
  ['apps/v1', 'Deployment'],
  ['apps/v1', 'StatefulSet'],
  ['apps/v1', 'ReplicaSet'],
  ['v1', 'ReplicationController'],
  ['apps/v1', 'DaemonSet'],
  ['batch/v1', 'Job'],
  ['batch/v1', 'CronJob'],
] as const

t.test('-o reasons: what was decided about each workload, in sentences, and not the manifests', async (t) => {
  const { code, stdout, stderr } = await runUsher(t, reasons, { stdin: stream })
  t.equal(code, 0)
  t.equal(stdout, [
    // The map's three lines, a blank document's two, and a marker and a comment.
    'Pod web  standard input: document 2, line 8',
    '  nap  nap-added (app): A preStop sleep was added, and the grace period was raised by as much.',
    '  lock lock-added: An init container was added that waits for the startup lock of its node.',
    '',
    '',
  ].join('\n'))
  t.equal(stderr, 'usher inject: 1 of 1 workload changed\n', 'what stdout says is not said again')
})

t.test('-o reasons has colours where they are wanted', async (t) => {
  const { stdout } = await runUsher(t, reasons, { stdin: stream, env: { FORCE_COLOR: '1' } })
  t.match(stdout, '\u{1b}[1mPod web\u{1b}[22m')
  t.match(stdout, '\u{1b}[32mnap-added\u{1b}[39m')
  t.notMatch((await runUsher(t, reasons, { stdin: stream })).stdout, '\u{1b}')
})

t.test('-o reasons --json: one object a line for each workload, whatever its kind', async (t) => {
  const { code, stdout } = await runUsher(t, [...reasons, '--json', '-q', '-n', 'shop'], { stdin: kinds.map(workload).join('---\n') })
  t.equal(code, 0)
  const lines = stdout.trimEnd().split('\n').map((line): JsonObject => JSON.parse(line))
  t.strictSame(lines.map(({ kind }) => kind), kinds.map(([, kind]) => kind))
  t.strictSame(lines.map(({ document, line, source, name }) => ({ document, line, source, name })), kinds.map(([, kind], index) => ({
    document: index + 1,
    line: kinds.slice(0, index).reduce((sum, each) => sum + workload(each).split('\n').length, 1),
    source: 'standard input',
    name: kind.toLowerCase(),
  })))
  const codes = Object.fromEntries(lines.map(({ kind, isChanged, reasons }) => [shown(kind), [isChanged, codesOf(reasons)]]))
  const both = [true, ['nap-added', 'lock-added']]
  t.strictSame(codes, {
    Pod: both,
    Deployment: both,
    StatefulSet: both,
    ReplicaSet: both,
    ReplicationController: both,
    DaemonSet: [false, ['daemonset-pod', 'daemonset-pod']],
    Job: [false, ['finishes-by-itself', 'job-pod']],
    CronJob: [false, ['finishes-by-itself', 'job-pod']],
  })
})

t.test('-o reasons --json has warnings, the namespace that is named, and the details of what is wrong', async (t) => {
  const folder = t.testdir({
    'a.yaml': podYaml('odd').replace('metadata:', 'metadata:\n  namespace: shop\n  annotations: { usher.dev/nap: soon }'),
    'b.yaml': 'kind: Pod\napiVersion: v1\nmetadata: { generateName: bad- }\nspec: { containers: [] }\n',
  })
  const { code, stdout, stderr } = await runUsher(t, ['inject', '-f', folder, '-o', 'reasons', '--json', '-q'], { cwd: folder })
  t.equal(code, 1)
  const [odd, bad] = stdout.trimEnd().split('\n').map((line): JsonObject => JSON.parse(line))
  t.match(odd, { source: /a\.yaml$/, kind: 'Pod', namespace: 'shop', name: 'odd', isChanged: true, warnings: [/^usher\.dev\/nap: "soon" is not/] })
  t.match(bad, { source: /b\.yaml$/, name: 'bad-*', isChanged: false, reasons: [{ code: 'malformed-pod', detail: 'spec.containers is empty' }] })
  t.match(stderr, /^usher inject: [^\n]*b\.yaml: document 1, line 1: Pod bad-\* passes unchanged, for the API server would not accept its pods: spec\.containers is empty\n/)
  t.notMatch(stderr, 'soon', 'a warning that stdout has is not said again')
})

t.test('-o reasons of what has no workload says nothing', async (t) => {
  const { code, stdout } = await runUsher(t, reasons, { stdin: configMapYaml('a') })
  t.strictSame({ code, stdout }, { code: 0, stdout: '' })
})

function workload([apiVersion, kind]: (typeof kinds)[number]): string {
  const finishes = kind === 'Job' || kind === 'CronJob' ? 'restartPolicy: Never, ' : ''
  const pod = `{ ${finishes}containers: [{ name: app, image: nginx }] }`
  const template = `{ template: { spec: ${pod} } }`
  const spec = kind === 'Pod' ? pod : kind === 'CronJob' ? `{ jobTemplate: { spec: ${template} } }` : template
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: ${kind.toLowerCase()} }\nspec: ${spec}\n`
}

function codesOf(reasons: unknown): unknown {
  return Array.isArray(reasons) ? reasons.map((reason: unknown) => (isObject(reason) ? reason['code'] : reason)) : reasons
}
