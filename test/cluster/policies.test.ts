import t from 'tap'
import { until } from '../support/until.ts'
import { nodeImage } from './images/node.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { apply, kubectl, list, makeNamespace, read, startUsher, systemNamespace } from './support/usher.ts'
import { barePod, type ContainerStatus, hasGotTheLock, hasLock, naps, nodeContainer, type Pod, readyPod, startPods } from './support/workloads.ts'

await startUsher(t)
showLogsOfFailure(t)

// So that turns are short, and deletions too.
const short = { 'usher.dev/lock-lease': '1s', 'usher.dev/nap': '1s' }

t.test('a namespace that enforces Pod Security restricted admits injected pods', async (t) => {
  const namespace = 'policies-restricted'
  await makeNamespace(t, namespace, { 'usher.dev/inject': 'enabled', 'pod-security.kubernetes.io/enforce': 'restricted' }, short)
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
  const spec = {
    securityContext: { runAsNonRoot: true, runAsUser: 1_000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [nodeContainer(undefined, { securityContext })],
  }
  const pods = await startPods(namespace, {
    plain: { spec },
    // Its init container brings the nap along, too.
    exec: { spec, annotations: { 'usher.dev/nap-method': 'exec' } },
  })
  for (const pod of Object.values(pods)) {
    await hasGotTheLock(t, pod)
    t.ok(naps(pod))
  }
  t.match(pods.exec.spec.containers, [{ lifecycle: { preStop: { exec: { command: ['/usher/nap', '1'] } } } }])
})

t.test('a ResourceQuota sees nothing new', async (t) => {
  const namespace = 'policies-quota'
  await makeNamespace(t, namespace, undefined, short)
  const used = { 'limits.cpu': '300m', 'limits.memory': '192Mi', pods: '1', 'requests.cpu': '30m', 'requests.memory': '96Mi' }
  // No pod needs more than its own containers.
  await apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'exact', namespace }, spec: { hard: used } })
  await until('the quota is known', async () => (await quota(namespace)).hard !== undefined)
  const containers = [nodeContainer(undefined, { resources: resources('20m', '64Mi', '200m', '128Mi') }), nodeContainer(undefined, { name: 'second', resources: resources('10m', '32Mi', '100m', '64Mi') })]
  const { web } = await startPods(namespace, { web: { spec: { containers } } })
  await hasGotTheLock(t, web)
  t.same((await quota(namespace)).used, used)
})

t.test('a LimitRange finds the init container within its bounds', async (t) => {
  const namespace = 'policies-limits'
  await makeNamespace(t, namespace, undefined, short)
  const limits = [
    {
      type: 'Container',
      defaultRequest: { cpu: '20m', memory: '64Mi' },
      default: { cpu: '40m', memory: '128Mi' },
      min: { cpu: '20m', memory: '64Mi' },
      max: { cpu: '400m', memory: '256Mi' },
      maxLimitRequestRatio: { cpu: '2', memory: '2' },
    },
    { type: 'Pod', max: { cpu: '400m', memory: '256Mi' } },
  ]
  await apply({ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'narrow', namespace }, spec: { limits } })
  // The API server looks them up in a cache of its own.
  await until('the limits are known', async () => {
    const pod = JSON.parse(await kubectl(['run', 'dry', '--namespace', namespace, `--image=${nodeImage}`, '--dry-run=server', '--output=json'])) as Pod
    return pod.spec.containers[0]?.resources !== undefined && Object.keys(pod.spec.containers[0].resources).length > 0
  })
  const own = [nodeContainer(undefined, { resources: resources('100m', '100Mi', '200m', '200Mi') })]
  const pods = await startPods(namespace, { plain: {}, own: { spec: { containers: own } } })
  for (const pod of Object.values(pods)) {
    await hasGotTheLock(t, pod)
    t.same(pod.spec.initContainers?.[0]?.resources, pod.spec.containers[0]?.resources, 'its bounds are the first container\'s')
  }
})

t.test('Guaranteed, Burstable and BestEffort pods keep their class', async (t) => {
  const namespace = 'policies-classes'
  await makeNamespace(t, namespace, undefined, short)
  const guaranteed = resources('50m', '96Mi', '50m', '96Mi')
  const pods = await startPods(namespace, {
    guaranteed: { spec: { containers: [nodeContainer(undefined, { resources: guaranteed })] } },
    // Of the pod as a whole, since 1.34.
    'guaranteed-as-a-pod': { spec: { resources: guaranteed } },
    burstable: { spec: { containers: [nodeContainer(undefined, { resources: { requests: { cpu: '10m' } } })] } },
    'best-effort': {},
  })
  for (const pod of Object.values(pods)) await hasGotTheLock(t, pod)
  t.equal(pods.guaranteed.status.qosClass, 'Guaranteed')
  t.equal(pods['guaranteed-as-a-pod'].status.qosClass, 'Guaranteed')
  t.equal(pods.burstable.status.qosClass, 'Burstable')
  t.equal(pods['best-effort'].status.qosClass, 'BestEffort')
})

t.test('the lock comes before sidecars and init containers of the pod, or after them where it asks for that', async (t) => {
  const namespace = 'policies-order'
  await makeNamespace(t, namespace, undefined, short)
  const initContainers = [
    nodeContainer(undefined, { name: 'proxy', restartPolicy: 'Always' }),
    nodeContainer('0', { name: 'migrate' }),
  ]
  const { first, last } = await startPods(namespace, {
    first: { spec: { initContainers } },
    last: { spec: { initContainers }, annotations: { 'usher.dev/lock-position': 'last' } },
  })
  await hasGotTheLock(t, first)
  await hasGotTheLock(t, last)
  t.same(first.spec.initContainers?.map(({ name }) => name), ['usher-lock', 'proxy', 'migrate'])
  t.same(last.spec.initContainers?.map(({ name }) => name), ['proxy', 'migrate', 'usher-lock'])
  t.ok(startOf(first, 'proxy') >= endOf(first, 'usher-lock'))
  t.ok(startOf(last, 'usher-lock') >= endOf(last, 'migrate'))
  for (const pod of [first, last]) {
    t.ok(naps(pod))
    // It ends after the containers that it serves, by itself.
    t.equal(pod.spec.initContainers?.find(({ name }) => name === 'proxy')?.lifecycle, undefined, 'a sidecar does not nap')
    t.match(statusOf(pod, 'proxy'), { state: { running: {} } })
  }
})

t.test('an application whose own image cannot be pulled keeps nobody from the lock', async (t) => {
  const namespace = 'policies-missing'
  await makeNamespace(t, namespace, undefined, short)
  // Nobody listens there, so that a pull fails at once.
  const missing = { image: '127.0.0.1:1/missing:1', imagePullPolicy: 'IfNotPresent' }
  await apply(
    barePod(namespace, 'main', { spec: { containers: [nodeContainer(undefined, missing)] } }),
    barePod(namespace, 'init', { spec: { initContainers: [nodeContainer(undefined, { name: 'migrate', ...missing })], containers: [nodeContainer()] } }),
  )
  // The third attempt comes 30 s after the first; the breaker takes 20 s for a pod that hangs on usher's own container.
  for (const name of ['main', 'init']) {
    await kubectl(['wait', '--for=jsonpath={.count}=3', '--namespace', namespace, await pullEvent(namespace, name), '--timeout=120s'])
  }
  for (const name of ['main', 'init']) await hasGotTheLock(t, await read<Pod>('get', 'pod', name, '--namespace', namespace))
  for (const webhook of await list<Pod>('get', 'pods', '--namespace', systemNamespace, '--selector', 'app.kubernetes.io/component=webhook')) {
    const metrics = await kubectl(['get', '--raw', `/api/v1/namespaces/${systemNamespace}/pods/${webhook.metadata.name}:8080/proxy/metrics`])
    t.match(metrics, 'usher_webhook_breaker_open{cause="init-container-hangs"} 0')
  }
  await apply(barePod(namespace, 'later'))
  t.ok(hasLock(await readyPod(namespace, 'later')))
})

function resources(cpu: string, memory: string, mostCpu: string, mostMemory: string): object {
  return { requests: { cpu, memory }, limits: { cpu: mostCpu, memory: mostMemory } }
}

async function quota(namespace: string): Promise<{ readonly hard?: object; readonly used?: object }> {
  const { status } = await read<{ readonly status: { readonly hard?: object; readonly used?: object } }>('get', 'resourcequota', 'exact', '--namespace', namespace)
  return status
}

/** The name of the event that counts the attempts to pull a pod's image. */
function pullEvent(namespace: string, pod: string): Promise<string> {
  return until(`a pull for ${pod}`, async () => {
    const selector = `reason=Pulling,involvedObject.name=${pod}`
    return (await kubectl(['get', 'events', '--namespace', namespace, '--field-selector', selector, '--output=name'])).trim() || undefined
  })
}

function statusOf({ status }: Pod, container: string): ContainerStatus | undefined {
  return status.initContainerStatuses?.find(({ name }) => name === container)
}

function startOf(pod: Pod, container: string): number {
  const state = statusOf(pod, container)?.state
  return Date.parse(state?.running?.startedAt ?? state?.terminated?.startedAt ?? '')
}

function endOf(pod: Pod, container: string): number {
  return Date.parse(statusOf(pod, container)?.state.terminated?.finishedAt ?? '')
}
