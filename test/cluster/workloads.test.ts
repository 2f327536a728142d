import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../support/until.ts'
import { machineFile } from './folders.ts'
import { nodeImage } from './images/node.ts'
import { staticPods } from './node-config.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { apply, kubectl, makeNamespace, read, startUsher } from './support/usher.ts'
import {
  barePod,
  hasGotTheLock,
  hasLock,
  isLeftAlone,
  naps,
  nodeContainer,
  onlyPod,
  type Pod,
  podTemplate,
  readyPod,
} from './support/workloads.ts'

await startUsher(t)
showLogsOfFailure(t)

// So that turns are short, and deletions too.
const short = { 'usher.dev/lock-lease': '1s', 'usher.dev/nap': '1s' }

t.test('pods of a Deployment, a StatefulSet, a ReplicaSet and a ReplicationController wait for the lock, and nap', async (t) => {
  const namespace = 'workloads-services'
  await makeNamespace(t, namespace, undefined, short)
  const kinds = ['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController']
  await apply(...kinds.map((kind) => controllerOf(kind, namespace)))
  for (const kind of kinds) {
    const name = kind.toLowerCase()
    const { metadata } = await onlyPod(namespace, `app=${name}`)
    const pod = await readyPod(namespace, metadata.name)
    await hasGotTheLock(t, pod)
    t.ok(naps(pod), `the pod of a ${kind} naps`)
  }
})

t.test('the pods of a DaemonSet are left alone, and nap where they ask for it', async (t) => {
  const namespace = 'workloads-daemons'
  await makeNamespace(t, namespace, undefined, short)
  // What a namespace says is not what the pod itself asks for.
  await apply(controllerOf('DaemonSet', namespace), controllerOf('DaemonSet', namespace, 'napping', { 'usher.dev/nap': '2s' }))
  for (const name of ['daemonset', 'napping']) await rollout(namespace, `daemonset/${name}`)
  const plain = await onlyPod(namespace, 'app=daemonset')
  const napping = await onlyPod(namespace, 'app=napping')
  isLeftAlone(t, plain)
  t.notOk(hasLock(napping))
  t.match(napping.spec.containers, [{ lifecycle: { preStop: { sleep: { seconds: 2 } } } }])
})

t.test('a Job and a run of a CronJob are left alone and finish; one that asks for the lock gets it, and finishes', async (t) => {
  const namespace = 'workloads-jobs'
  await makeNamespace(t, namespace, undefined, short)
  const asking = { 'usher.dev/lock': 'enabled' }
  await apply(
    { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'job', namespace }, spec: jobSpec() },
    { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'asking', namespace }, spec: jobSpec(asking) },
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'nightly', namespace },
      spec: { schedule: '0 3 * * *', suspend: true, jobTemplate: { spec: jobSpec() } },
    },
  )
  await kubectl(['create', 'job', '--namespace', namespace, '--from=cronjob/nightly', 'run'])
  await kubectl(['wait', '--for=condition=Complete', '--namespace', namespace, 'job/job', 'job/asking', 'job/run', '--timeout=240s'])
  for (const name of ['job', 'run']) isLeftAlone(t, await onlyPod(namespace, `job-name=${name}`))
  const pod = await onlyPod(namespace, 'job-name=asking')
  await hasGotTheLock(t, pod)
  t.notOk(naps(pod), 'a pod that finishes by itself does not nap')
})

t.test('a bare pod is applied, and applied again', async (t) => {
  const namespace = 'workloads-bare'
  await makeNamespace(t, namespace, undefined, short)
  const grace = { spec: { terminationGracePeriodSeconds: 5 } }
  const plain = barePod(namespace, 'plain')
  const own = barePod(namespace, 'own-grace', grace)
  await apply(plain, own)
  const [first, second] = await Promise.all([readyPod(namespace, 'plain'), readyPod(namespace, 'own-grace')])
  await hasGotTheLock(t, first)
  await hasGotTheLock(t, second)
  t.ok(naps(first))
  // Else the second apply would want to change a field that cannot be changed.
  t.notOk(naps(second))
  t.equal(second.spec.terminationGracePeriodSeconds, 5)

  const again = await kubectl(['apply', '-f', '-'], listOf(plain, own))
  t.match(again, /plain unchanged\n.*own-grace unchanged/)
  const labels = { tier: 'web' }
  const changed = await kubectl(['apply', '-f', '-'], listOf(barePod(namespace, 'plain', { labels }), barePod(namespace, 'own-grace', { ...grace, labels })))
  t.match(changed, /plain configured\n.*own-grace configured/)
})

t.test('kubectl run starts a pod that waits for the lock; one that finishes by itself does not nap', async (t) => {
  const namespace = 'workloads-run'
  await makeNamespace(t, namespace, undefined, short)
  const image = [`--image=${nodeImage}`, '--image-pull-policy=Never']
  await kubectl(['run', 'server', '--namespace', namespace, ...image, '--', '-e', 'setInterval(() => {}, 60_000)'])
  await kubectl(['run', 'once', '--namespace', namespace, ...image, '--restart=Never', '--', '-e', '0'])
  const server = await readyPod(namespace, 'server')
  await kubectl(['wait', '--for=jsonpath={.status.phase}=Succeeded', '--namespace', namespace, 'pod/once', '--timeout=240s'])
  const once = await read<Pod>('get', 'pod', 'once', '--namespace', namespace)
  await hasGotTheLock(t, server)
  t.ok(naps(server))
  await hasGotTheLock(t, once)
  t.notOk(naps(once))
})

t.test('kubectl debug attaches to an injected pod, and copies it', async (t) => {
  const namespace = 'workloads-debug'
  await makeNamespace(t, namespace, undefined, short)
  await apply(barePod(namespace, 'web'))
  const before = await readyPod(namespace, 'web')
  const image = [`--image=${nodeImage}`, '--image-pull-policy=Never', '--profile=general']
  await kubectl(['debug', 'pod/web', '--namespace', namespace, ...image, '--container=look', '--target=main', '--', '/usr/local/bin/node', '-p', '"seen"'])
  const after = await until('the debugger has ended', async () => {
    const pod = await read<Pod>('get', 'pod', 'web', '--namespace', namespace)
    return pod.status.ephemeralContainerStatuses?.[0]?.state.terminated !== undefined && pod
  })
  t.match(after.status, { ephemeralContainerStatuses: [{ name: 'look', state: { terminated: { exitCode: 0 } } }] })
  t.equal(await kubectl(['logs', '--namespace', namespace, 'web', '--container=look']), 'seen\n')
  t.same(after.spec.containers, before.spec.containers)
  t.same(after.spec.initContainers, before.spec.initContainers)

  await kubectl(['debug', 'pod/web', '--namespace', namespace, ...image, '--copy-to=copy', '--container=look', '--', '/usr/local/bin/node', '-e', 'setInterval(() => {}, 60_000)'])
  const copy = await readyPod(namespace, 'copy')
  await hasGotTheLock(t, copy)
  t.equal(copy.spec.initContainers?.length, 1, 'it waits once')
})

t.test('a static pod starts as its file says, in a namespace that is turned on', async (t) => {
  const namespace = 'workloads-static'
  await makeNamespace(t, namespace, undefined, short)
  const file = join(machineFile('node-1', staticPods), 'usher-static.json')
  writeFileSync(file, JSON.stringify(barePod(namespace, 'static')))
  t.teardown(async () => {
    rmSync(file)
    await kubectl(['wait', '--for=delete', '--namespace', namespace, 'pod/static-node-1', '--timeout=60s'])
  })
  await kubectl(['wait', '--for=create', '--namespace', namespace, 'pod/static-node-1', '--timeout=60s'])
  const pod = await readyPod(namespace, 'static-node-1')
  isLeftAlone(t, pod)
})

const apiVersions: Readonly<Record<string, string>> = { ReplicationController: 'v1' }

function controllerOf(kind: string, namespace: string, name = kind.toLowerCase(), annotations: object = {}): object {
  const labels = { app: name }
  const daemonSet = kind === 'DaemonSet'
  return {
    apiVersion: apiVersions[kind] ?? 'apps/v1',
    kind,
    metadata: { name, namespace },
    spec: {
      ...(daemonSet ? {} : { replicas: 1 }),
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      selector: kind === 'ReplicationController' ? labels : { matchLabels: labels },
      template: podTemplate({ labels, annotations }),
    },
  }
}

function jobSpec(annotations: object = {}): object {
  const spec = { restartPolicy: 'Never', containers: [nodeContainer('0')] }
  return { backoffLimit: 0, activeDeadlineSeconds: 300, template: podTemplate({ annotations, spec }) }
}

function listOf(...items: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
}

async function rollout(namespace: string, workload: string): Promise<void> {
  await kubectl(['rollout', 'status', '--namespace', namespace, workload, '--timeout=240s'])
}
