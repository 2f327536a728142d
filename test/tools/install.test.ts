import t from 'tap'
import { listAt, objectAt, valueAt } from '../support/pod-reader.ts'
import { until } from '../support/until.ts'
import { objectsIn } from './chart.ts'
import { chart, isUnchanged, outcomes, startInstallStage, template } from './install-stage.ts'
import { parseObject } from './pod-template.ts'
import { openShell } from './shell.ts'

t.test('installs what the chart has, again without a change, mends it, and takes out exactly that', async (t) => {
  const stage = await startInstallStage(t)
  const { shell, everything, versions } = stage
  await shell.read('kubectl create namespace shop && kubectl label namespace shop usher.dev/inject=enabled && kubectl create serviceaccount default -n shop')
  await shell.read('kubectl run web -n shop --image=web')
  const web = await shell.read('kubectl get pod web -n shop -o json')
  const before = await everything()

  t.match(await shell.run('usher install --dry-run=server'), { code: 0, stdout: /^created +Namespace usher-system \(dry run\)$/m })
  t.strictSame(await everything(), before, 'a dry run writes nothing')

  const first = await stage.install()
  t.strictSame(new Set(Object.values(outcomes(first))), new Set(['created']))
  t.equal(Object.keys(outcomes(first)).length, 16)
  t.equal(Object.keys(outcomes(first)).at(-1), 'MutatingWebhookConfiguration usher', 'when the webhook runs')
  t.match(first, /^usher 0\.1\.0 is installed in usher-system: a pod in shop came back with nap and lock \(dry run\)$/m)
  t.ok(isUnchanged(await shell.run(`${template} | usher install -f - --dry-run=server`)), 'they are those of the chart')

  const written = await versions()
  t.ok(isUnchanged(await shell.run('usher install')), 'again is a no-op')
  t.strictSame(await versions(), written, 'nothing was written')
  const configuration = parseObject(await shell.read('kubectl get mutatingwebhookconfiguration usher -o json'))
  t.ok(listAt(configuration, 'webhooks').every((each) => typeof valueAt(each, 'clientConfig', 'caBundle') === 'string'), 'the CA of the webhook stays')
  t.equal((await shell.run('usher check --only installed --only webhook-reachable --only injection')).code, 0)

  await shell.read('kubectl delete -n usher-system configmap/usher-config poddisruptionbudget/usher-webhook')
  const mended = outcomes((await shell.run('usher install')).stdout)
  t.strictSame(Object.keys(mended).filter((title) => mended[title] !== 'unchanged'), ['ConfigMap usher-config', 'PodDisruptionBudget usher-webhook'])
  const less = outcomes((await shell.run(`${template} --set networkPolicy.enabled=false | usher install -f -`)).stdout)
  t.strictSame(Object.keys(less).filter((title) => less[title] !== 'unchanged'), ['NetworkPolicy usher-webhook'])
  t.equal(less['NetworkPolicy usher-webhook'], 'deleted', 'what is no part any more goes')

  t.match(await shell.run('usher uninstall'), { code: 2, stderr: /there is no terminal to ask at: --yes/ })
  const asked = await shell.run("printf 'n\\n' | script -qec 'usher uninstall' /dev/null")
  t.match(asked, { code: 1, stdout: /Take usher out of usher-system, 16 objects \(context usher-test\)\? \[y\/N\] .*nothing was taken out/s }, 'at a terminal it asks')
  const there = await everything()
  t.match(await shell.run('usher uninstall --dry-run=server'), { code: 0, stdout: /^deleted +MutatingWebhookConfiguration usher \(dry run\)\n/ })
  t.strictSame(await everything(), there)
  const gone = await shell.run('usher uninstall --yes')
  t.equal(gone.code, 0, gone.stdout + gone.stderr)
  t.equal(Object.keys(outcomes(gone.stdout))[0], 'MutatingWebhookConfiguration usher')
  t.match(gone.stdout, 'deleted    Secret usher-webhook-tls')
  t.match(gone.stdout, /the label usher\.dev\/inject stays on shop: /)
  t.strictSame(await everything(), before, 'all is as it was')
  t.equal(await shell.read('kubectl get pod web -n shop -o json'), web, 'the pod that runs is untouched')
  t.match(await shell.run('usher uninstall --yes'), { code: 0, stdout: 'nothing to take out: usher is not installed in this cluster\n' })
})

t.test('what others have set is not set back unasked', async (t) => {
  const stage = await startInstallStage(t)
  const { shell, versions } = stage
  const first = await stage.install()
  t.match(first, /: a pod in default came back with nap and lock \(dry run\)$/m, 'where usher is on nowhere, by a label of its own')
  await shell.read('kubectl scale deployment usher-webhook -n usher-system --replicas=3')
  const before = await versions()
  t.match(await shell.run('usher install'), { code: 1, stderr: /nothing was changed.*\n {2}Deployment usher-webhook: kubectl has set \.spec\.replicas\nusher install --adopt sets these fields back/ })
  t.strictSame(await versions(), before)
  t.match(outcomes((await shell.run('usher install --adopt')).stdout), { 'Deployment usher-webhook': 'changed', 'Service usher-webhook': 'unchanged' })
  t.match(await shell.read('kubectl get deployment usher-webhook -n usher-system -o jsonpath={.spec.replicas}'), '2')
  t.ok(isUnchanged(await shell.run('usher install')))
})

t.test('settings stand where Helm would render them, and --print prints what is applied', async (t) => {
  const shell = openShell(t, { tools: ['helm'] })
  const sorted = (text: string): readonly string[] => objectsIn(text).map((each) => JSON.stringify(sortKeys(each))).toSorted()
  t.strictSame(sorted(await shell.read('usher install --print')), sorted(await shell.read(template)))
  for (const [flags, values] of [
    ['-n elsewhere --image reg.test:5000/my/usher:1.2 --wait-image reg.test/wait', 'image.repository=reg.test:5000/my/usher,image.tag=1.2,waitImage.repository=reg.test/wait'],
    [`-n n8 --wait-image reg.test/wait:7@sha256:${'0'.repeat(64)}`, `waitImage.repository=reg.test/wait,waitImage.tag=7@sha256:${'0'.repeat(64)}`],
  ] as const) {
    const [, namespace] = /^-n (\S+)/.exec(flags) ?? []
    const rendered = await shell.read(`helm template usher ${chart} --namespace ${namespace} --set namespace.create=true --set-string ${values}`)
    t.strictSame(sorted(await shell.read(`usher install --print ${flags}`)), sorted(rendered), flags)
  }
  t.equal(await shell.read(`${template} --set lock.enabled=false | usher install -f - --print | grep -c DaemonSet || true`), '0\n')
})

t.test('a namespace that was there stays as it was; one with strangers in it stays, and they are named', async (t) => {
  const stage = await startInstallStage(t)
  const { shell, everything } = stage
  await shell.read('kubectl create namespace usher-system && kubectl label namespace usher-system team=a')
  const before = await everything()
  stage.controllers.isUp = false
  t.match(await shell.run('usher install --timeout 1s'), { code: 1, stdout: /^changed +Namespace usher-system$/m })
  t.equal(await shell.read('kubectl get namespace usher-system -o jsonpath={.metadata.labels.pod-security\\\\.kubernetes\\\\.io/enforce}'), 'privileged')
  t.match(await shell.run('usher uninstall --yes'), { code: 0, stdout: /^changed +Namespace usher-system, which stays, without what was put on it$/m })
  t.strictSame(await everything(), before)

  // With --adopt, too, though kubectl has made it and labelled it.
  await shell.read('kubectl label namespace usher-system pod-security.kubernetes.io/enforce=privileged && kubectl annotate namespace usher-system mesh=off')
  const own = await everything()
  const dry = await shell.run('usher install --adopt --dry-run=server')
  t.match(dry, { code: 0, stdout: /^changed +Namespace usher-system \(dry run\)$/m })
  t.match(await shell.run('usher install --adopt --timeout 1s'), { code: 1, stdout: /^changed +Namespace usher-system$/m })
  const adopted = parseObject(await shell.read('kubectl get namespace usher-system -o json'))
  t.match(objectAt(adopted, 'metadata'), { labels: { team: 'a', 'app.kubernetes.io/name': 'usher' }, annotations: { mesh: 'off' } })
  t.match(outcomes((await shell.run('usher install --adopt --dry-run=server')).stdout), { 'Namespace usher-system': 'unchanged' })
  t.equal((await shell.run('usher uninstall --yes')).code, 0)
  t.strictSame(await everything(), own, 'what its admin has set to the same value stays, too')

  await shell.read('kubectl delete namespace usher-system')
  t.match(await shell.run('usher install --timeout 1s'), { code: 1, stdout: /^created +Namespace usher-system$/m })
  await shell.read('kubectl create configmap mine -n usher-system')
  t.match(await shell.run('usher uninstall --yes'), { code: 0, stdout: "namespace usher-system stays, for there is something in it that is not usher's: ConfigMap mine\n" })
  t.equal((await everything()).filter((each) => each.includes('usher')).join('\n'), 'ConfigMap usher-system/mine\nNamespace /usher-system [{"kubernetes.io/metadata.name":"usher-system"},null]')
})

t.test('in time it says what is missing; Ctrl-C stops it, and it goes on from there', async (t) => {
  const stage = await startInstallStage(t)
  const { shell, everything, controllers } = stage
  const before = await everything()
  controllers.isUp = false
  const late = await shell.run('usher install --timeout 2s')
  t.equal(late.code, 1)
  t.match(late.stdout, /^waiting for Deployment usher-webhook: 0 of 2 replicas/m)
  t.match(late.stdout, /^usher is not up after 2s; what was put in before stays: .* What is missing:\n {2}DaemonSet usher-lock: 0 nodes.*\n {2}Deployment usher-webhook: 0 of 2 replicas/m)
  t.match(late.stdout, /^ {2}× webhook-running +no replica of the webhook is ready, of 2/m)
  t.notMatch(late.stdout, 'webhook-registered', 'that it is not registered yet is no fault')
  t.notMatch(late.stdout, /^created +MutatingWebhookConfiguration/m, 'no pod waits for a webhook that does not run')

  const stopped = stage.start('install')
  await until('it waits', () => stopped.stdout().includes('waiting for Deployment'))
  stopped.kill('SIGINT')
  t.equal((await stopped.ended).code, 1)
  t.match(stopped.stderr(), /^usher install: stopped in the middle; what was put in stays: usher install goes on from there/)
  controllers.isUp = true
  t.match(outcomes(await stage.install()), { 'Deployment usher-webhook': 'unchanged', 'MutatingWebhookConfiguration usher': 'created' })
  t.equal((await shell.run('usher uninstall --yes')).code, 0)
  t.strictSame(await everything(), before)
})

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([key, each]) => [key, sortKeys(each)]))
}
