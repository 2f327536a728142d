import t, { type Test } from 'tap'
import { watchNodePods } from '../../src/kube/node-pods.ts'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { startFakeApiServer, statusOf } from '../support/fake-api-server.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { podJson, podStatus } from '../support/pod-json.ts'
import { shown } from '../support/pod-reader.ts'
import { until } from '../support/until.ts'

const silenceMs = 10_000

t.test('lists the pods of its node out of the memory of the API server, which has an index of them, and tells of each', async (t) => {
  const { api, told } = await watch(t)
  const first = await api.next('/api/v1/pods')
  t.strictSame(first.query, { fieldSelector: 'spec.nodeName=n1', resourceVersion: '0' })
  first.list('1', [podJson('a'), podJson('b'), { metadata: { name: 'none' } }])
  const watching = await api.next('/api/v1/pods')
  t.match(watching.query, { fieldSelector: 'spec.nodeName=n1', watch: 'true', resourceVersion: '1' })
  t.strictSame(told, ['a Pending', 'b Pending', 'synced'])
})

t.test('tells of a pod that is new, that is not what it was, and that is gone', async (t) => {
  const { api, told } = await watch(t)
  ;(await api.next()).list('1', [podJson('a')])
  const watching = await api.next()
  watching.event('MODIFIED', podJson('a', { metadata: { annotations: { some: 'thing' }, resourceVersion: '2' } }))
  watching.event('MODIFIED', podJson('a', { status: podStatus.up('1') }))
  watching.event('ADDED', podJson('b'))
  watching.event('DELETED', podJson('a', { status: podStatus.up('1') }))
  await until('all is told', () => told.length >= 5)
  t.strictSame(told, ['a Pending', 'synced', 'a Running', 'b Pending', 'a Running is gone'], 'what is not kept is no news')
})

t.test('a pod of the same name and another uid: the first one is gone', async (t) => {
  const { api, told } = await watch(t)
  ;(await api.next()).list('1', [podJson('db-0')])
  const watching = await api.next()
  watching.event('ADDED', podJson('db-0', { metadata: { uid: 'uid-second' } }))
  await until('it is told', () => told.length === 4)
  t.strictSame(told, ['db-0 Pending', 'synced', 'db-0 Pending is gone', 'db-0 Pending'])
})

t.test('after the API server was away: what happened meanwhile', async (t) => {
  const { api, clock, told, pods } = await watch(t)
  ;(await api.next()).list('1', [podJson('a'), podJson('b'), podJson('c')])
  const watching = await api.next()
  watching.open()
  await until('it watches', () => clock.pending === 3)
  watching.response.destroy()
  await until('that is told', () => told.length === 5)
  t.match(told.at(-1), /^lost: /)
  await nextAttempt(clock)
  ;(await api.next()).json(statusOf(410, 'too old resource version'), 410)
  await nextAttempt(clock)
  const again = await api.next()
  t.equal(again.query['watch'], undefined)
  again.list('9', [podJson('a', { status: podStatus.up('1') }), podJson('b')])
  const next = await api.next()
  next.open()
  await until('it is heard', () => pods.staleMs() === 0)
  await until('it watches', () => clock.pending === 3)
  clock.advance(10_000)
  t.strictSame(told.slice(5), ['a Running', 'c Pending is gone', 'synced', 'back'])
})

t.test('lists anew where nothing was heard for as long, and else leaves the watch as it is', async (t) => {
  const { api, clock, told, pods } = await watch(t)
  t.equal(pods.staleMs(), 0)
  clock.sleep(3_000)
  t.equal(pods.staleMs(), 3_000, 'since the start')
  ;(await api.next()).list('1', [podJson('a')])
  const watching = await api.next()
  watching.open()
  await until('it is open', () => clock.pending === 3)
  clock.advance(silenceMs - 1)
  pods.refresh(silenceMs)
  watching.event('MODIFIED', podJson('a', { status: podStatus.waiting('1') }))
  await until('it is heard', () => pods.staleMs() === 0)
  clock.advance(silenceMs - 1)
  pods.refresh(silenceMs)
  t.equal(api.waiting, 0)
  t.notOk(watching.isGone())
  clock.advance(1)
  pods.refresh(silenceMs)
  pods.refresh(silenceMs)
  const again = await api.next()
  t.strictSame(again.query, { fieldSelector: 'spec.nodeName=n1', resourceVersion: '1', resourceVersionMatch: 'NotOlderThan' })
  await until('the silent watch was given up', () => watching.isGone())
  again.list('2', [podJson('a', { status: podStatus.up('1') })])
  await api.next()
  t.strictSame(told, ['a Pending', 'synced', 'a Running', 'synced'], 'what the watch did not say; the phase is all that is kept here')
})

t.test('stopped, it tells nothing more', async (t) => {
  const { api, clock, told, pods } = await watch(t)
  ;(await api.next()).list('1', [])
  const watching = await api.next()
  watching.open()
  await until('it is open', () => clock.pending === 3)
  pods.stop()
  pods.refresh(0)
  await until('the watch was given up', () => watching.isGone())
  await until('no timer is left', () => clock.pending === 0)
  t.strictSame([told, api.waiting], [['synced'], 0])
})

async function watch(t: Test) {
  const api = await startFakeApiServer(t)
  const clock = new FakeClock()
  const told: string[] = []
  const pods = watchNodePods<string>(
    { config: api.config, node: 'n1', pick: lineOf, clock },
    {
      put: (line) => told.push(line),
      removed: (line) => told.push(`${line} is gone`),
      synced: () => told.push('synced'),
      lost: (error) => told.push(`lost: ${error instanceof Error ? error.message : ''}`),
      back: () => told.push('back'),
    },
  )
  t.teardown(() => pods.stop())
  return { api, clock, told, pods }
}

/** Lets the pause after a failure pass, which is all that is awaited then. */
async function nextAttempt(clock: FakeClock): Promise<void> {
  const at = await until('it pauses', () => clock.pending === 1 && clock.nextAt)
  clock.advance(at - clock.now())
}

/** The name and the phase of a pod. */
function lineOf({ metadata, spec, status }: JsonObject): string | undefined {
  if (!isObject(metadata) || !isObject(spec) || !isObject(status)) return undefined
  return `${shown(metadata['name'])} ${shown(status['phase'])}`
}
