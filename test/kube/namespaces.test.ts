import t, { type Test } from 'tap'
import { namespacesStaleMs, watchNamespaces } from '../../src/kube/namespaces.ts'
import { startFakeApiServer } from '../support/fake-api-server.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { until } from '../support/until.ts'

t.test('knows what is kept of each namespace, and nothing of others', async (t) => {
  const { api, namespaces } = await watch(t)
  t.equal(namespaces.labelsOf('shop'), undefined, 'nothing yet')
  t.notOk(namespaces.isTried())
  ;(await api.next('/api/v1/namespaces')).list('1', [
    { metadata: { name: 'shop', labels: { 'keep/a': 'b', other: 'c' }, annotations: { 'keep/d': 'e', long: 'f' } } },
    { metadata: { name: 'bare' } },
  ])
  await until('it has read the list', () => namespaces.isTried())
  t.strictSame(namespaces.labelsOf('shop'), { labels: { 'keep/a': 'b' }, annotations: { 'keep/d': 'e' } })
  t.strictSame(namespaces.labelsOf('bare'), { labels: {}, annotations: {} })
  t.equal(namespaces.labelsOf('unknown'), undefined)
  const watching = await api.next()
  watching.event('MODIFIED', { metadata: { name: 'shop', resourceVersion: '2', labels: { 'keep/a': 'z' } } })
  watching.event('DELETED', { metadata: { name: 'bare', resourceVersion: '3' } })
  await until('bare is gone', () => namespaces.labelsOf('bare') === undefined)
  t.strictSame(namespaces.labelsOf('shop'), { labels: { 'keep/a': 'z' }, annotations: {} })
})

t.test('what is old is not known, until the API server is heard again', async (t) => {
  const { api, clock, namespaces, told } = await watch(t)
  ;(await api.next()).list('1', [{ metadata: { name: 'shop', labels: { 'keep/a': 'b' } } }])
  const watching = await api.next()
  watching.response.destroy()
  await until('it is told', () => told.length === 1)
  t.match(told, [/^lost: /])
  clock.sleep(namespacesStaleMs)
  t.ok(namespaces.labelsOf('shop'), 'that is still good')
  clock.sleep(1)
  t.equal(namespaces.labelsOf('shop'), undefined)
  t.equal(namespaces.staleMs(), namespacesStaleMs + 1)
  clock.advance(0)
  ;(await api.next()).open()
  await until('it is heard', () => namespaces.labelsOf('shop'))
  clock.advance(10_000)
  t.strictSame(told.slice(1), ['back'])
})

t.test('an API server that refuses: tried, and nothing is known', async (t) => {
  const { api, namespaces, told } = await watch(t)
  ;(await api.next()).json({ message: 'namespaces is forbidden' }, 403)
  await until('it has been tried', () => namespaces.isTried())
  t.equal(namespaces.labelsOf('shop'), undefined)
  t.strictSame(told, ['lost: the API server answered 403: namespaces is forbidden'])
})

async function watch(t: Test) {
  const api = await startFakeApiServer(t)
  const clock = new FakeClock()
  const told: string[] = []
  const namespaces = watchNamespaces(
    { config: api.config, isKept: (key) => key.startsWith('keep/'), clock },
    { lost: (error) => told.push(`lost: ${error instanceof Error ? error.message : ''}`), back: () => told.push('back') },
  )
  t.teardown(() => namespaces.stop())
  return { api, clock, namespaces, told }
}
