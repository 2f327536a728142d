import t from 'tap'
import Schema from 'typebox/schema'
import { keyOf } from '../../src/lock/queue/queue.ts'
import { state as schema } from '../../src/lock/schemas.ts'
import { viewState } from '../../src/lock/state-view.ts'
import { up } from '../support/fake-pods.ts'
import { api, LearningNode, web } from '../support/learning-node.ts'

const seven = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const

t.test('a Deployment whose first pod has started lightly starts seven more at once; without learning two', async (t) => {
  for (const [isLearning, count] of [[true, 7], [false, 2]] as const) {
    const node = new LearningNode(t, isLearning)
    node.observe(web, 'first', 0.2)
    node.create(web, ...seven)
    node.ask(...seven)
    t.strictSame(node.granted, ['first', ...seven.slice(0, count)], 'on two idle cores')
  }
})

t.test('heavy ones start as if nothing were known', async (t) => {
  const node = new LearningNode(t)
  node.observe(web, 'first', 1)
  t.equal(node.costs.reserveOf(web.key, node.clock.now()), 1)
  node.create(web, ...seven)
  node.ask(...seven)
  t.strictSame(node.granted, ['first', 'a', 'b'])
})

t.test('while one of its starts goes on, nothing is known of a workload', async (t) => {
  const node = new LearningNode(t)
  node.busy(0, 1)
  node.create(web, ...seven)
  node.ask(...seven)
  node.busy(0.3, 1)
  t.strictSame(node.granted, ['a', 'b'])
  node.busy(2, 1)
  node.up('a')
  node.up('b')
  t.equal(node.granted.length, 3, 'the next by the floor')
  node.busy(2, 1.25)
  t.equal(node.reserveOf('g'), 1, 'one that goes on may have done all of it')
})

t.test('what the watch does not say, no client can: it takes a core', async (t) => {
  const node = new LearningNode(t)
  node.observe(web, 'first', 0.2)
  t.equal(node.costs.reserveOf(web.key, node.clock.now()), 0.27)
  node.create(web, 'holder')
  node.create(undefined, 'of-nobody')
  node.create({ ...web, key: 'other/uid-web/6d4c' }, 'of-another-namespace')
  node.ask('holder')
  t.equal(node.reserveOf('holder'), 0.27)
  node.busy(2, 2)
  node.ask(undefined, 'never-heard-of', 'of-nobody', 'of-another-namespace')
  t.strictSame(Array.from(node.service.queue.waiting(), ({ reserve }) => reserve), [1, 1, 1, 1])
  node.pods.state = 'lost'
  node.ask('believed')
  t.equal(node.reserveOf('believed'), 1)
})

t.test('a light one behind a heavy one waits for its turn', async (t) => {
  const node = new LearningNode(t)
  node.observe(web, 'first', 0.2)
  node.create(api, 'holder', 'heavy')
  node.create(web, 'light')
  node.busy(2, 1)
  node.ask('holder', 'heavy', 'light')
  node.busy(0.5, 0.75)
  t.strictSame(node.granted, ['first', 'holder'], 'half a core is missing for the heavy one, and none for the light one')
  node.busy(0.5, 0.75)
  t.strictSame(node.granted, ['first', 'holder', 'heavy', 'light'])
})

t.test('a start that was not up in its time is not taken for light again, nor are those who wait', async (t) => {
  const node = new LearningNode(t)
  node.observe(web, 'first', 0.2)
  node.create(web, 'a', 'b')
  node.ask('a')
  node.busy(2, 119)
  node.ask('b')
  t.equal(node.reserveOf('b'), 0.27)
  node.service.giveBack(keyOf('b'))
  node.create(web, 'c', 'd')
  node.ask('c', 'd')
  node.busy(2, 1)
  t.ok(node.granted.includes('c') && !node.granted.includes('d'), 'a has lost its turn')
  t.equal(node.reserveOf('d'), 1)
  t.equal(node.costs.reserveOf(web.key, node.clock.now()), 1)
})

t.test('what is much takes from a workload that it is known to be light; while other pods come or go it is not known to be heavy either', async (t) => {
  const happenings: Readonly<Record<string, (node: LearningNode) => void>> = {
    nothing() {},
    'a pod comes': (node) => node.create(undefined, 'other'),
    'a pod asks': (node) => node.ask('known'),
    'a pod is deleted': (node) => node.pods.put('known', { isOver: true }),
    'a pod is gone': (node) => node.pods.remove('known'),
    'a turn of another workload': (node) => {
      node.create(api, 'api')
      node.ask('api')
    },
  }
  for (const [what, happens] of Object.entries(happenings)) {
    const node = new LearningNode(t)
    node.observe(web, 'first', 0.2)
    node.create(undefined, 'known')
    node.create(web, 'a')
    node.ask('a')
    node.busy(1, 1)
    happens(node)
    node.busy(1, 1)
    node.up('a')
    node.busy(1, 2)
    t.equal(node.costs.reserveOf(web.key, node.clock.now()), 1, what)
    t.equal(node.costs.list(node.clock.now()).filter(({ name }) => name === web.name).length, what === 'nothing' ? 1 : 0, what)
  }
})

t.test('a pod that crash-loops while nobody waits has its whole turn, and teaches nothing', async (t) => {
  const node = new LearningNode(t)
  node.create(web, 'a')
  node.ask('a')
  node.busy(0.1, 1)
  node.pods.put('a', { ...up('a'), hasProbes: false })
  node.busy(0.1, 1)
  node.pods.put('a', { ...up('a'), hasProbes: false, isReady: false, isCrashing: true })
  node.busy(0.1, 15)
  t.equal(node.service.queue.lease(keyOf('a')), undefined, 'its turn is over')
  t.strictSame(node.costs.list(node.clock.now()), [])
})

t.test('a pod without probes is observed until the end of its blind hold', async (t) => {
  const node = new LearningNode(t)
  node.create(web, 'a')
  node.ask('a')
  node.busy(0.1, 1)
  node.pods.put('a', { ...up('a'), hasProbes: false })
  node.busy(0, 8)
  node.busy(1, 1.75)
  t.strictSame(node.costs.list(node.clock.now()), [])
  node.busy(1, 0.5)
  t.equal(node.costs.list(node.clock.now()).length, 1)
  t.equal(node.costs.reserveOf(web.key, node.clock.now()), 1, 'it worked after it was said to be ready')
})

t.test('a turn of which the pod was not known when it was granted teaches nothing', async (t) => {
  const node = new LearningNode(t)
  node.ask('unheard-of')
  node.busy(0.1, 1)
  node.create(web, 'unheard-of')
  node.up('unheard-of')
  node.busy(0.1, 3)
  t.strictSame(node.costs.list(node.clock.now()), [])
})

t.test('the state and the metrics tell what is known, by name and not by uid', async (t) => {
  const node = new LearningNode(t)
  t.strictSame(viewState(node.service, 0).workloads, [])
  node.observe(web, 'first', 0.2)
  node.observe(api, 'other', 1)
  node.clock.advance(6_000)
  const view = viewState(node.service, 0)
  t.strictSame(view.workloads, [
    { workload: api.name, reserve: 1, starts: 1, seconds: 7 },
    { workload: web.name, reserve: 0.27, starts: 1, seconds: 11 },
  ])
  t.notMatch(JSON.stringify(view), /uid-/)
  t.strictSame(Schema.Errors(schema, JSON.parse(JSON.stringify(view)))[1], [])
  const metrics = await node.registry.metrics()
  for (const sample of ['usher_lock_workloads{start="light"} 1', 'usher_lock_workloads{start="heavy"} 1']) t.match(metrics, sample)
  t.equal(viewState(new LearningNode(t, false).service, 0).workloads, undefined)
})
