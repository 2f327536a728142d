import t, { type Test } from 'tap'
import { type DaemonSetFacts, watchHangingPods, watchLockDaemonSet } from '../../src/kube/lock-health.ts'
import { startFakeApiServer } from '../support/fake-api-server.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { until } from '../support/until.ts'

const mark = 'usher.dev/status'
const image = 'registry.example.test/usher-wait:1'
const startedAt = '2026-03-01T12:00:00Z'
const listener = { lost() {}, back() {} }

t.test('tells how many locks are ready, of the one DaemonSet', async (t) => {
  const api = await startFakeApiServer(t)
  const told: (DaemonSetFacts | undefined)[] = []
  const options = { config: api.config, namespace: 'usher-system', name: 'usher-lock', clock: new FakeClock() }
  const watch = watchLockDaemonSet(options, (facts) => told.push(facts), listener)
  t.teardown(() => watch.stop())
  const request = await api.next()
  t.equal(request.path, '/apis/apps/v1/namespaces/usher-system/daemonsets')
  t.equal(request.query['fieldSelector'], 'metadata.name=usher-lock')
  t.strictSame(told, [], 'nothing before the first answer')
  request.list('1', [])
  await until('it is told', () => told.length === 1)
  const watching = await api.next()
  watching.event('ADDED', daemonSet('2'))
  watching.event('MODIFIED', daemonSet('3', { numberReady: 0, currentNumberScheduled: 3 }))
  watching.event('MODIFIED', daemonSet('4', { numberReady: 2 }))
  watching.event('DELETED', daemonSet('5', { numberReady: 2 }))
  await until('all is told', () => told.length === 4)
  t.strictSame(told, [undefined, { uid: 'u', ready: 0 }, { uid: 'u', ready: 2 }, undefined])
})

const hangs = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'CreateContainerConfigError', 'CreateContainerError', 'RunContainerError', 'CrashLoopBackOff']

t.test('tells of pods that hang on our init container, for each reason', async (t) => {
  const { told, list } = await watchPods(t)
  await list(hangs.map((reason) => pod(reason.toLowerCase(), waiting(reason))))
  t.strictSame(told, hangs.map((reason) => `a/${reason.toLowerCase()} hangs: ${reason}`))
})

t.test('tells nothing of other pods', async (t) => {
  const { told, list } = await watchPods(t)
  await list([
    pod('initializing', waiting('PodInitializing')),
    pod('creating', waiting('ContainerCreating')),
    pod('running', { running: { startedAt: 'now' } }),
    pod('done', { terminated: { exitCode: 0, reason: 'Completed' } }),
    pod('no-status', undefined),
    pod('of-another-init-container', { running: {} }, { other: waiting('ErrImagePull') }),
    pod('without-our-mark', waiting('ErrImagePull'), { annotations: {} }),
    pod('on-its-way-out', waiting('ErrImagePull'), { deletionTimestamp: 'now' }),
    { metadata: { name: 'no-status-at-all', namespace: 'a', annotations: { [mark]: '{}' } } },
    { metadata: { name: 'odd', namespace: 'a', annotations: { [mark]: '{}' } }, status: { initContainerStatuses: 'none' } },
  ])
  t.strictSame(told, [])
})

t.test('a pod hangs on between two attempts, until it goes on or is gone', async (t) => {
  const { told, list } = await watchPods(t)
  const watching = await list([pod('one', waiting('ErrImagePull')), pod('two', waiting('ErrImagePull')), pod('three', waiting('ErrImagePull'))])
  told.length = 0
  watching.event('MODIFIED', pod('one', waiting('PodInitializing'), { resourceVersion: '2' }))
  watching.event('MODIFIED', pod('one', { terminated: { exitCode: 127, reason: 'StartError' } }, { resourceVersion: '3' }))
  watching.event('MODIFIED', pod('one', waiting('ImagePullBackOff'), { resourceVersion: '4' }))
  watching.event('MODIFIED', pod('one', { running: {} }, { resourceVersion: '5' }))
  watching.event('DELETED', pod('two', waiting('ErrImagePull'), { resourceVersion: '6' }))
  watching.event('MODIFIED', pod('three', waiting('ErrImagePull'), { deletionTimestamp: 'now', resourceVersion: '7' }))
  await until('all is told', () => told.length === 4)
  t.strictSame(told, ['a/one hangs: ImagePullBackOff', 'a/one is free', 'a/two is free', 'a/three is free'])
})

t.test('pods with another image tell nothing about the one that pods get now, unless they are newer than the webhook', async (t) => {
  const { told, list } = await watchPods(t)
  const other = 'registry.example.test/usher-weight:1'
  await list([
    pod('of-an-image-that-was-mended', waiting('ImagePullBackOff'), { image: other }),
    pod('of-this-image', waiting('ImagePullBackOff')),
    pod('of-a-mirror', waiting('ImagePullBackOff'), { image: other, creationTimestamp: startedAt }),
  ])
  t.strictSame(told, ['a/of-this-image hangs: ImagePullBackOff', 'a/of-a-mirror hangs: ImagePullBackOff'])
})

async function watchPods(t: Test) {
  const api = await startFakeApiServer(t)
  const told: string[] = []
  const watch = watchHangingPods(
    { config: api.config, image, since: Date.parse(startedAt), clock: new FakeClock() },
    { hanging: (name, reason) => told.push(`${name} hangs: ${reason}`), freed: (name) => told.push(`${name} is free`) },
    listener,
  )
  t.teardown(() => watch.stop())
  return {
    told,
    async list(pods: readonly unknown[]) {
      const request = await api.next('/api/v1/pods')
      t.equal(request.query['fieldSelector'], 'status.phase=Pending')
      request.list('1', pods)
      const watching = await api.next()
      t.equal(watching.query['watch'], 'true')
      return watching
    },
  }
}

function waiting(reason: string): object {
  return { waiting: { reason, message: 'Back-off' } }
}

function pod(name: string, state: object | undefined, more: { other?: object; image?: string } & Record<string, unknown> = {}): object {
  const { other, image: ofPod = image, ...metadata } = more
  return {
    metadata: { name, namespace: 'a', uid: name, annotations: { [mark]: '{}' }, creationTimestamp: '2026-03-01T11:00:00Z', ...metadata },
    spec: { initContainers: [{ name: 'other', image: 'registry.example.test/other:1' }, { name: 'usher-lock', image: ofPod }] },
    status: {
      phase: 'Pending',
      initContainerStatuses: [
        ...(other === undefined ? [] : [{ name: 'other', state: other }]),
        ...(state === undefined ? [] : [{ name: 'usher-lock', state }]),
      ],
    },
  }
}

function daemonSet(resourceVersion: string, status: object = {}): object {
  return { metadata: { name: 'usher-lock', namespace: 'usher-system', uid: 'u', resourceVersion }, status }
}
