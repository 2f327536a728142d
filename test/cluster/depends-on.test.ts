import t from 'tap'
import { until } from '../support/until.ts'
import { nodeImage } from './images/node.ts'
import { secondsSince } from './support/delays.ts'
import { answering } from './support/pods.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { apply, helm, kubectl, lockState, makeNamespace, startUsher, systemNamespace, tryKubectl } from './support/usher.ts'
import { barePod, nodeContainer, onlyPod, podTemplate, type Pod } from './support/workloads.ts'

await startUsher(t)
showLogsOfFailure(t)

// What comes up on a busy machine takes its time.
const patienceMs = 180_000
const short = { 'usher.dev/lock-lease': '10s', 'usher.dev/nap': '1s' }

t.test('a plain Deployment waits for a Service until it has a ready endpoint, holding no permit: who comes later starts meanwhile', async (t) => {
  const namespace = 'depends-service'
  await makeNamespace(t, namespace, undefined, short)
  await apply(service(namespace, 'db'), deployment(namespace, 'web', 'service/db'))
  const web = await waits(namespace, 'app=web')
  await says(namespace, web, /service\/db/)
  await apply(barePod(namespace, 'later'))
  await kubectl(['wait', '--for=condition=Ready', '--namespace', namespace, 'pod/later', '--timeout=120s'])
  const { holders, waiters, gated = [] } = await lockState()
  t.notOk(holders.some(({ pod }) => pod?.endsWith(web)), 'it holds nothing')
  t.notOk(waiters.some(({ pod }) => pod?.endsWith(web)), 'nor a place in the queue')
  t.ok(gated.some(({ pod }) => pod?.endsWith(web)), 'and the lock says that it waits')

  await apply(barePod(namespace, 'db', { labels: { app: 'db' }, annotations: { 'usher.dev/lock': 'disabled' }, spec: { containers: [nodeContainer(answering)] } }))
  await isUp(namespace, 'web')
})

t.test('a namespace says what its pods wait for; what is there already holds nobody up', async (t) => {
  const namespace = 'depends-namespace'
  await makeNamespace(t, namespace, undefined, { ...short, 'usher.dev/depends-on': `deployment/${systemNamespace}/usher-webhook, daemonset/${systemNamespace}/usher-lock` })
  await apply(deployment(namespace, 'web'))
  await isUp(namespace, 'web')
  const pod = await onlyPod(namespace, 'app=web')
  t.match(pod.spec.initContainers, [{ name: 'usher-lock' }])
})

t.test('the pods of a Helm chart wait as its values say', async (t) => {
  const namespace = 'depends-helm'
  await makeNamespace(t, namespace, undefined, short)
  const template = JSON.stringify(deployment(namespace, 'web', 'VALUE')).replace('"VALUE"', '{{ .Values.dependsOn | quote }}')
  const chart = t.testdir({ 'Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\n', templates: { 'web.yaml': template } })
  await helm('install', 'shop', chart, '--namespace', namespace, '--set', 'dependsOn=service/db')
  await says(namespace, await waits(namespace, 'app=web'), /service\/db/)
  await apply(service(namespace, 'db'), barePod(namespace, 'db', { labels: { app: 'db' }, annotations: { 'usher.dev/lock': 'disabled' }, spec: { containers: [nodeContainer(answering)] } }))
  await isUp(namespace, 'web')
})

t.test('after its timeout a pod starts, or its init container fails until all is there, as its author says', async (t) => {
  const namespace = 'depends-timeout'
  await makeNamespace(t, namespace, undefined, short)
  const from = performance.now()
  await apply(
    deployment(namespace, 'proceeding', 'deployment/none:timeout=5s'),
    deployment(namespace, 'failing', 'deployment/none:timeout=5s:on-timeout=fail'),
  )
  await isUp(namespace, 'proceeding')
  t.ok(secondsSince(from) >= 5, 'not before')
  const failing = await waits(namespace, 'app=failing')
  await until('its init container has failed', async () => (lockStatus(await onlyPod(namespace, 'app=failing'))?.restartCount ?? 0) > 0, patienceMs)
  await says(namespace, failing, /deployment\/none/)
  await apply(deployment(namespace, 'none'))
  await isUp(namespace, 'failing')
})

t.test('without the lock, nobody waits for anything', async (t) => {
  const namespace = 'depends-gone'
  await makeNamespace(t, namespace, undefined, short)
  await apply(deployment(namespace, 'web', 'deployment/none'))
  await waits(namespace, 'app=web')
  await kubectl(['delete', 'daemonset', 'usher-lock', '--namespace', systemNamespace, '--wait'])
  await isUp(namespace, 'web')
})

function service(namespace: string, name: string): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] } }
}

function deployment(namespace: string, name: string, dependsOn?: string): object {
  const annotations = dependsOn === undefined ? {} : { 'usher.dev/depends-on': dependsOn }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: { selector: { matchLabels: { app: name } }, template: podTemplate({ labels: { app: name }, annotations, spec: { containers: [nodeContainer(answering, { image: nodeImage })] } }) },
  }
}

/** Waits until the only pod with a label is in its init container, and names it. */
async function waits(namespace: string, selector: string): Promise<string> {
  const pod = await until('it waits', async () => {
    const found = await onlyPod(namespace, selector).catch(() => undefined)
    return found !== undefined && lockStatus(found)?.state.running !== undefined ? found : undefined
  }, patienceMs)
  return pod.metadata.name
}

function lockStatus({ status }: Pod) {
  return status.initContainerStatuses?.find(({ name }) => name === 'usher-lock')
}

async function says(namespace: string, pod: string, what: RegExp): Promise<void> {
  await until(`${pod} says ${what.source}`, async () => what.test((await tryKubectl(['logs', '--namespace', namespace, pod, '--container', 'usher-lock'])).stdout), patienceMs)
}

async function isUp(namespace: string, name: string): Promise<void> {
  await kubectl(['rollout', 'status', '--namespace', namespace, `deployment/${name}`, '--timeout=240s'])
}
