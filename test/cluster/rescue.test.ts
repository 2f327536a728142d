import t from 'tap'
import manifest from '../../package.json' with { type: 'json' }
import { dryRun, lockIsInjected, lockIsLeftOut } from './support/breaker.ts'
import { tag, untag } from './support/node-images.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { apply, kubectl, list, makeNamespace, read, setValues, startUsher, systemNamespace } from './support/usher.ts'
import { usher } from './support/usher-cli.ts'
import { hasGotTheLock, hasLock, type Pod, podTemplate, readyPod } from './support/workloads.ts'
import { waitUntil } from './wait.ts'

await startUsher(t)
showLogsOfFailure(t)
t.teardown(() => setValues([]))

// Nobody listens there, so that a pull fails at once.
const repository = '127.0.0.1:1/usher-wait'
const image = `${repository}:${manifest.version}`
const loaded = `docker.io/library/usher-wait:${manifest.version}`
await tag(loaded, image)
await setValues([`waitImage.repository=${repository}`])

const short = { 'usher.dev/lock-lease': '1s', 'usher.dev/nap': '1s' }

t.test('a bare pod whose image does not exist is freed by the one that the lock holds on its node', async (t) => {
  const namespace = 'rescue-bare'
  await makeNamespace(t, namespace, undefined, short)
  await lockIsInjected(namespace)
  const admitted = await dryRun(namespace)
  const initContainers = admitted.spec.initContainers?.map((each) => (each.name === 'usher-lock' ? { ...each, image: '127.0.0.1:1/missing:1' } : each))
  await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'tool', namespace, annotations: admitted.metadata.annotations }, spec: { ...admitted.spec, initContainers } })
  await hangs(namespace, 'tool')

  const { code, stdout, stderr } = await usher(['rescue', `${namespace}/tool`, '--after', '1s', '--yes'])
  t.equal(code, 0, stdout + stderr)
  t.match(stdout, `image ${image}, which runs on its node`)
  t.match(stdout, /^rescue-bare\/tool +freed +(?:runs|is past) usher-lock$/m)
  const pod = await readyPod(namespace, 'tool')
  t.equal(pod.spec.initContainers?.[0]?.image, image)
  await hasGotTheLock(t, pod)
})

t.test("the pods of a Deployment are freed by deletion: their successors start without the lock, as the webhook's breaker has opened", async (t) => {
  const namespace = 'rescue-deployment'
  await makeNamespace(t, namespace, undefined, short)
  await lockIsInjected(namespace)
  await untag(image)
  const putBack = () => tag(loaded, image)
  t.teardown(putBack)
  const labels = { app: 'web' }
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace }, spec: { replicas: 2, selector: { matchLabels: labels }, template: podTemplate({ labels }) } }
  await apply(deployment, { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'web', namespace }, spec: { minAvailable: 2, selector: { matchLabels: labels } } })
  await waitUntil('there are two', async () => (await podsOf(namespace)).length === 2)
  for (const { metadata } of await podsOf(namespace)) await hangs(namespace, metadata.name)
  await lockIsLeftOut(namespace)

  const dry = await usher(['rescue', '--of', namespace, '--dry-run=server'])
  t.equal(dry.code, 0, dry.stdout + dry.stderr)
  t.match(dry.stdout, '2 of 2 pods would be freed')
  const { code, stdout, stderr } = await usher(['rescue', '--of', namespace, '--yes'])
  t.equal(code, 0, stdout + stderr)
  t.match(stdout, /^rescue-deployment\/web-\S+ .* delete; ReplicaSet\/web-\w+ makes it anew, without the lock$/m)
  t.match(stdout, '2 of 2 pods freed')
  await kubectl(['rollout', 'status', 'deployment/web', '--namespace', namespace, '--timeout=120s'])
  await waitUntil('those of before are gone', async () => (await podsOf(namespace)).length === 2)
  for (const pod of await podsOf(namespace)) t.notOk(hasLock(pod))
  t.match(await usher(['rescue']), { code: 0, stdout: 'no pod hangs on usher-lock\n' })
  await putBack()
  await lockIsInjected(namespace)
})

t.test('without anything of usher in the cluster, pods that hang are freed all the same', async (t) => {
  const namespace = 'rescue-without-usher'
  await makeNamespace(t, namespace, undefined, short)
  await lockIsInjected(namespace)
  const admitted = await dryRun(namespace)
  t.teardown(() => setValues([`waitImage.repository=${repository}`]))
  await kubectl(['delete', 'daemonset,deployment', '--all', '--namespace', systemNamespace, '--cascade=foreground'])
  await kubectl(['delete', 'mutatingwebhookconfiguration', 'usher'])
  const initContainers = admitted.spec.initContainers?.map((each) => (each.name === 'usher-lock' ? { ...each, image: '127.0.0.1:1/missing:1' } : each))
  await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'tool', namespace, annotations: admitted.metadata.annotations }, spec: { ...admitted.spec, initContainers } })
  await hangs(namespace, 'tool')
  const left = await usher(['rescue', '--of', namespace, '--after', '1s', '--yes'])
  t.equal(left.code, 1)
  t.match(left.stdout, /no controller would make it anew, and no other image of usher-wait runs on node-1/)
  const { code, stdout, stderr } = await usher(['rescue', '--of', namespace, '--after', '1s', '--yes', '--image', image])
  t.equal(code, 0, stdout + stderr)
  // It waits for a lock that is not there, for 15 s, and starts.
  await readyPod(namespace, 'tool')
})

/** Waits until the kubelet says that the image cannot be pulled. */
async function hangs(namespace: string, name: string): Promise<void> {
  await waitUntil(`${name} hangs`, async () => {
    const { status } = await read<Pod>('get', 'pod', name, '--namespace', namespace)
    return /Image/.test(status.initContainerStatuses?.find((each) => each.name === 'usher-lock')?.state.waiting?.reason ?? '')
  })
}

function podsOf(namespace: string): Promise<readonly Pod[]> {
  return list<Pod>('get', 'pods', '--namespace', namespace, '--selector', 'app=web')
}
