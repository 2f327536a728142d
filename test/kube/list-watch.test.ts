import t, { type Test } from 'tap'
import { type ListWatch, type ListWatchOptions, startListWatch } from '../../src/kube/list-watch.ts'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { type FakeApiServer, startFakeApiServer, statusOf } from '../support/fake-api-server.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { until } from '../support/until.ts'

const path = '/api/v1/things'

t.test('lists page by page, and watches from the resourceVersion of the list', async (t) => {
  const { api, told, watch } = await listWatch(t, { labelSelector: 'a=b', fieldSelector: 'metadata.name=c', pageSize: 2 })
  const first = await api.next()
  t.equal(first.path, path)
  t.strictSame(first.query, { labelSelector: 'a=b', fieldSelector: 'metadata.name=c', limit: '2' })
  first.list('7', [thing('one', 1), thing('two', 2)], 'more')
  const second = await api.next()
  t.strictSame(second.query, { ...first.query, continue: 'more' })
  t.notOk(watch.synced)
  second.list('7', [thing('three', 3)])
  const watching = await api.next()
  t.strictSame(watching.query, {
    labelSelector: 'a=b', fieldSelector: 'metadata.name=c',
    watch: 'true', allowWatchBookmarks: 'true', resourceVersion: '7', timeoutSeconds: '450',
  })
  t.strictSame(told, ['+one=1', '+two=2', '+three=3', 'synced'])
  t.ok(watch.synced)
  t.equal(watch.size, 3)
  t.equal(watch.get('two'), 2)
  t.equal(watch.get('four'), undefined)
})

t.test('tells what the watch brings: added, changed, gone', async (t) => {
  const { api, told, watch } = await listWatch(t)
  ;(await api.next()).list('1', [thing('one', 1)])
  const watching = await api.next()
  watching.event('ADDED', thing('two', 2, '2'))
  watching.event('MODIFIED', thing('one', 10, '3'))
  watching.event('MODIFIED', thing('one', 10, '4'))
  watching.event('DELETED', thing('two', 2, '5'))
  watching.event('FUTURE', thing('two', 2, '5'))
  watching.event('ADDED', { metadata: { name: 'in', namespace: 'space', resourceVersion: '6' }, value: 5 })
  watching.event('ADDED', thing('two', 3, '7'))
  await until('all is told', () => watch.get('two') === 3)
  t.strictSame(told, ['+one=1', 'synced', '+two=2', 'one: 1→10', '-two=2', '+space/in=5', '+two=3'], 'what is the same is no news')
})

t.test('an object that is not picked is as if it were not there', async (t) => {
  const { api, told, watch } = await listWatch(t)
  ;(await api.next()).list('1', [thing('one', undefined), thing('two', 2), { metadata: {} }, 'nonsense', null])
  const watching = await api.next()
  watching.event('MODIFIED', thing('two', undefined, '2'))
  watching.event('MODIFIED', thing('one', 1, '3'))
  await until('one is there', () => watch.get('one') === 1)
  t.strictSame(told, ['+two=2', 'synced', '-two=2', '+one=1'])
  t.equal(watch.size, 1)
})

t.test('another object of the same name: the first one is gone', async (t) => {
  const { api, told, watch } = await listWatch(t)
  ;(await api.next()).list('1', [thing('one', 1, '1', 'first')])
  const watching = await api.next()
  watching.event('MODIFIED', thing('one', 1, '2', 'second'))
  watching.event('ADDED', thing('last', 1, '3'))
  await until('all is told', () => watch.get('last') === 1)
  t.strictSame(told, ['+one=1', 'synced', '-one=1', '+one=1', '+last=1'])
})

t.test('after a watch that the server ends in time, goes on at once from the last resourceVersion', async (t) => {
  const { api, clock, told } = await listWatch(t)
  ;(await api.next()).list('1', [])
  for (const [version, type] of [['5', 'BOOKMARK'], ['9', 'ADDED']] as const) {
    const watching = await api.next()
    watching.event(type, thing('one', 1, version))
    await opened(clock)
    clock.advance(40_000)
    watching.end()
    const again = await api.next()
    t.equal(again.query['resourceVersion'], version)
    again.open()
    await opened(clock)
    clock.advance(40_000)
    again.end()
  }
  t.strictSame(told, ['synced', '+one=1'], 'that is no failure')
})

t.test('a watch that closes at once: waits longer and longer, and asks for no list', async (t) => {
  const { api, clock, told } = await listWatch(t)
  ;(await api.next()).list('1', [])
  for (const waitMs of [750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500]) {
    const watching = await api.next()
    t.equal(watching.query['resourceVersion'], '1')
    watching.open()
    watching.end()
    t.equal(await nextTimer(clock, waitMs), waitMs)
    clock.advance(waitMs)
  }
  t.strictSame(told, ['synced', 'failed: /api/v1/things: the watch was closed at once'], 'told once')
  const watching = await api.next()
  watching.open()
  await opened(clock)
  clock.advance(10_000)
  t.equal(told.at(-1), 'recovered')
  watching.response.destroy()
  t.equal(await nextTimer(clock, 750), 750, 'and it begins anew')
  t.match(told.at(-1), /^failed: /)
})

t.test('HTTP errors and broken connections: waits longer and longer, and keeps what it knows', async (t) => {
  const { api, clock, told, watch } = await listWatch(t)
  ;(await api.next()).json(statusOf(403, 'things is forbidden'), 403)
  t.equal(await nextTimer(clock, 750), 750)
  t.strictSame(told, ['failed: the API server answered 403: things is forbidden'])
  clock.advance(750)
  ;(await api.next()).response.destroy()
  clock.advance(await nextTimer(clock, 1_500))
  ;(await api.next()).json({ kind: 'no list' })
  clock.advance(await nextTimer(clock, 3_000))
  ;(await api.next()).response.writeHead(200).end('<html>')
  clock.advance(await nextTimer(clock, 6_000))
  ;(await api.next()).json(statusOf(429), 429, { 'retry-after': '60' })
  t.equal(await nextTimer(clock, 60_000), 60_000, 'as long as the server wants, where that is longer')
  clock.advance(60_000)
  ;(await api.next()).list('1', [thing('one', 1)])
  ;(await api.next()).json(statusOf(500), 500)
  clock.advance(await nextTimer(clock, 22_500))
  const watching = await api.next()
  t.equal(watching.query['resourceVersion'], '1')
  watching.response.writeHead(200).end('{"type":"ADDED"}\n')
  clock.advance(await nextTimer(clock, 22_500))
  t.equal((await api.next()).query['resourceVersion'], '1')
  t.equal(watch.get('one'), 1)
  t.equal(told.filter((line) => line.startsWith('failed')).length, 1)
})

t.test('a version that the API server refuses three times, as one that was restored from a backup does: lists anew', async (t) => {
  const { api, clock } = await listWatch(t)
  ;(await api.next()).list('900', [thing('one', 1)])
  for (const pauseMs of [750, 1_500, 3_000]) {
    const watching = await api.next()
    t.equal(watching.query['resourceVersion'], '900')
    watching.json(statusOf(504, 'Too large resource version'), 504)
    clock.advance(await nextTimer(clock, pauseMs))
  }
  const again = await api.next()
  t.strictSame([again.query['watch'], again.query['resourceVersion']], [undefined, undefined])
})

for (const [title, answer] of [
  ['by its status', (r) => r.json(statusOf(410, 'too old resource version'), 410)],
  ['by an event', (r) => r.event('ERROR', statusOf(410, 'too old resource version'))],
] as const satisfies readonly (readonly [string, (request: Awaited<ReturnType<FakeApiServer['next']>>) => void])[]) {
  t.test(`a resourceVersion that is too old, ${title}: lists anew, and tells what is gone`, async (t) => {
    const { api, clock, told } = await listWatch(t)
    ;(await api.next()).list('1', [thing('one', 1), thing('two', 2)])
    answer(await api.next())
    clock.advance(await nextTimer(clock, 750))
    const again = await api.next()
    t.equal(again.query['watch'], undefined)
    t.equal(again.query['resourceVersion'], undefined)
    again.list('9', [thing('two', 3), thing('three', 4)])
    t.equal((await api.next()).query['resourceVersion'], '9')
    t.strictSame(told.filter((line) => !line.startsWith('failed')), ['+one=1', '+two=2', 'synced', 'two: 2→3', '+three=4', '-one=1', 'synced'])
  })
}

t.test('410 after an outage: lists soon, however long that was', async (t) => {
  const { api, clock, told } = await listWatch(t)
  ;(await api.next()).list('1', [])
  for (const waitMs of [750, 1_500, 3_000, 6_000, 12_000, 22_500]) {
    ;(await api.next()).response.destroy()
    clock.advance(await nextTimer(clock, waitMs))
  }
  ;(await api.next()).event('ERROR', statusOf(410))
  clock.advance(await nextTimer(clock, 750))
  const again = await api.next()
  t.equal(again.query['watch'], undefined)
  again.list('9', [])
  ;(await api.next()).event('ERROR', statusOf(410))
  t.equal(await nextTimer(clock, 1_500), 1_500, 'and in no circle, where that goes on')
  t.equal(told.filter((line) => line.startsWith('failed')).length, 1)
})

t.test('410 after a long watch is no failure: lists at once', async (t) => {
  const { api, clock, told } = await listWatch(t)
  ;(await api.next()).list('1', [])
  const watching = await api.next()
  watching.open()
  await opened(clock)
  clock.advance(20_000)
  watching.event('ERROR', statusOf(410))
  t.equal((await api.next()).query['watch'], undefined)
  t.strictSame(told, ['synced'])
})

t.test('a list whose later page is too old begins again', async (t) => {
  const { api, clock, told } = await listWatch(t)
  ;(await api.next()).list('1', [thing('one', 1)], 'more')
  ;(await api.next()).json(statusOf(410), 410)
  clock.advance(await nextTimer(clock, 750))
  const again = await api.next()
  t.equal(again.query['continue'], undefined)
  again.list('2', [])
  await api.next()
  t.strictSame(told, ['+one=1', 'failed: the API server answered 410: no', '-one=1', 'synced'])
})

t.test('lists anew now and then, while the watch is sound', async (t) => {
  const { api, clock, told } = await listWatch(t, { relistMs: 60_000 })
  ;(await api.next()).list('1', [thing('one', 1)])
  const watching = await api.next()
  watching.open()
  await opened(clock)
  clock.advance(59_999)
  t.notOk(watching.isGone())
  clock.advance(1)
  const again = await api.next()
  t.equal(again.query['watch'], undefined)
  await until('the old watch has ended', () => watching.isGone())
  again.list('2', [])
  t.equal((await api.next()).query['resourceVersion'], '2')
  t.strictSame(told, ['+one=1', 'synced', '-one=1', 'synced'])
})

t.test('a watch that falls silent is begun anew from where it was; bookmarks keep it', async (t) => {
  const { api, clock, watch, told } = await listWatch(t, { relistMs: Infinity })
  ;(await api.next()).list('1', [])
  const watching = await api.next()
  watching.open()
  await opened(clock, 2)
  for (const version of ['2', '3', '4']) {
    clock.advance(120_000)
    t.equal(watch.staleMs(), 120_000)
    watching.event('BOOKMARK', thing('', 0, version))
    await until('it is heard', () => watch.staleMs() === 0)
  }
  clock.advance(149_999)
  t.notOk(watching.isGone())
  clock.advance(1)
  const again = await api.next()
  t.equal(again.query['resourceVersion'], '4')
  t.equal(watch.staleMs(), 150_000)
  await until('the silent one was given up', () => watching.isGone())
  clock.advance(30_000)
  clock.advance(await nextTimer(clock, 750))
  t.strictSame(told, ['synced', 'failed: /api/v1/things: no answer within 30 s'], 'one that is not even answered is a failure')
  ;(await api.next()).open()
  await until('it is heard', () => watch.staleMs() === 0)
})

t.test('an event in pieces, and several in one', async (t) => {
  const { api, told, watch } = await listWatch(t)
  ;(await api.next()).list('1', [])
  const watching = await api.next()
  watching.open()
  const lines = Buffer.from(['é', 'b', 'c'].map((name) => `${JSON.stringify({ type: 'ADDED', object: thing(name, 1) })}\n`).join(''))
  for (const [at] of lines.entries()) {
    if (at > 90) break
    watching.response.write(lines.subarray(at, at + 1))
  }
  watching.response.write(lines.subarray(91))
  await until('all are there', () => watch.size === 3)
  t.strictSame(told, ['synced', '+é=1', '+b=1', '+c=1'])
})

t.test('stopped: ends its requests and timers, and tells nothing more', async (t) => {
  const { api, clock, told, watch } = await listWatch(t)
  const listing = await api.next()
  watch.stop()
  await until('the list was given up', () => listing.isGone())
  t.equal(clock.pending, 0)
  t.strictSame(told, [])

  const second = await listWatch(t)
  ;(await second.api.next()).list('1', [])
  const watching = await second.api.next()
  watching.open()
  await opened(second.clock)
  second.watch.stop()
  await until('the watch was given up', () => watching.isGone())
  await until('no timer is left', () => second.clock.pending === 0)
  t.strictSame(second.told, ['synced'])
  t.equal(second.api.waiting, 0)

  const third = await listWatch(t)
  ;(await third.api.next()).response.destroy()
  await nextTimer(third.clock, 750)
  third.watch.stop()
  t.equal(third.clock.pending, 0)
})

t.test('told to list anew: ends its watch, lists at once, and watches from there', async (t) => {
  const { api, clock, told, watch } = await listWatch(t)
  ;(await api.next()).list('1', [thing('one', 1), thing('two', 2)])
  for (const version of ['5', '6']) {
    const watching = await api.next()
    watching.open()
    await opened(clock)
    watch.relist()
    const again = await api.next()
    t.strictSame([again.query['watch'], again.query['resourceVersion']], [undefined, undefined])
    await until('the old watch has ended', () => watching.isGone())
    again.list(version, [thing('two', 3)])
  }
  t.equal((await api.next()).query['resourceVersion'], '6')
  t.strictSame(told, ['+one=1', '+two=2', 'synced', 'two: 2→3', '-one=1', 'synced', 'synced'], 'that is no failure')
})

t.test('told to list anew while its watch is not answered yet', async (t) => {
  const { api, told, watch } = await listWatch(t)
  ;(await api.next()).list('1', [])
  const watching = await api.next()
  watch.relist()
  ;(await api.next()).list('2', [])
  await until('the old watch has ended', () => watching.isGone())
  t.equal((await api.next()).query['resourceVersion'], '2')
  t.strictSame(told, ['synced', 'synced'])
})

t.test('told to list anew while it lists, pauses or has been stopped: does nothing', async (t) => {
  const { api, clock, told, watch } = await listWatch(t)
  const listing = await api.next()
  watch.relist()
  listing.list('1', [thing('one', 1)], 'more')
  const more = await api.next()
  watch.relist()
  t.equal(more.query['continue'], 'more')
  t.notOk(more.isGone())
  more.list('1', [])
  ;(await api.next()).json(statusOf(500), 500)
  await nextTimer(clock, 750)
  watch.relist()
  t.equal(await nextTimer(clock, 750), 750, 'it waits still')
  clock.advance(750)
  const watching = await api.next()
  t.equal(watching.query['resourceVersion'], '1', 'and goes on from where it was')
  watching.open()
  await opened(clock)
  watch.stop()
  watch.relist()
  await until('the watch was given up', () => watching.isGone())
  t.equal(api.waiting, 0)
  t.strictSame(told, ['+one=1', 'synced', 'failed: the API server answered 500: no'])
})

t.test('a list that was told for and fails is a failure like any other', async (t) => {
  const { api, clock, told, watch } = await listWatch(t)
  ;(await api.next()).list('1', [thing('one', 1)])
  const watching = await api.next()
  watching.open()
  await opened(clock)
  watch.relist()
  ;(await api.next()).json(statusOf(503), 503)
  await nextTimer(clock, 750)
  t.strictSame(told, ['+one=1', 'synced', 'failed: the API server answered 503: no'])
  t.equal(watch.get('one'), 1, 'what was known stays')
  clock.advance(750)
  t.equal((await api.next()).query['watch'], undefined, 'it lists still')
})

interface Setting {
  readonly api: FakeApiServer
  readonly clock: FakeClock
  readonly watch: ListWatch<number>
  /** What was told, in its order. */
  readonly told: string[]
}

async function listWatch(t: Test, options: Partial<ListWatchOptions<number>> = {}): Promise<Setting> {
  const api = await startFakeApiServer(t)
  const clock = new FakeClock()
  const told: string[] = []
  const watch = startListWatch<number>(
    { config: api.config, path, pick: ({ value }) => (typeof value === 'number' ? value : undefined), clock, random: () => 0.5, ...options },
    {
      added: (key, value) => told.push(`+${key}=${value}`),
      changed: (key, value, before) => told.push(`${key}: ${before}→${value}`),
      gone: (key, before) => told.push(`-${key}=${before}`),
      synced: () => told.push('synced'),
      failed: (error) => told.push(`failed: ${error instanceof Error ? error.message : String(error)}`),
      recovered: () => told.push('recovered'),
    },
  )
  t.teardown(() => watch.stop())
  return { api, clock, watch, told }
}

function thing(name: string, value: number | undefined, resourceVersion = '1', uid = name): JsonObject {
  const object: unknown = JSON.parse(JSON.stringify({ metadata: { name, uid, resourceVersion }, value }))
  return isObject(object) ? object : {}
}

/** A watch that is open has timers for its silence, its health and the next list, where there is to be one. */
async function opened(clock: FakeClock, timers = 3): Promise<void> {
  await until('the watch is open', () => clock.pending === timers)
}

/** How long the only timer that is left has to go; waits until there is one of this length. */
async function nextTimer(clock: FakeClock, ms: number): Promise<number> {
  await until(`a timer of ${ms} ms`, () => clock.pending === 1 && clock.nextAt === clock.now() + ms)
  return ms
}
