import t from 'tap'
import { watchCollection, type WatchedCollection } from '../../src/kube/collections.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { startFakeApiServer, statusOf } from '../support/fake-api-server.ts'
import { until } from '../support/until.ts'

function object(name: string, version: string): JsonObject {
  return { metadata: { namespace: 'shop', name, uid: name, resourceVersion: version } }
}

function watcher() {
  const told: string[] = []
  return {
    told,
    put: (key: string) => void told.push(`put ${key}`),
    removed: (key: string) => void told.push(`removed ${key}`),
    synced: () => void told.push('synced'),
    failed: (isDenied: boolean) => void told.push(isDenied ? 'denied' : 'failed'),
    back: () => void told.push('back'),
  }
}

t.test('asks for no more than is waited for, out of the memory of the API server', async (t) => {
  const server = await startFakeApiServer(t)
  const collections: readonly (readonly [WatchedCollection, string, Readonly<Record<string, string>>])[] = [
    [{ resource: 'endpointslices', namespace: 'shop', selector: { label: 'kubernetes.io/service-name', value: 'redis' } }, '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices', { labelSelector: 'kubernetes.io/service-name=redis' }],
    [{ resource: 'deployments', namespace: 'shop', selector: { name: 'api' } }, '/apis/apps/v1/namespaces/shop/deployments', { fieldSelector: 'metadata.name=api' }],
    [{ resource: 'jobs', namespace: undefined, selector: { label: 'usher.dev/job', value: 'db' } }, '/apis/batch/v1/jobs', { labelSelector: 'usher.dev/job=db' }],
  ]
  for (const [collection, path, query] of collections) {
    const stop = watchCollection({ config: server.config, collection, pick: (each) => each }, watcher())
    const list = await server.next(path)
    t.match(list.query, { ...query, resourceVersion: '0' })
    stop()
  }
})

t.test('tells of what comes and goes, and of nothing after its end', async (t) => {
  const server = await startFakeApiServer(t)
  const told = watcher()
  const collection: WatchedCollection = { resource: 'deployments', namespace: 'shop', selector: { name: 'api' } }
  const stop = watchCollection({ config: server.config, collection, pick: (each) => each }, told)
  ;(await server.next()).list('1', [object('api', '1')])
  const watch = await server.next()
  t.match(watch.query, { watch: 'true', fieldSelector: 'metadata.name=api', resourceVersion: '1' })
  watch.event('DELETED', object('api', '2'))
  await until('that is told', () => told.told.includes('removed shop/api'))
  stop()
  await until('the connection is closed', () => watch.isGone())
  t.strictSame(told.told, ['put shop/api', 'synced', 'removed shop/api'])
})

t.test('tells what is denied from what fails', async (t) => {
  for (const [status, wanted] of [[403, 'denied'], [401, 'denied'], [500, 'failed'], [400, 'failed']] as const) {
    const server = await startFakeApiServer(t)
    const told = watcher()
    const stop = watchCollection({ config: server.config, collection: { resource: 'jobs', namespace: 'shop', selector: { name: 'db' } }, pick: (each) => each }, told)
    ;(await server.next()).json(statusOf(status), status)
    await until('that is told', () => told.told.length > 0)
    t.strictSame(told.told, [wanted])
    stop()
  }
})
