import t from 'tap'
import { nodeSourceOf } from '../../src/kube/daemon-sets.ts'
import { atAddress } from '../../src/kube/cluster.ts'
import { startFakeApiServer, statusOf } from '../support/fake-api-server.ts'

const { signal } = new AbortController()

t.test('asks for the Node and all DaemonSets, out of the API server’s memory', async (t) => {
  const api = await startFakeApiServer(t)
  const asked = nodeSourceOf({ config: api.config, node: 'n1', namespace: undefined }).look(signal)
  const node = await api.next('/api/v1/nodes/n1')
  const list = await api.next('/apis/apps/v1/daemonsets')
  t.strictSame([node.query, list.query], [{ resourceVersion: '0' }, { resourceVersion: '0' }])
  node.json({ kind: 'Node', metadata: { name: 'n1' } })
  list.list('7', [{ metadata: { name: 'cni' } }, 'no object'])
  t.strictSame(await asked, { kind: 'told', value: { node: { kind: 'Node', metadata: { name: 'n1' } }, daemonSets: [{ metadata: { name: 'cni' } }] } })
})

t.test('asks for those of a namespace', async (t) => {
  const api = await startFakeApiServer(t)
  void nodeSourceOf({ config: atAddress(api.url), node: 'n1', namespace: 'kube-system' }).look(signal)
  await api.next('/apis/apps/v1/namespaces/kube-system/daemonsets')
})

t.test('asks for the pods of the node', async (t) => {
  const api = await startFakeApiServer(t)
  const asked = nodeSourceOf({ config: api.config, node: 'n1', namespace: 'kube-system' }).pods(signal)
  const list = await api.next('/api/v1/pods')
  t.strictSame(list.query, { resourceVersion: '0', fieldSelector: 'spec.nodeName=n1' })
  list.list('7', [{ metadata: { name: 'cni-1' } }])
  t.strictSame(await asked, { kind: 'told', value: [{ metadata: { name: 'cni-1' } }] })
})

for (const [what, status, kind] of [
  ['who we are is not known', 401, 'denied'],
  ['we have no right', 403, 'denied'],
  ['it is overloaded', 429, 'failed'],
  ['it is broken', 500, 'failed'],
] as const) {
  t.test(`${what} (${status}): ${kind}`, async (t) => {
    const api = await startFakeApiServer(t)
    const asked = nodeSourceOf({ config: api.config, node: 'n1', namespace: undefined }).look(signal)
    ;(await api.next('/api/v1/nodes/n1')).json(statusOf(status, 'so it is'), status)
    t.match(await asked, { kind, error: { message: /so it is/ } })
  })
}

t.test('there is no such node (404): that is said, and not that the server is not heard', async (t) => {
  const api = await startFakeApiServer(t)
  const asked = nodeSourceOf({ config: api.config, node: 'n1', namespace: undefined }).look(signal)
  ;(await api.next('/apis/apps/v1/daemonsets')).list('7', [])
  ;(await api.next('/api/v1/nodes/n1')).json(statusOf(404, 'nodes "n1" not found'), 404)
  t.match(await asked, { kind: 'missing', error: { message: 'there is no node "n1" in this cluster' } })
  const other = nodeSourceOf({ config: api.config, node: 'n1', namespace: undefined }).look(signal)
  ;(await api.next('/api/v1/nodes/n1')).json({ kind: 'Node', metadata: { name: 'n1' } })
  ;(await api.next('/apis/apps/v1/daemonsets')).json(statusOf(404, 'the server could not find the requested resource'), 404)
  t.match(await other, { kind: 'failed' }, 'it is of the node alone')
})

t.test('an answer that is no list, and a server that is away: failed', async (t) => {
  const api = await startFakeApiServer(t)
  const source = nodeSourceOf({ config: api.config, node: 'n1', namespace: undefined })
  const asked = source.pods(signal)
  ;(await api.next('/api/v1/pods')).json({ kind: 'PodList' })
  t.match(await asked, { kind: 'failed', error: { message: /not a list/ } })
  api.stop()
  t.match(await source.pods(signal), { kind: 'failed' })
})
