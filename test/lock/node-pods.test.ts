import t from 'tap'
import { NodePods } from '../../src/lock/node-pods.ts'
import type { PodFacts } from '../../src/lock/pods.ts'
import { waitingPod } from '../support/fake-pods.ts'

function at(uid: string, address: string | undefined, facts: Partial<PodFacts> = {}): PodFacts {
  return { ...waitingPod(uid), address, ...facts }
}

/** The pods of a node that has been booted since anybody knew them, unless said otherwise; their first list has come. */
function listed(first: readonly PodFacts[], isSameBoot = false): NodePods {
  const pods = new NodePods(isSameBoot, () => 0)
  for (const pod of first) pods.put(pod)
  pods.synced()
  return pods
}

t.test('knows the pods that it was told of, as they are now', async (t) => {
  const pods = listed([at('a', undefined), at('b', undefined)])
  pods.put(at('a', undefined, { isReady: true }))
  pods.remove('b')
  t.equal(pods.find('a')?.isReady, true)
  t.equal(pods.find('b'), undefined)
  t.strictSame(Array.from(pods.all(), ({ uid }) => uid), ['a'])
})

t.test('tells what happens, in its order, until nobody wants to know', async (t) => {
  const pods = new NodePods(false, () => 0)
  const told: string[] = []
  const unwatch = pods.watch({
    changed: (pod, before) => told.push(`${pod.uid} ${before?.isReady ?? 'new'} ${pod.isReady} ${pods.find(pod.uid)?.isReady}`),
    gone: ({ uid }) => told.push(`${uid} gone ${pods.find(uid)?.uid}`),
    synced: () => told.push(`synced ${pods.health().state}`),
  })
  pods.put(at('a', undefined))
  pods.synced()
  pods.put(at('a', undefined, { isReady: true }))
  pods.remove('a')
  pods.remove('a')
  pods.synced()
  const expected = ['a new false false', 'synced connected', 'a false true true', 'a gone undefined', 'synced connected']
  t.strictSame(told, expected)
  unwatch()
  pods.put(at('b', undefined))
  pods.synced()
  t.strictSame(told, expected)
})

t.test('addresses of the first list do not count after a boot: they may be those of before it', async (t) => {
  const pods = listed([at('a', '10.1.0.5'), at('b', '10.1.0.6')])
  t.equal(pods.ownerOf('10.1.0.5'), undefined)
  pods.put(at('a', '10.1.0.5', { isReady: true }))
  t.equal(pods.ownerOf('10.1.0.5'), undefined, 'told again, it is still the old one')
  pods.put(at('b', '10.1.0.5'))
  t.equal(pods.ownerOf('10.1.0.5'), 'b', 'it was seen to get it')
  pods.put(at('a', '10.1.0.7'))
  t.equal(pods.ownerOf('10.1.0.5'), 'b', 'who had it before takes nothing with it')
  t.equal(pods.ownerOf('10.1.0.7'), 'a')
  t.equal(pods.ownerOf('10.1.0.6'), undefined)
})

t.test('addresses of the first list count where the node has not been booted since', async (t) => {
  const pods = listed([at('a', '10.1.0.5')], true)
  t.equal(pods.ownerOf('10.1.0.5'), 'a')
})

t.test('the address of a pod that is new after the first list counts', async (t) => {
  const pods = listed([at('a', '10.1.0.5')])
  pods.put(at('b', '10.1.0.5'))
  t.equal(pods.ownerOf('10.1.0.5'), 'b')
  pods.put(at('c', undefined))
  pods.put(at('c', '10.1.0.8'))
  t.equal(pods.ownerOf('10.1.0.8'), 'c')
})

t.test('a first list that begins again: an address that has changed meanwhile counts', async (t) => {
  const pods = new NodePods(false, () => 0)
  pods.put(at('a', '10.1.0.5'))
  pods.put(at('b', '10.1.0.6'))
  pods.put(at('a', '10.1.0.7'))
  pods.put(at('b', '10.1.0.6'))
  pods.synced()
  t.equal(pods.ownerOf('10.1.0.7'), 'a')
  t.equal(pods.ownerOf('10.1.0.6'), undefined)
})

t.test('who has lost its address, is over, or is gone has none', async (t) => {
  const all = ['a', 'b', 'c', 'd'] as const
  const pods = listed(all.map((uid) => at(uid, uid)), true)
  pods.put(at('a', undefined))
  pods.put(at('b', 'b', { isOver: true }))
  pods.remove('c')
  t.strictSame(all.map((uid) => pods.ownerOf(uid)), [undefined, undefined, undefined, 'd'])
})

t.test('a pod that is over, and shows the address that another one has now, takes it from nobody', async (t) => {
  for (const isSameBoot of [true, false]) {
    const finished = at('old', '10.1.0.5', { isOver: true })
    const pods = isSameBoot ? listed([at('new', '10.1.0.5'), finished], true) : listed([])
    if (!isSameBoot) for (const pod of [at('new', '10.1.0.5'), finished]) pods.put(pod)
    t.equal(pods.ownerOf('10.1.0.5'), 'new')
    pods.put({ ...finished, isReady: true })
    pods.remove('old')
    t.equal(pods.ownerOf('10.1.0.5'), 'new')
  }
})

t.test('starting, connected, lost, and connected again', async (t) => {
  let staleMs = 7
  const pods = new NodePods(false, () => staleMs)
  t.strictSame(pods.health(), { state: 'starting', known: 0, staleMs: 7 })
  pods.put(at('a', undefined))
  t.strictSame(pods.health(), { state: 'starting', known: 1, staleMs: 7 }, 'there may be others')
  pods.synced()
  staleMs = 0
  t.strictSame(pods.health(), { state: 'connected', known: 1, staleMs: 0 })
  pods.lost()
  t.equal(pods.health().state, 'lost')
  t.ok(pods.find('a'), 'what was known stays')
  pods.back()
  t.equal(pods.health().state, 'connected')
})

t.test('lost before the first list: it is starting still', async (t) => {
  const pods = new NodePods(false, () => 0)
  pods.lost()
  t.equal(pods.health().state, 'starting')
  pods.back()
  t.equal(pods.health().state, 'starting')
})

t.test('lost until it is said to be back, whatever comes before: of further failures nobody tells', async (t) => {
  const pods = new NodePods(false, () => 0)
  pods.lost()
  pods.put(at('a', undefined))
  pods.synced()
  t.equal(pods.health().state, 'lost', 'a list, and then perhaps no watch')
  pods.back()
  t.equal(pods.health().state, 'connected')
  pods.lost()
  pods.put(at('b', undefined))
  pods.remove('a')
  t.equal(pods.health().state, 'lost')
})
