import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { owner, plainSpec, workload } from '../support/enable-world.ts'
import { initNames, listAt, objectAt, shown } from '../support/pod-reader.ts'
import { until } from '../support/until.ts'
import type { WebhookProcess } from '../support/usher-process.ts'
import { startValidatingWebhook } from '../support/validating-webhook.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { namespace as usherNamespace } from './installed-locks.ts'
import { installUsher } from './installed-usher.ts'
import { parseObject } from './pod-template.ts'
import { policy, validatingConfiguration } from './policies.ts'
import { openShell, type Shell } from './shell.ts'

/** A cluster, and what its administrator does in it. */
interface Stage {
  readonly server: ApiServer
  readonly shell: Shell
  /** Runs a command with `-o json`; gives what it has found. */
  json(line: string): Promise<{ readonly code: number | null; readonly found: JsonObject; readonly stderr: string }>
  /** The value of the namespace's label; empty: none. */
  labelOf(name: string): Promise<string>
  /** Creates a namespace that has these labels, its service account, and these objects. */
  namespace(name: string, labels: readonly string[], objects?: readonly JsonObject[]): Promise<void>
}

async function startStage(t: Test): Promise<Stage> {
  const server = await startApiServer(t, { flags: ['--enable-aggregator-routing=true'] })
  const shell = openShell(t, { tools: ['kubernetes', 'helm'], kubeconfig: server.kubeconfig })
  return {
    server,
    shell,
    async json(line) {
      const { code, stdout, stderr } = await shell.run(`${line} -o json`)
      return { code, found: stdout === '' ? {} : parseObject(stdout), stderr }
    },
    labelOf: async (name) => (await shell.read(`kubectl get namespace ${name} -o 'jsonpath={.metadata.labels.usher\\.dev/inject}'`)).trim(),
    async namespace(name, labels, objects = []) {
      await shell.read(`kubectl create namespace ${name} && kubectl create serviceaccount default -n ${name}`)
      if (labels.length > 0) await shell.read(`kubectl label namespace ${name} ${labels.join(' ')}`)
      const items = objects.map((each) => ({ ...each, metadata: { ...objectAt(each, 'metadata'), namespace: name, uid: undefined } }))
      if (items.length > 0) await shell.read('kubectl create -f -', JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
    },
  }
}

// Each look runs the command anew, on a machine that may be busy.
const patienceMs = 90_000

const deployment = (name: string, parts: Parameters<typeof workload>[1] = {}): JsonObject => ({ apiVersion: 'apps/v1', kind: 'Deployment', ...workload(name, parts) })
const web = deployment('web')

/** What stands in the JSON of one workload. */
const ofWorkload = (found: JsonObject, name: string): JsonObject => listAt(found, 'workloads').find((each) => each['name'] === name) ?? {}

t.test('usher enable and usher disable, in a cluster', async (t) => {
  const stage = await startStage(t)
  await t.test('bad input: a sentence that says what to do, and the exit code', (t) => badInput(t, stage))
  const webhook = await installUsher(t, stage.server, stage.shell)
  await t.test('a namespace of all kinds: what changes, audit mode, on and off again', (t) => allKinds(t, stage))
  await t.test('what would be rejected: refused, with whose word it is and what to do; and what is rejected as it is', (t) => rejections(t, stage))
  await t.test('rights that are missing', (t) => missingRights(t, stage))
  await t.test('an installation that is not what it should be, and no cluster', (t) => brokenUsher(t, stage, webhook))
})

/** Gives what runs a line, and looks at what it says and how it ends. */
function sayer(t: Test, { shell }: Stage): (line: string, code: number, text: RegExp) => Promise<void> {
  return async (line, code, text) => {
    const { code: found, stdout, stderr } = await shell.run(line)
    t.match(stdout + stderr, text, line)
    t.equal(found, code, `${line}: ${stderr}`)
    t.notMatch(stderr, /\n {4}at /, 'no stack')
  }
}

async function badInput(t: Test, stage: Stage): Promise<void> {
  const says = sayer(t, stage)
  await stage.namespace('api', [], [web])
  await says('usher enable', 2, /which namespace\? usher enable NAMESPACE/)
  await says('usher enable -n api', 2, /--namespace is where usher is installed: usher enable api/)
  await says('usher enable Api', 2, /"Api" is not a name that a namespace can have/)
  await says('usher enable api web', 2, /one NAMESPACE at a time/)
  await says('usher enable api -o json', 2, /-o json goes with --yes/)
  await says('usher enable api --dry-run=client', 2, /neither server nor none/)
  await says('usher enable api --context nowhere', 3, /there is no context "nowhere"; there are usher-test/)
  await says('usher enable api --kubeconfig /nowhere', 3, /there is no \/nowhere/)
  await says('usher enable ap', 1, /there is no namespace ap .*did you mean api\?/)
  await says('usher enable kube-system', 1, /never on in kube-system/)
  await says('usher enable api --yes', 1, /usher is not installed.*[^]*helm install/)
  await says('usher disable api', 0, /not on in namespace api/)
}

async function allKinds(t: Test, stage: Stage): Promise<void> {
  const { json, labelOf, shell } = stage
  const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }
  const finishing = workload('report', { spec: plainSpec({ restartPolicy: 'Never' }) })
  const { template } = objectAt(finishing, 'spec')
  await stage.namespace('shop', [], [
    web,
    { apiVersion: 'apps/v1', kind: 'StatefulSet', ...workload('db', { serviceName: 'db', volumeClaimTemplates: [claim], spec: plainSpec({ terminationGracePeriodSeconds: 60, containers: [{ name: 'db', image: 'db', volumeMounts: [{ name: 'data', mountPath: '/data' }] }] }) }) },
    { apiVersion: 'apps/v1', kind: 'DaemonSet', ...workload('agent') },
    { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'report' }, spec: { schedule: '0 0 * * *', jobTemplate: { spec: { template } } } },
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'tool' }, spec: plainSpec() },
    deployment('off', { metadata: { annotations: { 'usher.dev/inject': 'disabled' } } }),
  ] as JsonObject[])

  const rehearsal = await json('usher enable shop --dry-run=server')
  t.equal(rehearsal.code, 0, rehearsal.stderr)
  t.match(rehearsal.found, { namespace: 'shop', from: 'none', to: 'enabled', isChanged: false })
  t.strictSame([rehearsal.found['obstacles'], rehearsal.found['notes']], [[], []])
  t.match(ofWorkload(rehearsal.found, 'web'), { kind: 'Deployment', source: 'template', change: 'gains', lock: true, nap: { seconds: 10, containers: ['web'] }, grace: { without: 30, with: 40 }, dryRun: { kind: 'passes', missing: [] } })
  t.match(ofWorkload(rehearsal.found, 'db'), { change: 'gains', grace: { without: 60, with: 70 }, dryRun: { kind: 'passes', missing: [] } })
  t.match(ofWorkload(rehearsal.found, 'agent'), { change: 'none', reasons: [{ code: 'daemonset-pod' }, { code: 'daemonset-pod' }] })
  t.match(ofWorkload(rehearsal.found, 'report'), { kind: 'CronJob', change: 'none', reasons: [{ code: 'finishes-by-itself' }, { code: 'job-pod' }] })
  t.match(ofWorkload(rehearsal.found, 'tool'), { kind: 'Pod', source: 'bare', change: 'gains', pods: { running: 1, injected: 0 }, dryRun: { kind: 'passes', missing: [] } })
  t.match(ofWorkload(rehearsal.found, 'off'), { change: 'none', reasons: [{ code: 'opted-out' }] })
  t.equal(await labelOf('shop'), '')
  t.equal((await shell.read('kubectl get pods -n shop -o name')).trim(), 'pod/tool', 'nothing was created')

  const unasked = await shell.run('usher enable shop')
  t.equal(unasked.code, 1)
  t.match(unasked.stderr, /there is no terminal to ask at; --yes says yes beforehand/)
  t.equal(await labelOf('shop'), '')

  const audit = await shell.run('usher enable shop --audit --yes')
  t.equal(audit.code, 0, audit.stderr)
  t.match(audit.stdout, /new pods of 3 of 6 workloads would get something, were usher on; in audit mode none does/)
  t.match(audit.stdout, /usher_webhook_outcomes_total/)
  t.equal(await labelOf('shop'), 'audit')

  const on = await shell.run('usher enable shop --yes')
  t.equal(on.code, 0, on.stderr)
  t.match(on.stdout, /^Deployment +web +0 +\+lock; \+nap 10s in web, grace 30s → 40s +passes$/m)
  t.match(on.stdout, /audit → enabled/)
  t.match(on.stdout, /usher is on in namespace shop/)
  t.equal(await labelOf('shop'), 'enabled')
  t.match(await shell.read('kubectl get namespace shop --show-managed-fields -o json'), /"manager": "usher-enable"/)
  t.match(await shell.run('usher enable shop'), { code: 0, stdout: /on in namespace shop already/ })

  // What was foretold is what comes.
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-1-a', namespace: 'shop', ownerReferences: [owner('apps/v1', 'ReplicaSet', 'web-1')] }, spec: plainSpec() }
  await shell.read('kubectl create -f -', JSON.stringify({ apiVersion: 'apps/v1', kind: 'ReplicaSet', ...workload('web-1', { of: { namespace: 'shop', uid: undefined, ownerReferences: [owner('apps/v1', 'Deployment', 'web')] }, replicas: 1 }) }))
  await until('the API server knows the label', async () => {
    await shell.read('kubectl delete pod web-1-a -n shop --ignore-not-found --force --grace-period 0')
    await shell.read('kubectl create -f -', JSON.stringify(pod))
    return initNames(parseObject(await shell.read('kubectl get pod web-1-a -n shop -o json'))).includes('usher-lock')
  }, patienceMs)
  const off = await json('usher disable shop --dry-run=server')
  t.equal(off.code, 0, off.stderr)
  t.match(ofWorkload(off.found, 'web'), { change: 'loses', pods: { running: 1, injected: 1 }, dryRun: { kind: 'passes' } })
  t.match(ofWorkload(off.found, 'tool'), { change: 'loses', pods: { running: 1, injected: 0 }, dryRun: { kind: 'passes' } })
  const disabled = await shell.run('usher disable shop --yes')
  t.equal(disabled.code, 0, disabled.stderr)
  t.match(disabled.stdout, /^Deployment +web +1, 1 injected +-lock; -nap 10s in web, grace 40s → 30s +passes$/m)
  t.match(disabled.stdout, /usher is off in namespace shop[^]+kubectl --namespace shop rollout restart deployment web/)
  t.equal(await labelOf('shop'), '')
  t.match(await shell.run('usher disable shop'), { code: 0, stdout: /not on in namespace shop/ })
  t.match(await shell.run('usher disable shop --opt-out --yes'), { code: 0 })
  t.equal(await labelOf('shop'), 'disabled')
  t.match(await shell.run('usher disable shop'), { code: 0, stdout: /its label opts out, and stays/ })

  await shell.read('kubectl apply --server-side --force-conflicts --field-manager argocd-controller -f -', JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { 'usher.dev/inject': 'disabled' } } }))
  t.match((await json('usher enable shop --dry-run=server')).found['notes'], [{ detail: /opted the namespace out/ }, { detail: /kept by argocd-controller, which has written its label/, hint: /put usher\.dev\/inject: enabled into its manifest/ }])
}

async function rejections(t: Test, stage: Stage): Promise<void> {
  const { json, labelOf, shell } = stage
  const foreign = await startValidatingWebhook(t, (pod) => {
    const found = listAt(pod, 'spec', 'initContainers').find(({ image }) => shown(image).includes('usher-wait'))
    return found === undefined ? undefined : `the image ${shown(found['image'])} is not from our registry`
  })
  await shell.read('kubectl create -f -', JSON.stringify(policy('no-init', '!has(object.spec.initContainers)', 'no init containers here')))
  await shell.read('kubectl create -f -', JSON.stringify(policy('no-label', "!has(object.metadata.labels) || !('usher.dev/inject' in object.metadata.labels)", 'no strange labels')))
  await shell.read('kubectl create -f -', JSON.stringify(policy('polite', 'object.spec.containers.all(c, has(c.lifecycle) && has(c.lifecycle.preStop))', 'preStop hooks, please')))
  await shell.read('kubectl create -f -', JSON.stringify(validatingConfiguration('images', foreign)))

  await stage.namespace('strict', ['no-init=true'], [web, deployment('other', { metadata: { annotations: { 'usher.dev/lock': 'disabled' } } })])
  await t.test('a policy', async (t) => {
    const refused = await until('the policy holds', async () => {
      const result = await json('usher enable strict --yes --dry-run=server')
      return result.code === 1 ? result : undefined
    }, patienceMs)
    t.match(refused.stderr, /nothing was changed.*--force/)
    t.match(ofWorkload(refused.found, 'web'), { dryRun: { kind: 'rejected', message: /'no-init'.*no init containers here/, cures: ['lock'] } })
    t.match(ofWorkload(refused.found, 'other'), { change: 'gains', lock: false, dryRun: { kind: 'passes' } })
    const shown = await shell.run('usher enable strict --yes')
    t.equal(shown.code, 1)
    t.match(shown.stdout, /× the new pods of 1 workload would be rejected for what usher puts into them\n {4}Deployment web: .*no init containers here; it passes with usher\.dev\/lock: disabled\n {4}to mend it: .*kubectl annotate namespace strict usher\.dev\/lock=disabled/)
    t.equal(await labelOf('strict'), '')

    const audit = await json('usher enable strict --audit --yes')
    t.equal(audit.code, 0, 'audit mode puts nothing in')
    t.match(audit.found['notes'], [{ detail: /would be rejected for what usher puts into them/ }])
    t.match(await shell.run('usher enable strict --yes'), { code: 1, stdout: /no init containers here/ }, 'from there, too, where the webhook puts nothing into any pod')
    t.equal(await labelOf('strict'), 'audit')

    t.match(await shell.run('usher enable strict --yes --force'), { code: 0, stdout: /REJECTED/ })
    t.equal(await labelOf('strict'), 'enabled')
    await shell.read('kubectl label namespace strict usher.dev/inject- && kubectl annotate namespace strict usher.dev/lock=disabled')
    const mended = await shell.run('usher enable strict --yes')
    t.match(mended, { code: 0 }, 'what was advised mends it')
    t.equal(await labelOf('strict'), 'enabled')
  })

  await stage.namespace('labels', ['no-label=true'], [web])
  await t.test("a policy that has something against the trial's own label alone", async (t) => {
    await until('the policy holds', async () => (await shell.run('kubectl run x --image=x -n labels --labels=usher.dev/inject=disabled --dry-run=server')).code !== 0, patienceMs)
    const { code, found } = await json('usher enable labels --yes')
    t.equal(code, 0)
    t.match(ofWorkload(found, 'web'), { change: 'gains', dryRun: { kind: 'passes', missing: [] } })
  })

  await stage.namespace('registry', ['images=true'], [web])
  await t.test('a validating webhook that allows images of one registry', async (t) => {
    const refused = await until('the webhook is asked', async () => {
      const result = await json('usher enable registry --yes --dry-run=server')
      return result.code === 1 ? result : undefined
    }, patienceMs)
    t.match(ofWorkload(refused.found, 'web'), { dryRun: { kind: 'rejected', message: /admission webhook "images\.example\.com" denied the request: the image usher-wait.* is not from our registry/, cures: ['lock'] } })
    t.equal(await labelOf('registry'), '')
  })

  await stage.namespace('full', [], [web])
  await t.test('a quota that is full: nothing that usher could help', async (t) => {
    await shell.read('kubectl create quota pods --hard=pods=1 -n full')
    await shell.read(`kubectl patch resourcequota pods -n full --subresource=status --type=merge -p '${JSON.stringify({ status: { hard: { pods: '1' }, used: { pods: '1' } } })}'`)
    const told = await until('the quota holds', async () => {
      const result = await json('usher enable full --dry-run=server')
      return objectAt(ofWorkload(result.found, 'web'), 'dryRun')['kind'] === 'rejected-anyway' ? result : undefined
    }, patienceMs)
    t.equal(told.code, 0)
    t.strictSame(told.found['obstacles'], [])
    t.match(told.found, { notes: [{ detail: /rejected as it is, whatever usher does/, items: [/exceeded quota: pods/] }] })
  })

  await stage.namespace('tight', [], [web])
  await t.test('a quota that has just enough for the pod has enough for the init container', async (t) => {
    const hard = { 'requests.cpu': '100m', 'requests.memory': '64Mi', 'limits.memory': '64Mi', pods: '1' }
    const used = { 'requests.cpu': '0', 'requests.memory': '0', 'limits.memory': '0', pods: '0' }
    await shell.read(`kubectl create quota tight --hard=${Object.entries(hard).map((each) => each.join('=')).join(',')} -n tight`)
    await shell.read(`kubectl patch resourcequota tight -n tight --subresource=status --type=merge -p '${JSON.stringify({ status: { hard, used } })}'`)
    await until('the quota holds', async () => (await shell.run('kubectl run x --image=x -n tight --dry-run=server')).code !== 0, patienceMs)
    t.match(ofWorkload((await json('usher enable tight --dry-run=server')).found, 'web'), { lock: true, dryRun: { kind: 'passes', missing: [] } })
  })

  await stage.namespace('polite', ['polite=true', 'usher.dev/inject=enabled'], [web])
  await t.test('turned off: a policy that asks for what usher puts in', async (t) => {
    const refused = await until('the policy holds', async () => {
      const result = await json('usher disable polite --yes --dry-run=server')
      return result.code === 1 ? result : undefined
    }, patienceMs)
    t.match(refused.found, { obstacles: [{ detail: /would be rejected without what usher puts into them/, items: [/^Deployment web: .*preStop hooks, please/] }] })
    t.equal((await shell.run('usher disable polite --yes')).code, 1)
    t.equal(await labelOf('polite'), 'enabled')
  })

  await stage.namespace('broken', ['gone=true'], [web])
  await t.test('a validating webhook that does not answer: it cannot be told', async (t) => {
    await shell.read('kubectl create -f -', JSON.stringify(validatingConfiguration('gone', { url: 'https://127.0.0.1:1/', ca: foreign.ca })))
    const refused = await until('the webhook is asked', async () => {
      const result = await json('usher enable broken --yes --dry-run=server')
      return result.code === 1 ? result : undefined
    }, patienceMs)
    t.match(refused.found, { obstacles: [{ detail: /cannot be told what would become/, items: [/failed calling webhook "gone\.example\.com"/] }] })
    t.equal(await labelOf('broken'), '')
  })
}

async function missingRights(t: Test, stage: Stage): Promise<void> {
  const { shell, server, labelOf } = stage
  const says = sayer(t, stage)
  await says(`usher enable ${usherNamespace}`, 1, /its own namespace/)
  const folder = mkdtempSync(join(tmpdir(), 'usher-enable-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const asAccount = async (name: string): Promise<string> => {
    const token = (await shell.read(`kubectl create token ${name} -n api --duration 1h`)).trim()
    const file = join(folder, name)
    writeFileSync(file, readFileSync(server.kubeconfig, 'utf8').replace(/"token":"[^"]*"/, `"token":"${token}"`), { mode: 0o600 })
    return file
  }
  await shell.read('kubectl create serviceaccount viewer -n api && kubectl create clusterrolebinding viewer --clusterrole=system:aggregate-to-view --serviceaccount=api:viewer')
  await says(`usher enable api --yes --kubeconfig ${await asAccount('viewer')}`, 1, /cannot patch resource "namespaces".*--context/)
  await shell.read('kubectl create serviceaccount labeller -n api && kubectl create clusterrolebinding labeller --clusterrole=system:aggregate-to-view --serviceaccount=api:labeller')
  await shell.read('kubectl create clusterrole labeller --verb=patch --resource=namespaces && kubectl create clusterrolebinding labels --clusterrole=labeller --serviceaccount=api:labeller')
  await says(`usher enable api --yes --kubeconfig ${await asAccount('labeller')}`, 1, /it cannot be told what would become of the new pods of 1 workload\n.*cannot create resource "pods"/)
  await shell.read('kubectl create serviceaccount blind -n api && kubectl create clusterrole blind --verb=get,patch --resource=namespaces && kubectl create clusterrolebinding blind --clusterrole=blind --serviceaccount=api:blind')
  await says(`usher enable api --yes --kubeconfig ${await asAccount('blind')}`, 1, /it cannot be told whether usher is installed: you may not look[^]+not all of the namespace may be looked at/)
  t.equal(await labelOf('api'), '')
}

async function brokenUsher(t: Test, stage: Stage, webhook: WebhookProcess): Promise<void> {
  const { shell, server, labelOf } = stage
  const says = sayer(t, stage)
  // A second one, by other means: an older version, with the chart's labels.
  const first = parseObject(await shell.read(`kubectl get deployment usher-webhook -n ${usherNamespace} -o json`))
  const { name, labels } = objectAt(first, 'metadata')
  await shell.read('kubectl create namespace other && kubectl create -f -', JSON.stringify({ ...first, metadata: { name, labels, namespace: 'other' } }))
  await says('usher enable api --yes', 1, /usher is installed 2 times/)
  await says(`usher enable api --dry-run=server -n ${usherNamespace}`, 0, /--dry-run=server/)
  await shell.read(`kubectl delete deployment usher-webhook -n other`)
  await shell.read(`kubectl label deployment usher-webhook -n ${usherNamespace} --overwrite app.kubernetes.io/version=0.0.9`)
  await says('usher enable api --yes', 1, /the parts are of several versions/)
  await shell.read(`kubectl label deployment usher-webhook -n ${usherNamespace} --overwrite app.kubernetes.io/version=0.1.0`)

  webhook.kill('SIGKILL')
  await webhook.ended
  await says('usher enable api --yes', 1, /× the API server makes pods without the webhook \(dry run\)\n.*usher check says why/)
  t.equal(await labelOf('api'), '')
  await says('usher enable api --yes --force', 0, /usher is on in namespace api/)
  await says('usher disable api --yes', 0, /usher is off in namespace api/)
  await shell.read(`kubectl delete configmap usher-config -n ${usherNamespace}`)
  await says('usher enable api --yes', 1, /usher is installed by half, in usher-system\n +missing: ConfigMap of the configuration/)
  await shell.read('kubectl label namespace api usher.dev/inject=enabled')
  await says('usher disable api --yes', 0, /the configuration of the webhook cannot be read[^]+usher is off in namespace api/)
  await shell.read(`kubectl label namespace api usher.dev/inject=enabled && kubectl delete daemonset usher-lock -n ${usherNamespace} && kubectl delete deployment usher-webhook -n ${usherNamespace}`)
  await says('usher disable api --yes', 0, /nothing of usher was found in the cluster[^]+usher is off in namespace api/)
  t.equal(await labelOf('api'), '')

  await server.stop()
  await says('usher enable api', 3, /cannot be reached at https.*is it the right one \(--context\)/)
}
