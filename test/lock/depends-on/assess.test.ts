import t from 'tap'
import { type Collection, collectionKey } from '../../../src/depends-on/collections.ts'
import { observe } from '../../../src/depends-on/observe.ts'
import { parseDependsOn } from '../../../src/depends-on/parse.ts'
import { assess, type Assessment } from '../../../src/lock/depends-on/assess.ts'
import type { CollectionView } from '../../../src/lock/depends-on/shared-watch.ts'
import { endpointSlice, workloadObject } from '../../support/fake-objects.ts'

const redis = (ready: number, state: CollectionView['state'] = 'known', blindAt?: number): CollectionView => ({
  objects: [observe('endpointslices', endpointSlice('redis-1', ready, 1))].filter((each) => each !== undefined),
  state,
  blindAt,
})
const nothing: CollectionView = { objects: [], state: 'known', blindAt: undefined }

function at(now: number, text: string, views: Readonly<Record<string, CollectionView>>): Assessment {
  const viewOf = (collection: Collection): CollectionView => views[collectionKey(collection)] ?? nothing
  return assess({ dependencies: parseDependsOn(text).dependencies, namespace: 'shop', since: 1_000 }, viewOf, now)
}

const key = 'endpointslices/shop?kubernetes.io/service-name=redis'
const short = ({ outcome, states, nextAt }: Assessment) => [outcome, ...states.map(({ state }) => state), nextAt]

t.test('who waits for something that is not healthy waits until its time is over, and not a millisecond longer', async (t) => {
  t.strictSame(short(at(1_000, 'service/redis:timeout=1s', { [key]: redis(0) })), ['wait', 'waiting', 2_000])
  t.strictSame(short(at(1_999, 'service/redis:timeout=1s', { [key]: redis(0) })), ['wait', 'waiting', 2_000])
  t.strictSame(short(at(2_000, 'service/redis:timeout=1s', { [key]: redis(0) })), ['pass', 'timed-out', Infinity])
  t.strictSame(short(at(2_000, 'service/redis:timeout=1s:on-timeout=fail', { [key]: redis(0) })), ['fail', 'timed-out', Infinity])
  t.strictSame(short(at(2_000, 'service/redis:timeout=1s:on-timeout=fail', { [key]: redis(1) })), ['pass', 'healthy', Infinity])
})

t.test('each has its own time: one that has timed out is not waited for while others are', async (t) => {
  t.strictSame(short(at(2_500, 'service/redis:timeout=1s, service/db:timeout=2s', { [key]: redis(0) })), ['wait', 'timed-out', 'waiting', 3_000])
  t.strictSame(short(at(2_500, 'service/redis:timeout=1s:on-timeout=fail, service/db:timeout=2s', { [key]: redis(0) }))[0], 'fail', 'and one that fails does so at once')
})

t.test('what is not known yet is waited for, also where it has been healthy', async (t) => {
  t.strictSame(short(at(1_000, 'service/redis', { [key]: redis(1, 'unknown', 9_000) })), ['wait', 'waiting', 9_000])
})

t.test('what the lock could not see in its time fails nobody', async (t) => {
  const fails = 'service/redis:timeout=1s:on-timeout=fail'
  t.strictSame(short(at(1_999, fails, { [key]: redis(0, 'unknown', 9_000) })), ['wait', 'waiting', 2_000])
  t.strictSame(short(at(2_000, fails, { [key]: redis(0, 'unknown', 9_000) })), ['pass', 'not-judged', Infinity])
  for (const state of ['denied', 'unheard'] as const) t.equal(at(2_000, fails, { [key]: redis(0, state) }).outcome, 'pass', state)
})

t.test('what cannot be known is not waited for, unless it was healthy when it was known last', async (t) => {
  for (const state of ['denied', 'unheard'] as const) {
    t.strictSame(short(at(1_000, 'service/redis:on-timeout=fail', { [key]: redis(0, state) })), ['pass', 'not-judged', Infinity])
    t.strictSame(short(at(1_000, 'service/redis:on-timeout=fail', { [key]: redis(1, state) })), ['pass', 'healthy', Infinity])
  }
})

t.test('a job is judged once all that it could be is known', async (t) => {
  const labelled = 'deployments/?usher.dev/job=db'
  const deployment = observe('deployments', workloadObject('db', 1, 1, { labels: { 'usher.dev/job': 'db' } }))
  const view: CollectionView = { objects: deployment === undefined ? [] : [deployment], state: 'known', blindAt: undefined }
  t.strictSame(short(at(1_000, 'job/db', { [labelled]: view })), ['pass', 'healthy', Infinity])
  t.equal(at(1_000, 'job/db', { [labelled]: view, 'jobs/shop?db': { ...nothing, state: 'unknown' } }).outcome, 'wait')
  t.equal(at(1_000, 'job/db', { [labelled]: view, 'statefulsets/?usher.dev/job=db': { ...nothing, state: 'denied' } }).outcome, 'pass', 'or cannot be')
})
