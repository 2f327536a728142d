import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { issueForTest } from '../support/certificates.ts'
import { listAt, objectAt, shown, valueAt } from '../support/pod-reader.ts'
import { until } from '../support/until.ts'
import { startApiServer } from './api-server.ts'
import { namesOf, objectsIn, template } from './chart.ts'
import { openShell, type Shell } from './shell.ts'

const tools = ['helm', 'kubernetes'] as const

t.test('the API server takes what the chart renders', async (t) => {
  const { kubeconfig } = await startApiServer(t)
  const shell = openShell(t, { tools, kubeconfig })
  await shell.read('kubectl create namespace usher-system')
  await shell.read('kubectl apply -f -', monitoringResources())
  await until('the resources of the Prometheus operator', async () => (await shell.run('kubectl get servicemonitors,podmonitors,prometheusrules -A')).code === 0)
  const cases = {
    'the defaults': '',
    'a namespace of its own': '--set namespace.create=true',
    'the host network': '--set webhook.hostNetwork=true,webhook.port=10260,webhook.probePort=10261',
    'no lock': '--set lock.enabled=false',
    'one replica': '--set webhook.replicas=1',
    'no PodDisruptionBudget': '--set webhook.podDisruptionBudget=false,networkPolicy.enabled=false',
    'checks, and a strict lock': "--set 'lock.checks={http://localhost:9999,tcp://db.shop.svc:5432},lock.strict=true,lock.gateMaxWait=0'",
    'tokens': '--set lock.token=true',
    'images elsewhere': '--set image.repository=example.org:5000/a/usher,image.tag=1.2.3,waitImage.tag=v2,image.pullPolicy=Always',
    'pull secrets': "--set 'imagePullSecrets[0].name=one,imagePullSecrets[1].name=two'",
    'tolerations, and nodes': "--set 'webhook.tolerations[0].key=a,webhook.tolerations[0].operator=Exists,webhook.nodeSelector.zone=b'",
    'other resources': '--set webhook.resources.limits.cpu=1,lock.resources.requests.cpu=20m,lock.updateMaxUnavailable=3',
    'a configuration': "--set config.nap.duration=20s,config.lock.weight=2 --set-json 'config.lock.runtimeClasses=[\"gvisor\"]'",
    'another prefix': '--set prefix=usher.example.org/',
    'monitors, alerts, and the dashboard': '--set serviceMonitor.enabled=true,serviceMonitor.labels.release=prometheus,alerts.enabled=true,alerts.labels.release=prometheus,dashboard.enabled=true',
    'a fixed version of Kubernetes': '--set webhook.kubeVersion=1.37',
  }
  for (const [what, flags] of Object.entries(cases)) {
    const rendered = await shell.read(`${template} ${flags}`)
    const { code, stdout, stderr } = await shell.run('kubectl apply --dry-run=server --validate=strict -f -', rendered)
    t.equal(code, 0, `${what}: ${stderr}`)
    t.equal(stdout.trimEnd().split('\n').length, namesOf(objectsIn(rendered)).length, `${what}: all of it`)
  }
  t.equal((await shell.run('kubectl apply --dry-run=server -f ../../deploy/usher.yaml')).code, 0, 'deploy/usher.yaml')

  await shell.read('kubectl label namespace usher-system pod-security.kubernetes.io/warn=restricted')
  const webhook = await shell.run('kubectl apply --dry-run=server -f -', await shell.read(`${template} --set lock.enabled=false`))
  t.equal(webhook.stderr, '', 'without the lock, nothing is against the restricted profile')
  const lock = await shell.run('kubectl apply --dry-run=server -f -', await shell.read(template))
  t.match(lock.stderr, 'host namespaces (hostNetwork=true)', 'and the lock is, by its nature')
})

t.test('the API server calls the webhook for the pods that it is to see, and for no others', async (t) => {
  const { kubeconfig } = await startApiServer(t)
  const shell = openShell(t, { tools, kubeconfig })
  const called = await registerRecorder(t, shell)
  for (const [namespace, label] of [['on', 'enabled'], ['audited', 'audit'], ['off', 'disabled'], ['plain', ''], ['usher-system', 'enabled']] as const) {
    const labels = label === '' ? {} : { 'usher.dev/inject': label }
    await shell.read('kubectl apply -f -', JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } }))
    await shell.read(`kubectl create serviceaccount default --namespace ${namespace}`)
  }
  await until('the API server knows the webhook', async () => (await called('on', {})).length > 0)

  const label = (value: string): JsonObject => ({ labels: { 'usher.dev/inject': value } })
  const annotation = (value: string): JsonObject => ({ annotations: { 'usher.dev/inject': value } })
  for (const [namespace, metadata, entries, what] of [
    ['on', {}, ['namespace'], 'a pod of a namespace that is on'],
    ['audited', {}, ['audit'], 'a pod of a namespace that is audited'],
    ['plain', {}, [], 'a pod of any other'],
    ['off', {}, [], 'a pod of a namespace that is off'],
    ['on', label('disabled'), [], 'a pod whose label opts out'],
    ['on', label('enabled'), ['namespace'], 'a pod that opts in where that is so: one entry, not both'],
    ['plain', label('enabled'), ['pod'], 'a pod that opts in'],
    ['off', label('enabled'), [], 'a pod that opts in where its namespace has opted out'],
    ['on', annotation('disabled'), [], 'a pod whose annotation opts out'],
    ['on', annotation('False'), [], 'in other words'],
    ['on', annotation('OFF'), [], 'and others'],
    ['on', annotation('No'), [], 'and others'],
    ['on', annotation('enabled'), ['namespace'], 'an annotation that does not opt out'],
    ['on', { annotations: { other: 'disabled' } }, ['namespace'], "somebody else's annotation"],
    ['plain', { ...label('enabled'), ...annotation('disabled') }, [], 'any opt-out wins'],
    ['usher-system', {}, [], 'a pod of our own'],
    ['usher-system', label('enabled'), [], 'whatever it says'],
    ['kube-system', label('enabled'), [], "the cluster's own"],
  ] as const) {
    t.strictSame(await called(namespace, metadata), entries, what)
  }
})

/** Registers the chart's webhooks with a server of this test; gives back what asks which of them a pod calls. */
async function registerRecorder(t: Test, shell: Shell): Promise<(namespace: string, metadata: JsonObject) => Promise<readonly string[]>> {
  const { ca, leaf } = await issueForTest()
  const calls: string[] = []
  const server = createServer({ cert: leaf.cert, key: leaf.key }, (request, response) => {
    void text(request).then((body) => {
      const review: unknown = JSON.parse(body)
      calls.push((request.url ?? '').slice(1).split('?')[0] ?? '')
      const uid = isObject(review) ? valueAt(review, 'request', 'uid') : undefined
      response.setHeader('content-type', 'application/json')
      return response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed: true } }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const [configuration] = objectsIn(await shell.read(`${template} --show-only templates/webhook-configuration.yaml`))
  if (configuration === undefined) throw new Error('the chart renders no webhook configuration')
  const webhooks = listAt(configuration, 'webhooks').map((webhook) => ({
    ...webhook,
    clientConfig: { url: `https://127.0.0.1:${port}/${shown(webhook['name']).split('.')[0]}`, caBundle: Buffer.from(ca.cert).toString('base64') },
    // A slow machine is not to be taken for a webhook that was not called.
    timeoutSeconds: 10,
  }))
  t.ok(webhooks.length === 3 && listAt(configuration, 'webhooks').every((webhook) => objectAt(webhook, 'clientConfig', 'service')['name'] === 'usher-webhook'))
  await shell.read('kubectl apply -f -', JSON.stringify({ ...configuration, webhooks }))
  await shell.run('kubectl create serviceaccount default --namespace kube-system')

  return async (namespace, metadata) => {
    calls.length = 0
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace, ...metadata },
      spec: { containers: [{ name: 'web', image: 'web' }] },
    }
    await shell.read('kubectl create --dry-run=server -f -', JSON.stringify(pod))
    return [...calls]
  }
}

/** What of the Prometheus operator's resources the chart uses. */
function monitoringResources(): string {
  const text = { type: 'string' }
  const texts = { type: 'object', additionalProperties: text }
  const endpoint = { type: 'object', properties: { port: text, path: text, interval: { type: 'string', pattern: '^[0-9hms]+$' } } }
  const monitor = (endpoints: string): object => ({
    type: 'object',
    required: ['selector', endpoints],
    properties: {
      selector: { type: 'object', properties: { matchLabels: texts } },
      [endpoints]: { type: 'array', items: endpoint },
    },
  })
  const rule = {
    type: 'object',
    required: ['alert', 'expr'],
    properties: { alert: text, expr: text, for: { type: 'string', pattern: '^[0-9hms]+$' }, labels: texts, annotations: texts },
  }
  const group = { type: 'object', required: ['name'], properties: { name: text, rules: { type: 'array', items: rule } } }
  const rules = { type: 'object', required: ['groups'], properties: { groups: { type: 'array', items: group } } }
  const definition = (kind: string, spec: object): object => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.toLowerCase()}s.monitoring.coreos.com` },
    spec: {
      group: 'monitoring.coreos.com',
      scope: 'Namespaced',
      names: { kind, plural: `${kind.toLowerCase()}s`, singular: kind.toLowerCase() },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec } } } }],
    },
  })
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [definition('ServiceMonitor', monitor('endpoints')), definition('PodMonitor', monitor('podMetricsEndpoints')), definition('PrometheusRule', rules)],
  })
}
