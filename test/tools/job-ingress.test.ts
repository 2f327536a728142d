import t, { type Test } from 'tap'
import type { Job } from '../../src/job/job.ts'
import type { RenderOptions } from '../../src/job/rendered.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { issueForTest } from '../support/certificates.ts'
import { container, job, seen } from '../support/job-values.ts'
import { listAt, objectAt } from '../support/pod-reader.ts'
import { until } from '../support/until.ts'
import { startApiServer } from './api-server.ts'
import { askFor, installDefinitions, type IngressController, startIngressController } from './ingress-controller.ts'
import { missingOtherMachine, startOtherMachine } from './other-machine.ts'
import { openShell, type Shell } from './shell.ts'

const exposed = (name: string, expose: NonNullable<Job['expose']>): Job =>
  job([container('app', { ports: [{ port: 80, target: 3000, protocol: 'TCP', isHostPort: false }] })], { name, expose })
const shop = exposed('shop', {})
const blog = exposed('blog', { host: 'www.example.net' })

t.test('what leads to jobs from outside, by a controller', { skip: missingOtherMachine() }, async (t) => {
  const server = await startApiServer(t)
  const shell = openShell(t, { tools: ['kubernetes'], kubeconfig: server.kubeconfig })
  await installDefinitions(shell)
  await t.test('Ingresses', async (t) => {
    const options = { namespace: 'ingresses', ingressClass: 'contour', domain: 'apps.example.org' }
    const { ca, leaf } = await issueForTest(['secure.example.org', 'secure.apps.example.org'])
    const ready = await putIn(t, shell, [shop, blog, exposed('secure', { host: 'secure.example.org', tlsSecret: 'cert' })], options)
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cert', namespace: 'ingresses' }, type: 'kubernetes.io/tls', stringData: { 'tls.crt': leaf.cert, 'tls.key': leaf.key } }
    await shell.read('kubectl create -f -', JSON.stringify(secret))
    const controller = await startIngressController(t, server)
    await hostsLead(t, controller)
    await unreadyIsPassedOver(t, controller, ready)
    for (const host of ['secure.example.org', 'secure.apps.example.org']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await until(`${host} by TLS`, async () => (await askFor(host, controller.httpsPort, ca.cert)).status === 200)
      // oxlint-disable-next-line no-await-in-loop
      t.match((await askFor(host, controller.httpsPort, ca.cert)).by, /^secure-/, host)
    }
    t.match(await askFor('shop.apps.example.org', controller.httpsPort, ca.cert), { status: 0 }, 'a job without a certificate is not led to by TLS')
  })
  await t.test('routes of a Gateway', async (t) => {
    const options = { namespace: 'routes', gateway: 'edge/main', domain: 'apps.example.org' }
    const port = 80 + Math.floor(Math.random() * 900)
    await shell.read('kubectl create namespace edge')
    await shell.read('kubectl create -f -', JSON.stringify(gatewayAt(port)))
    const ready = await putIn(t, shell, [shop, blog], options)
    const controller = await startIngressController(t, server, { name: options.gateway, port })
    await hostsLead(t, controller)
    await unreadyIsPassedOver(t, controller, ready)
    for (const name of ['shop', 'blog']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const route: unknown = JSON.parse(await shell.read(`kubectl get httproute ${name} -n routes -o json`))
      const conditions = listAt(route, 'status', 'parents').flatMap((parent) => listAt(parent, 'conditions'))
      t.strictSame(Object.fromEntries(conditions.map(({ type, status }) => [type, status])), { Accepted: 'True', ResolvedRefs: 'True' }, name)
    }
  })
})

/** Each host reaches its own job alone, and nobody else's reaches any. */
async function hostsLead(t: Test, { httpPort }: IngressController): Promise<void> {
  await until('a host leads', async () => (await askFor('www.example.net', httpPort)).status === 200)
  await until('a host leads', async () => (await askFor('shop', httpPort)).status === 200)
  const wanted = { shop: 'shop', 'shop.apps.example.org': 'shop', 'www.example.net': 'blog', 'blog.apps.example.org': 'blog' }
  for (const [host, name] of Object.entries(wanted)) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    t.strictSame(await answering(host, httpPort), [`${name}-1`, `${name}-2`], host)
  }
  for (const host of ['blog', 'other.apps.example.org', 'apps.example.org', 'shop.example.net']) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    t.match(await askFor(host, httpPort), { status: 404 }, `${host} is nobody's`)
  }
}

/** An instance that is not ready is asked no more, and again when it is. */
async function unreadyIsPassedOver(t: Test, { httpPort }: IngressController, ready: (name: string, numbers: readonly number[]) => Promise<void>): Promise<void> {
  await ready('shop', [2])
  await until('one is left', async () => (await answering('shop', httpPort)).length === 1)
  t.strictSame(await answering('shop', httpPort), ['shop-2'])
  t.strictSame(await answering('www.example.net', httpPort), ['blog-1', 'blog-2'], "another job's are asked as before")
  await ready('shop', [1, 2])
  await until('both are back', async () => (await answering('shop', httpPort)).length === 2)
}

/** Which instances answer a number of requests. */
async function answering(host: string, port: number): Promise<readonly string[]> {
  const answers = await Promise.all(Array.from({ length: 30 }, () => askFor(host, port)))
  return [...new Set(answers.map(({ by }) => by))].toSorted()
}

/**
 * Puts in what jobs become, without their workloads, and beside each two instances, which are servers of another machine, with
 * their EndpointSlice: what controllers would do. Gives how their readiness is changed.
 */
async function putIn(t: Test, shell: Shell, jobs: readonly Job[], options: Partial<RenderOptions> & { readonly namespace: string }): Promise<(name: string, numbers: readonly number[]) => Promise<void>> {
  await shell.read(`kubectl create namespace ${options.namespace}`)
  const names = jobs.flatMap(({ name }) => [`${name}-1`, `${name}-2`])
  const addresses = await startOtherMachine(t, names, 3000)
  for (const value of jobs) {
    const objects = seen(value, options).objects.filter(({ kind }) => kind !== 'Deployment')
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await shell.read('kubectl apply --server-side --field-manager=usher-job -f -', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
  }
  const ready = async (name: string, numbers: readonly number[]): Promise<void> => {
    const service: unknown = JSON.parse(await shell.read(`kubectl get service ${name} -n ${options.namespace} -o json`))
    const endpoints = [1, 2].map((number) => ({ addresses: [addresses.get(`${name}-${number}`) ?? ''], conditions: { ready: numbers.includes(number) } }))
    await shell.read('kubectl apply --server-side -f -', JSON.stringify(sliceOf(service, endpoints)))
  }
  for (const { name } of jobs) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await ready(name, [1, 2])
  }
  return ready
}

/** As the controller makes it: the port has the name and the target that the Service gives it. */
function sliceOf(service: unknown, endpoints: readonly JsonObject[]): JsonObject {
  const { name, namespace } = objectAt(service, 'metadata')
  const ports = listAt(service, 'spec', 'ports').map(({ name, targetPort, protocol }) => ({ name, port: targetPort, protocol }))
  const labels = { 'kubernetes.io/service-name': name }
  return { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name, namespace, labels }, addressType: 'IPv4', ports, endpoints }
}

function gatewayAt(port: number): JsonObject {
  const listener = { name: 'http', protocol: 'HTTP', port, allowedRoutes: { namespaces: { from: 'All' } } }
  const items = [
    { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', metadata: { name: 'contour' }, spec: { controllerName: 'projectcontour.io/gateway-controller' } },
    { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: { name: 'main', namespace: 'edge' }, spec: { gatewayClassName: 'contour', listeners: [listener] } },
  ]
  return { apiVersion: 'v1', kind: 'List', items }
}
