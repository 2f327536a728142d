import t, { type Test } from 'tap'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import { startListWatch } from '../../src/kube/list-watch.ts'
import { openAnswer } from '../../src/kube/request.ts'
import { readEvents } from '../../src/kube/watch-events.ts'
import { isObject } from '../../src/units/json.ts'
import { until } from '../support/until.ts'
import { startApiServer } from './api-server.ts'
import { openShell } from './shell.ts'

const path = '/api/v1/namespaces/default/configmaps'

t.test('a list and its watch, of a real API server', async (t) => {
  const { kubeconfig } = await startApiServer(t)
  const { read, run } = openShell(t, { tools: ['kubernetes'], kubeconfig })
  const config = fromKubeconfig(kubeconfig)

  await t.test('lists in pages, learns of every change, and of no other label', async (t) => {
    for (const name of ['one', 'two', 'three', 'four', 'five']) {
      await read(`kubectl create configmap ${name} --from-literal value=1`)
      await read(`kubectl label configmap ${name} kept=yes`)
    }
    await read('kubectl create configmap other --from-literal value=1')
    const { told, watch } = follow(t)
    await until('it has its list', () => watch.synced)
    t.strictSame(told, ['+five', '+four', '+one', '+three', '+two', 'synced'])
    told.length = 0
    await read('kubectl create configmap six --from-literal value=1')
    await read('kubectl label configmap six kept=yes')
    await read(`kubectl patch configmap one --patch '{"data":{"value":"2"}}'`)
    await read('kubectl delete configmap two')
    await read('kubectl label configmap three kept=no --overwrite')
    await until('all is told', () => told.length === 4)
    t.strictSame(told, ['+six', 'one="2"', '-two', '-three'], 'who loses the label is gone')
  })

  await t.test('lists anew now and then, and misses nothing between', async (t) => {
    const { told, watch } = follow(t, 300)
    await until('several lists', () => told.filter((line) => line === 'synced').length > 3)
    await read(`kubectl patch configmap one --patch '{"data":{"value":"3"}}'`)
    await until('it is told', () => told.includes('one="3"'))
    t.equal(told.filter((line) => line.startsWith('-')).length, 0)
    t.equal(watch.size, 4)
  })

  await t.test('says that a resourceVersion is too old in a way that is understood', async (t) => {
    // The server remembers all that has happened to a resource, unless that came only later.
    await read('kubectl create -f -', JSON.stringify(thingDefinition))
    await read('kubectl wait --for condition=established crd/things.usher.test')
    await until('it can be listed', async () => (await run('kubectl get things.usher.test')).code === 0)
    const query = { watch: 'true', resourceVersion: '1' }
    const { signal } = new AbortController()
    async function firstEvent(): Promise<unknown> {
      const { chunks, close } = await openAnswer(config, { path: '/apis/usher.test/v1/things', query, signal })
      try {
        return await readEvents(chunks).next()
      } finally {
        close()
      }
    }
    await t.rejects(firstEvent(), { name: 'ApiError', status: 410 })
  })

  await t.test('a watch that is stopped leaves no connection', async (t) => {
    await until('those of before are closed', () => sockets() === 0)
    const { watch } = follow(t)
    await until('it has its list', () => watch.synced)
    await until('it watches', () => sockets() > 0)
    watch.stop()
    await until('its sockets are closed', () => sockets() === 0)
  })

  function follow(t: Test, relistMs = 600_000) {
    const told: string[] = []
    const watch = startListWatch(
      { config, path, labelSelector: 'kept=yes', pageSize: 2, relistMs, pick: ({ data }) => (isObject(data) ? JSON.stringify(data['value']) : undefined) },
      {
        added: (key) => told.push(`+${key.replace('default/', '')}`),
        changed: (key, value) => told.push(`${key.replace('default/', '')}=${value}`),
        gone: (key) => told.push(`-${key.replace('default/', '')}`),
        synced: () => told.push('synced'),
        failed: (error) => t.fail('it failed', { found: error }),
      },
    )
    t.teardown(() => watch.stop())
    return { told, watch }
  }
})

const thingDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.usher.test' },
  spec: {
    group: 'usher.test',
    scope: 'Cluster',
    names: { plural: 'things', singular: 'thing', kind: 'Thing' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
}

function sockets(): number {
  return process.getActiveResourcesInfo().filter((each) => each === 'TCPSocketWrap' || each === 'TLSWrap').length
}
