import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { napSeconds } from '../support/injected.ts'
import { objectsIn, podYaml } from '../support/manifests.ts'
import { listAt, valueAt } from '../support/pod-reader.ts'
import { type Finished, runUsher } from '../support/usher-process.ts'

t.test('--kube-version: before 1.30, the nap is made by our binary, and from then on by the kubelet', async (t) => {
  for (const [version, preStop] of [
    ['1.29', { exec: { command: ['/usher/nap', '10'] } }],
    ['v1.29.4-gke.100', { exec: { command: ['/usher/nap', '10'] } }],
    ['1.30', { sleep: { seconds: 10 } }],
  ] as const) {
    const { pod } = await injected(t, ['--kube-version', version])
    t.strictSame(valueAt(containerOf(pod), 'lifecycle', 'preStop'), preStop, version)
  }
})

t.test('is for a recent Kubernetes unless told otherwise', async (t) => {
  const { pod } = await injected(t, [])
  t.ok(valueAt(containerOf(pod), 'lifecycle', 'preStop', 'sleep'))
})

t.test('--config: what the webhook is configured to do', async (t) => {
  const folder = t.testdir({ 'usher.yaml': 'nap:\n  duration: 7s\nlock:\n  enabled: false\n' })
  const { pod } = await injected(t, ['--config', join(folder, 'usher.yaml')])
  t.equal(napSeconds(containerOf(pod)), 7)
  t.strictSame(listAt(pod, 'spec', 'initContainers'), [])
})

t.test('--config with a fault: its file, line and column, and nothing is written', async (t) => {
  const folder = t.testdir({ 'usher.yaml': 'nap:\n  duraton: 7s\n' })
  const { code, stdout, stderr } = await run(t, ['--config', 'usher.yaml'], folder)
  t.strictSame({ code, stdout }, { code: 1, stdout: '' })
  t.equal(stderr, 'usher inject: usher.yaml:2:3: nap.duraton: unknown key "duraton"; known here are enabled, duration, method\n')
  const missing = await run(t, ['--config', 'none.yaml'], folder)
  t.strictSame([missing.code, missing.stdout], [1, ''])
  t.match(missing.stderr, /^usher inject: none\.yaml: cannot be read: ENOENT[^\n]*\n$/)
})

t.test('--namespace: the namespace of what names none; what names one has its own', async (t) => {
  const stdin = `${podYaml('here')}---\n${podYaml('elsewhere').replace('metadata:', 'metadata:\n  namespace: shop')}`
  for (const flag of ['-n', '--namespace']) {
    const { code, stderr } = await runUsher(t, ['inject', '-f', '-', flag, 'kube-system'], { stdin })
    t.equal(code, 0)
    t.match(stderr, 'Pod here: system-namespace\n')
    t.match(stderr, 'Pod shop/elsewhere: nap-added (app), lock-added\n')
  }
  const own = await runUsher(t, ['inject', '-f', '-'], { stdin: stdin.replace('namespace: shop', 'namespace: kube-system') })
  t.match(own.stderr, 'Pod here: nap-added (app), lock-added\n')
  t.match(own.stderr, 'Pod kube-system/elsewhere: system-namespace\n')
})

t.test("--namespace-annotation: tunes as the namespace's annotation does", async (t) => {
  const { pod, finished } = await injected(t, [
    '--namespace-annotation', 'usher.dev/nap=20s', '--namespace-annotation', 'usher.dev/lock=disabled',
  ])
  t.equal(napSeconds(containerOf(pod)), 20)
  t.strictSame(listAt(pod, 'spec', 'initContainers'), [])
  t.notMatch(finished.stderr, 'warning')
})

t.test('--namespace-annotation with a value that usher cannot read: a warning, also with -q', async (t) => {
  const { pod, finished } = await injected(t, ['-q', '--namespace-annotation', 'usher.dev/nap=20 parsecs'])
  t.equal(finished.code, 0)
  t.equal(napSeconds(containerOf(pod)), 10)
  t.match(finished.stderr, /^usher inject: standard input: document 1, line 1: Pod web: warning: usher\.dev\/nap of the namespace: "20 parsecs" is not [^\n]*\n$/)
})

t.test('--namespace-label and --namespace-annotation: a mesh of the namespace is told of the port of the lock', async (t) => {
  const istio = await injected(t, ['--namespace-label', 'istio-injection=enabled'])
  t.equal(valueAt(istio.pod, 'metadata', 'annotations', 'traffic.sidecar.istio.io/excludeOutboundPorts'), '8888')
  const linkerd = await injected(t, [
    '--namespace-annotation', 'linkerd.io/inject=enabled',
    '--namespace-annotation', 'config.linkerd.io/skip-outbound-ports=25,587',
  ])
  t.equal(valueAt(linkerd.pod, 'metadata', 'annotations', 'config.linkerd.io/skip-outbound-ports'), '25,587,8888')
})

t.test('a value may have an equals sign, or be empty', async (t) => {
  const { code } = await run(t, ['--namespace-label', 'team=', '--namespace-annotation', 'example.org/sum=1+1=2'])
  t.equal(code, 0)
})

async function run(t: Test, flags: readonly string[], cwd?: string): Promise<Finished> {
  return runUsher(t, ['inject', '-f', '-', ...flags], { stdin: podYaml('web'), ...(cwd === undefined ? {} : { cwd }) })
}

async function injected(t: Test, flags: readonly string[]): Promise<{ readonly pod: JsonObject; readonly finished: Finished }> {
  const finished = await run(t, flags)
  return { pod: objectsIn(finished.stdout)[0] ?? {}, finished }
}

function containerOf(pod: JsonObject): JsonObject {
  return listAt(pod, 'spec', 'containers')[0] ?? {}
}
