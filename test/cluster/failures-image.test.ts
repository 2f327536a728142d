import t from 'tap'
import manifest from '../../package.json' with { type: 'json' }
import { until } from '../support/until.ts'
import { theCluster } from './cluster-file.ts'
import { nodeImage } from './images/node.ts'
import { restartApiServer } from './support/api-server.ts'
import { lockIsInjected, lockIsLeftOut } from './support/breaker.ts'
import { secondsSince } from './support/delays.ts'
import { puller, push, registryOn } from './support/registry.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { apply, kubectl, makeNamespace, read, setValues, startUsher, systemNamespace } from './support/usher.ts'
import { barePod, hasGotTheLock, hasLock, nodeContainer, type Pod, readyPod, startPods } from './support/workloads.ts'

await startUsher(t)
showLogsOfFailure(t)

const short = { 'usher.dev/lock-lease': '1s', 'usher.dev/nap': '1s' }
const { version } = manifest
const [node] = theCluster().machines
if (node === undefined) throw new Error('there is no node')

// The applications' own, usher's, and one that asks who pulls. All have the same images.
const theirs = registryOn(node, 5001, { isPrivate: false })
const ours = registryOn(node, 5002, { isPrivate: false })
const secretive = registryOn(node, 5003, { isPrivate: true })
for (const registry of [theirs, ours, secretive]) {
  await registry.start()
  t.teardown(() => registry.stop())
}
await push(node, `docker.io/library/usher:${version}`, theirs, `usher:${version}`)
await push(node, `docker.io/library/usher-wait:${version}`, theirs, `usher-wait:${version}`)
await push(node, nodeImage, theirs, 'node:1')

// What a kubelet has pulled once it takes under that name alone, whatever else the same image is called on the node.
const app = { spec: { containers: [nodeContainer(undefined, { image: `${theirs.host}/node:1`, imagePullPolicy: 'IfNotPresent' })] } }

t.test('with AlwaysPullImages, each pod pulls the image of its init container, too', async (t) => {
  const namespace = 'always'
  await setValues([`image.repository=${theirs.host}/usher`, `waitImage.repository=${ours.host}/usher-wait`])
  await restartApiServer(['AlwaysPullImages'])
  t.teardown(() => restartApiServer())
  await makeNamespace(t, namespace, undefined, short)
  await lockIsInjected(namespace)

  await t.test('it is there: the pod has its turn', async (t) => {
    const { web } = await startPods(namespace, { web: app })
    await hasGotTheLock(t, web)
    t.match(web.spec.initContainers, [{ name: 'usher-lock', imagePullPolicy: 'Always' }])
  })

  await t.test('its registry is gone: one hangs, new ones start without the lock, and when it is back all is as before', async (t) => {
    await ours.stop()
    const began = performance.now()
    await apply(barePod(namespace, 'hanging', app))
    await lockIsLeftOut(namespace)
    t.comment(`left out after ${secondsSince(began)} s`)
    const { later } = await startPods(namespace, { later: app })
    t.notOk(hasLock(later))
    await ours.start()
    await hasGotTheLock(t, await readyPod(namespace, 'hanging'))
    await lockIsInjected(namespace)
    t.comment(`injected again after ${secondsSince(began)} s, as soon as the kubelet had tried it again`)
    const { last } = await startPods(namespace, { last: app })
    await hasGotTheLock(t, last)
  })
})

t.test('the registry of the init container wants a secret', async (t) => {
  const auth = Buffer.from(`${puller.name}:${puller.password}`).toString('base64')
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths: { [secretive.host]: { auth } } })).toString('base64') }
  const secret = (namespace: string): object => ({ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/dockerconfigjson', metadata: { name: 'pulls', namespace }, data })
  await apply(secret(systemNamespace))
  await setValues([`image.repository=${theirs.host}/usher`, `waitImage.repository=${secretive.host}/usher-wait`, 'imagePullSecrets[0].name=pulls'])

  await t.test('pods that have it, have their turn', async (t) => {
    await makeNamespace(t, 'secret', undefined, short)
    await apply(secret('secret'))
    await kubectl(['patch', 'serviceaccount', 'default', '--namespace', 'secret', '--patch', JSON.stringify({ imagePullSecrets: [{ name: 'pulls' }] })])
    await lockIsInjected('secret')
    const { web } = await startPods('secret', { web: app })
    await hasGotTheLock(t, web)
  })

  await t.test('pods that have it not start: by what the node has already, or, where its kubelet asks them for it, after one has hung', async (t) => {
    await makeNamespace(t, 'no-secret', undefined, short)
    await lockIsInjected('no-secret')
    const began = performance.now()
    await apply(barePod('no-secret', 'first', app))
    const outcome = await until('it starts, or hangs', async () => {
      const { status } = await read<Pod>('get', 'pod', 'first', '--namespace', 'no-secret')
      if (status.containerStatuses?.some(({ state }) => state.running !== undefined) === true) return 'starts'
      return status.initContainerStatuses?.some(({ state }) => /^(?:ErrImagePull|ImagePullBackOff)$/.test(state.waiting?.reason ?? '')) === true ? 'hangs' : undefined
    }, 120_000)
    t.comment(`without the secret it ${outcome}`)
    if (outcome === 'hangs') {
      await lockIsLeftOut('no-secret')
      t.comment(`left out after ${secondsSince(began)} s`)
      const { later } = await startPods('no-secret', { later: app })
      t.notOk(hasLock(later))
      // Nobody else can free it: the secret is its namespace's to have.
      await kubectl(['delete', 'pod', 'first', '--namespace', 'no-secret', '--wait=true', '--grace-period=1'])
    }
    await lockIsInjected('no-secret')
  })
})
