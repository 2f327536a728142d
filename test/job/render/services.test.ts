import t from 'tap'
import type { JobContainer, JobPort } from '../../../src/job/job.ts'
import type { JsonObject } from '../../../src/units/json.ts'
import { container, healthcheck, job, problemsOf, seen } from '../../support/job-values.ts'
import { listAt, objectAt, valueAt } from '../../support/pod-reader.ts'

const port = (text: string, parts: Partial<JobPort> = {}): JobPort => {
  const [from, to] = text.split(':').map(Number)
  return { port: from ?? 0, target: to ?? from ?? 0, protocol: 'TCP', isHostPort: false, ...parts }
}
const app = (ports: readonly JobPort[], parts: Partial<JobContainer> = {}): JobContainer => container('app', { ports, ...parts })

t.test('the instances have a name of their own, which knows the ready ones alone', async (t) => {
  const { of } = seen(job([app([port('80:3000')])]))
  t.match(of('Service', 'web-pods'), { spec: { clusterIP: 'None', publishNotReadyAddresses: undefined, selector: { 'usher.dev/job': 'web' }, ports: undefined } })
})

t.test('the ports of all containers are those of the job', async (t) => {
  const { of } = seen(job([app([port('80:3000')]), container('dns', { ports: [port('53', { protocol: 'UDP' }), port('53')] })]))
  t.match(of('Service', 'web'), { spec: { type: 'ClusterIP', selector: { 'usher.dev/job': 'web' } } })
  t.strictSame(listAt(of('Service', 'web'), 'spec', 'ports'), [
    { name: 'tcp-80', port: 80, protocol: 'TCP', targetPort: 3000 },
    { name: 'udp-53', port: 53, protocol: 'UDP', targetPort: 53 },
    { name: 'tcp-53', port: 53, protocol: 'TCP', targetPort: 53 },
  ])
})

t.test('two ports of the node cannot lead to one of the container', async (t) => {
  const two = [port('80:3000', { isHostPort: true }), port('81:3000', { isHostPort: true })]
  t.match(problemsOf(job([app(two)])), [['invalid-job', /^Two ports of the node lead to 3000\/TCP/]])
})

t.test('the host of a job is its name, and that below the domain of the cluster', async (t) => {
  const path = { path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }
  const rule = (host: string): JsonObject => ({ host, http: { paths: [path] } })
  const value = job([app([port('53', { protocol: 'UDP' }), port('80:3000'), port('81')])], { expose: {} })
  t.strictSame(seen(value).of('Ingress')['spec'], { rules: [rule('web')] })
  const { objects, of } = seen({ ...value, expose: { host: 'shop.example.org', tlsSecret: 'cert' } }, { domain: 'example.com', ingressClass: 'haproxy' })
  t.strictSame(of('Ingress')['spec'], { ingressClassName: 'haproxy', tls: [{ hosts: ['shop.example.org', 'web.example.com'], secretName: 'cert' }], rules: [rule('shop.example.org'), rule('web.example.com')] })
  t.notOk(objects.some(({ kind }) => kind === 'HTTPRoute'))
  t.strictSame(valueAt(seen({ ...value, expose: { host: 'web.example.com' } }, { domain: 'example.com' }).of('Ingress'), 'spec', 'rules', 'length'), undefined)
  t.equal(listAt(seen({ ...value, expose: { host: 'web.example.com' } }, { domain: 'example.com' }).of('Ingress'), 'spec', 'rules').length, 1, 'each once')
})

t.test('where the cluster has a Gateway, its route', async (t) => {
  const value = job([app([port('80:3000')])], { expose: { tlsSecret: 'cert' } })
  const { of, warnings, objects } = seen(value, { gateway: 'edge/main', domain: 'example.com' })
  t.match(of('HTTPRoute'), { apiVersion: 'gateway.networking.k8s.io/v1' })
  t.strictSame(of('HTTPRoute')['spec'], { parentRefs: [{ namespace: 'edge', name: 'main' }], hostnames: ['web', 'web.example.com'], rules: [{ backendRefs: [{ name: 'web', port: 80 }] }] })
  t.match(warnings.at(-1), /the certificate cert is not used/)
  t.notOk(objects.some(({ kind }) => kind === 'Ingress'))
})

t.test('nothing leads in that is not asked for', async (t) => {
  t.strictSame(seen(job([app([port('80')])])).of('Ingress'), {})
})

t.test('a proxy stands before the first port, and everything that leads there leads to it', async (t) => {
  const check = healthcheck({ type: 'http', port: 3000, path: '/', expect: '2xx-3xx' })
  const value = job([app([port('80:3000', { isHostPort: true }), port('10000')], { healthcheck: check })], { hasEnvoy: true })
  const { of, pod } = seen(value, { envoyImage: 'mirror/envoy:1' })
  t.match(listAt(of('Service', 'web'), 'spec', 'ports'), [{ port: 80, targetPort: 10_001 }, { port: 10_000, targetPort: 10_000 }])
  const [envoy] = listAt(pod, 'initContainers')
  t.match(envoy, { name: 'envoy', image: 'mirror/envoy:1', restartPolicy: 'Always', ports: [{ containerPort: 10_001, hostPort: 80 }] })
  t.match(listAt(pod, 'containers')[0]?.['ports'], [{ containerPort: 3000, hostPort: undefined }, { containerPort: 10_000 }])
  const config = of('ConfigMap')
  t.match(listAt(pod, 'volumes'), [{ name: 'envoy', configMap: { name: valueAt(config, 'metadata', 'name') } }])
  const bootstrap: unknown = JSON.parse(String(valueAt(config, 'data', 'envoy.json')))
  const [cluster] = listAt(bootstrap, 'static_resources', 'clusters')
  const addresses = listAt(cluster, 'load_assignment', 'endpoints').flatMap((endpoints) => listAt(endpoints, 'lb_endpoints').map((each) => objectAt(each, 'endpoint', 'address', 'socket_address')))
  t.strictSame(addresses, [{ address: 'web-pods.shop.svc', port_value: 3000 }, { address: '127.0.0.1', port_value: 3000 }])
  t.match(listAt(bootstrap, 'static_resources', 'listeners'), [{ address: { socket_address: { port_value: 10_001 } }, filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager' }] }] }])
})

t.test('what is not known to be HTTP is passed on as it is', async (t) => {
  const value = job([app([port('5432')])], { hasEnvoy: true })
  t.match(valueAt(seen(value).of('ConfigMap'), 'data', 'envoy.json'), /envoy\.filters\.network\.tcp_proxy/)
  t.match(valueAt(seen({ ...value, expose: {} }).of('ConfigMap'), 'data', 'envoy.json'), /http_connection_manager/)
})
