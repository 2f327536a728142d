import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { contextOf } from '../../src/check/injection-check.ts'
import { confirm } from '../../src/cli/confirm.ts'
import type { Output } from '../../src/cli/command.ts'
import { defaultConfig } from '../../src/config/defaults.ts'
import { questionOf } from '../../src/enable/wish.ts'
import { decide } from '../../src/inject/decide.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { type Answer, type AnsweringApiServer, startAnsweringApiServer } from '../support/answering-api-server.ts'
import { configuration, installation, told } from '../support/check-facts.ts'
import { workload } from '../support/enable-world.ts'
import { patched } from '../support/injected.ts'
import { kubeconfigFor } from '../support/kubeconfig-for.ts'
import { objectAt, valueAt } from '../support/pod-reader.ts'
import { runUsher } from '../support/usher-process.ts'

const shop = (labels: JsonObject = {}, name = 'shop'): JsonObject => ({ metadata: { name, labels, resourceVersion: '7' } })
const pods = '/api/v1/namespaces/shop/pods'

/** A cluster with usher, in which a pod with the label that opts in gets what the webhook would put in. */
async function startCluster(t: Test, deployments: readonly JsonObject[], answers: AnsweringApiServer['answers'] = {}): Promise<AnsweringApiServer & { readonly kubeconfig: string }> {
  const labelled = (object: unknown, component: string): JsonObject => {
    const { metadata, ...rest } = object as { metadata: { labels: object } }
    return { ...rest, metadata: { ...metadata, labels: { ...metadata.labels, 'app.kubernetes.io/component': component } } }
  }
  const kinds = ['statefulsets', 'daemonsets', 'replicasets'].map((each) => `/apis/apps/v1/namespaces/shop/${each}`)
  const others = ['cronjobs', 'jobs'].map((each) => `/apis/batch/v1/namespaces/shop/${each}`)
  const api = await startAnsweringApiServer(t, {
    '/version': { gitVersion: 'v1.37.2', major: '1', minor: '37' },
    '/apis/apps/v1/daemonsets': { items: [labelled(installation.daemonSet, 'lock')] },
    '/apis/apps/v1/deployments': { items: [installation.deployment] },
    '/api/v1/services': { items: [labelled(installation.service, 'webhook')] },
    '/api/v1/configmaps': { items: [installation.configMap] },
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations': { items: [configuration()] },
    '/api/v1/namespaces/shop': shop(),
    'PATCH /api/v1/namespaces/shop': (body) => shop(objectAt(body, 'metadata', 'labels')),
    '/apis/apps/v1/namespaces/shop/deployments': { items: deployments },
    ...Object.fromEntries([...kinds, ...others, '/api/v1/namespaces/shop/replicationcontrollers', pods].map((path) => [path, { items: [] }])),
    [`POST ${pods}`]: (body, query) => (query.get('dryRun') === 'All' ? made(body as JsonObject) : { refuse: 500, message: 'a pod was created' }),
    ...answers,
  })
  return { ...api, kubeconfig: kubeconfigFor(t, api) }
}

function made(pod: JsonObject): JsonObject {
  const context = contextOf(shop(), { config: told(defaultConfig), kubeVersion: { major: 1, minor: 37 } })
  if (context === undefined) throw new Error('there is no configuration')
  return patched(pod, decide(pod, context))
}

const isMarked = (pod: unknown): boolean => valueAt(pod, 'metadata', 'labels', 'usher.dev/inject') === 'enabled'
const isWithoutLock = (pod: unknown): boolean => valueAt(pod, 'metadata', 'annotations', 'usher.dev/lock') === 'disabled'
const count = ({ asked }: AnsweringApiServer, what: string): number => asked.filter((each) => each === what).length

t.test('of workloads whose pods differ by nothing but names one is tried, without usher and with it', async (t) => {
  const same = ['one', 'two', 'three'].map((name) => workload(name, { metadata: { labels: { app: 'same' } } }))
  const api = await startCluster(t, same)
  const { code, stdout } = await runUsher(t, ['enable', 'shop', '--yes', '-o', 'json', '--kubeconfig', api.kubeconfig])
  t.equal(code, 0)
  t.match(JSON.parse(stdout), { isChanged: true, workloads: same.map(() => ({ change: 'gains', dryRun: { kind: 'passes', missing: [] } })) })
  t.equal(count(api, `POST ${pods}`), 2)
  t.equal(count(api, 'PATCH /api/v1/namespaces/shop'), 2, 'a rehearsal, and the label')
})

t.test('lists are read page by page', async (t) => {
  const page = (_body: unknown, query: URLSearchParams): Answer =>
    query.get('continue') === 'more' ? { items: [workload('second')] } : { items: [workload('first')], metadata: { continue: 'more' } }
  const api = await startCluster(t, [], { '/apis/apps/v1/namespaces/shop/deployments': page })
  const { stdout } = await runUsher(t, ['enable', 'shop', '--dry-run=server', '-o', 'json', '--kubeconfig', api.kubeconfig])
  t.match(JSON.parse(stdout), { workloads: [{ name: 'first' }, { name: 'second' }] })
})

t.test('who may not label the namespace, or in vain, is told before anything is tried', async (t) => {
  for (const [answer, message] of [
    [{ refuse: 403, message: 'namespaces "shop" is forbidden: User "me" cannot patch resource "namespaces"' }, /cannot patch resource "namespaces"; choose a context that may \(--context\)/],
    [shop(), /another webhook changes the label of namespace shop: usher\.dev\/inject is taken off/],
    [shop({ 'usher.dev/inject': 'audit' }), /becomes audit/],
  ] as const) {
    const api = await startCluster(t, [workload('web')], { 'PATCH /api/v1/namespaces/shop': answer })
    t.match(await runUsher(t, ['enable', 'shop', '--yes', '--kubeconfig', api.kubeconfig]), { code: 1, stderr: message })
    t.equal(count(api, `POST ${pods}`), 0)
  }
})

t.test('the label is set on the namespace that was looked at, and on no other version of it', async (t) => {
  const bodies: unknown[] = []
  const api = await startCluster(t, [workload('web')], {
    'PATCH /api/v1/namespaces/shop': (body, query) => {
      bodies.push(body)
      return query.get('dryRun') === 'All' ? shop({ 'usher.dev/inject': 'enabled' }) : { refuse: 409, message: 'the object has been modified' }
    },
  })
  t.match(await runUsher(t, ['enable', 'shop', '--yes', '--kubeconfig', api.kubeconfig]), { code: 1, stderr: /somebody has changed namespace shop meanwhile; try again/ })
  t.strictSame(bodies[1], { metadata: { resourceVersion: '7', labels: { 'usher.dev/inject': 'enabled' } } })
})

t.test('a quota that fills up between two trials is not blamed on usher', async (t) => {
  let room = 1
  const api = await startCluster(t, [workload('web')], {
    [`POST ${pods}`]: (body) => (room-- > 0 ? made(body as JsonObject) : { refuse: 403, message: 'exceeded quota: pods' }),
  })
  const { code, stdout } = await runUsher(t, ['enable', 'shop', '--dry-run=server', '-o', 'json', '--kubeconfig', api.kubeconfig])
  t.match(JSON.parse(stdout), { workloads: [{ dryRun: { kind: 'rejected-anyway', message: 'exceeded quota: pods' } }] })
  t.equal(code, 0)
})

t.test('what is refused is tried once more without the lock, and without the nap', async (t) => {
  const api = await startCluster(t, [workload('web')], {
    [`POST ${pods}`]: (body) => (isMarked(body) && !isWithoutLock(body) ? { refuse: 422, message: 'no init containers' } : made(body as JsonObject)),
  })
  const { code, stdout } = await runUsher(t, ['enable', 'shop', '--yes', '-o', 'json', '--kubeconfig', api.kubeconfig])
  t.equal(code, 1)
  t.match(JSON.parse(stdout), { isChanged: false, workloads: [{ dryRun: { kind: 'rejected', message: 'no init containers', cures: ['lock'] } }] })
  t.equal(count(api, 'PATCH /api/v1/namespaces/shop'), 1, 'the rehearsal')
})

t.test('an API server that is too busy has rejected nothing, and it is refused all the same', async (t) => {
  const api = await startCluster(t, [workload('web')], { [`POST ${pods}`]: (body) => (isMarked(body) ? { refuse: 429, message: 'too many requests' } : made(body as JsonObject)) })
  const { code, stdout } = await runUsher(t, ['enable', 'shop', '--yes', '-o', 'json', '--kubeconfig', api.kubeconfig])
  t.equal(code, 1)
  t.match(JSON.parse(stdout), { workloads: [{ dryRun: { kind: 'untried', message: 'too many requests' } }], obstacles: [{ detail: /cannot be told what would become/ }] })
})

t.test('while no lock is to be had, the webhook puts in a nap: told, and no reason to refuse', async (t) => {
  const api = await startCluster(t, [workload('web')], {
    [`POST ${pods}`]: (body) => {
      const context = contextOf(shop(), { config: told(defaultConfig), kubeVersion: { major: 1, minor: 37 } })
      return context === undefined ? { refuse: 500 } : patched(body as JsonObject, decide(body, { ...context, lockAvailable: false }))
    },
  })
  const { code, stdout } = await runUsher(t, ['enable', 'shop', '--yes', '--kubeconfig', api.kubeconfig])
  t.equal(code, 0)
  t.match(stdout, /passes, without lock[^]+‼ new pods of 1 workload would get less than they should, by their dry runs\n {4}Deployment web: no lock\n {4}to mend it: usher check says why/)
})

t.test('a namespace without workloads is turned on, if the webhook is asked about a pod there', async (t) => {
  const api = await startCluster(t, [])
  t.match(await runUsher(t, ['enable', 'shop', '--yes', '--kubeconfig', api.kubeconfig]), { code: 0, stdout: /^Nothing in namespace shop makes pods/ })
  t.equal(count(api, `POST ${pods}`), 1)
  const deaf = await startCluster(t, [], { [`POST ${pods}`]: (body) => body as JsonObject })
  t.match(await runUsher(t, ['enable', 'shop', '--yes', '--kubeconfig', deaf.kubeconfig]), { code: 1, stdout: /× the API server makes pods without the webhook/ })
})

t.test('a namespace that is being deleted', async (t) => {
  const api = await startCluster(t, [], { '/api/v1/namespaces/shop': { ...shop(), status: { phase: 'Terminating' } } })
  t.match(await runUsher(t, ['enable', 'shop', '--yes', '--kubeconfig', api.kubeconfig]), { code: 1, stderr: /namespace shop is being deleted/ })
})

t.test('asked at a terminal, y and yes go on, and nothing else does', async (t) => {
  const question = questionOf({ namespace: 'shop', from: 'none', to: 'enabled' })
  for (const [answer, consent] of [['y\n', 'yes'], ['YES\n', 'yes'], ['n\n', 'no'], ['\n', 'no'], ['yesterday\n', 'no'], [undefined, 'no']] as const) {
    const input = Object.assign(new PassThrough(), { isTTY: true })
    const stderr = Object.assign(new PassThrough(), { isTTY: true })
    let shown = ''
    stderr.on('data', (chunk: Buffer) => (shown += chunk.toString()))
    const asked = confirm(question, false, { stderr } as unknown as Output, input)
    input.end(answer)
    t.equal(await asked, consent, `${answer}`)
    t.match(shown, 'Turn usher on in namespace shop? [y/N] ')
  }
})
