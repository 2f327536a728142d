import t from 'tap'
import { collectionKey, collectionsOf, type Resource } from '../../src/depends-on/collections.ts'
import type { Target } from '../../src/depends-on/dependency.ts'
import { judge, type Verdict } from '../../src/depends-on/judge.ts'
import { observe } from '../../src/depends-on/observe.ts'
import { parseDependsOn } from '../../src/depends-on/parse.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { endpointSlice, workloadObject } from '../support/fake-objects.ts'

function targetOf(text: string): Target {
  const [first] = parseDependsOn(text).dependencies
  if (first === undefined) throw new Error(text)
  return first.target
}

function verdict(text: string, ...objects: readonly (readonly [Resource, JsonObject])[]): Verdict {
  return judge(targetOf(text), 'shop', objects.flatMap(([resource, object]) => observe(resource, object) ?? []))
}

const keys = (text: string): readonly string[] => collectionsOf(targetOf(text), 'shop').map(collectionKey)

t.test('no more is watched than it takes to judge', async (t) => {
  t.strictSame(keys('service/redis'), ['endpointslices/shop?kubernetes.io/service-name=redis'])
  t.strictSame(keys('service/other/redis'), ['endpointslices/other?kubernetes.io/service-name=redis'])
  t.strictSame(keys('deployment/api'), ['deployments/shop?api'])
  t.strictSame(keys('statefulset/other/db'), ['statefulsets/other?db'])
  t.strictSame(keys('daemonset/agent'), ['daemonsets/shop?agent'])
  t.strictSame(keys('job/db'), [...['deployments', 'statefulsets', 'daemonsets', 'jobs'].map((each) => `${each}/?usher.dev/job=db`), 'jobs/shop?db'])
  t.strictSame(keys('job/other/db'), [...['deployments', 'statefulsets', 'daemonsets', 'jobs'].map((each) => `${each}/other?usher.dev/job=db`), 'jobs/other?db'])
  t.strictSame(keys(`job/${'a'.repeat(64)}`), [`jobs/shop?${'a'.repeat(64)}`], 'no label has such a value')
})

t.test('a Service is healthy with one ready endpoint, in whichever slice', async (t) => {
  t.strictSame(verdict('service/a'), { isHealthy: false, reason: 'there is none, or it has no endpoints' })
  t.strictSame(verdict('service/a', ['endpointslices', endpointSlice('a-1', 0, 0)]), { isHealthy: false, reason: 'it has no endpoints' })
  t.strictSame(verdict('service/a', ['endpointslices', endpointSlice('a-1', 0, 3)]), { isHealthy: false, reason: '0 of 3 endpoints ready' })
  t.strictSame(verdict('service/a', ['endpointslices', endpointSlice('a-1', 0, 3)], ['endpointslices', endpointSlice('a-2', 1, 1)]), { isHealthy: true, reason: '1 of 4 endpoints ready' })
})

t.test('an endpoint without a condition is ready, as the API has it; odd slices are none', async (t) => {
  const slice = (endpoints: unknown): JsonObject => ({ metadata: { name: 'a-1' }, endpoints }) as JsonObject
  t.equal(verdict('service/a', ['endpointslices', slice([{ addresses: ['10.0.0.1'] }])]).isHealthy, true)
  t.equal(verdict('service/a', ['endpointslices', slice([{ addresses: ['10.0.0.1'], conditions: {} }])]).isHealthy, true)
  for (const odd of [null, undefined, {}, 'x', [null, 1]]) t.equal(verdict('service/a', ['endpointslices', slice(odd)]).reason, 'it has no endpoints')
})

t.test('a workload is healthy when all that it wants is ready, by a status of its last change', async (t) => {
  for (const [target, resource, noun] of [['deployment/a', 'deployments', 'replicas'], ['statefulset/a', 'statefulsets', 'replicas'], ['daemonset/a', 'daemonsets', 'pods']] as const) {
    t.strictSame(verdict(target), { isHealthy: false, reason: 'there is none' })
    t.strictSame(verdict(target, [resource, workloadObject('a', 1, 2)]), { isHealthy: false, reason: `1 of 2 ${noun} ready` })
    t.strictSame(verdict(target, [resource, workloadObject('a', 2)]), { isHealthy: true, reason: `2 of 2 ${noun} ready` })
    t.match(verdict(target, [resource, workloadObject('a', 2, 2, { generation: 2 })]), { isHealthy: false, reason: /has not been seen/ })
    t.match(verdict(target, [resource, { metadata: { namespace: 'shop', name: 'a', generation: 1 }, spec: {} }]), { isHealthy: false, reason: /has not been seen/ }, 'one that is new')
  }
  t.strictSame(verdict('deployment/a', ['deployments', workloadObject('a', 0)]), { isHealthy: false, reason: 'it is scaled to 0' })
  t.strictSame(verdict('daemonset/a', ['daemonsets', workloadObject('a', 0)]), { isHealthy: false, reason: 'no node takes it' })
})

const job = (namespace: string, status: JsonObject, labels: JsonObject = {}): JsonObject => ({ metadata: { namespace, name: 'db', labels }, spec: { completions: 3 }, status })
const condition = (type: string): JsonObject => ({ conditions: [{ type, status: 'True' }] })
const labels = { 'usher.dev/job': 'db' }

t.test('a Job of Kubernetes is healthy when it is complete', async (t) => {
  t.strictSame(verdict('job/db'), { isHealthy: false, reason: 'there is none' })
  t.strictSame(verdict('job/db', ['jobs', job('shop', { succeeded: 1 })]), { isHealthy: false, reason: '1 of 3 completions' })
  t.strictSame(verdict('job/db', ['jobs', job('shop', condition('Failed'))]), { isHealthy: false, reason: 'it has failed' })
  t.strictSame(verdict('job/db', ['jobs', job('shop', { succeeded: 3, ...condition('Complete') })]), { isHealthy: true, reason: 'complete' })
})

t.test("a job of usher's beats the Job of its name; both, in the pod's namespace, beat what is elsewhere", async (t) => {
  const complete = ['jobs', job('shop', condition('Complete'))] as const
  const far = ['deployments', workloadObject('db', 0, 1, { namespace: 'other', labels })] as const
  const near = ['statefulsets', workloadObject('db', 1, 1, { labels })] as const
  t.equal(verdict('job/db', complete).isHealthy, true)
  t.equal(verdict('job/db', far).reason, '0 of 1 replicas ready')
  t.equal(verdict('job/db', complete, far).reason, 'complete', 'nobody elsewhere decides about it')
  t.equal(verdict('job/db', complete, near).reason, '1 of 1 replicas ready')
  t.equal(verdict('job/db', complete, far, near).reason, '1 of 1 replicas ready')
  t.equal(verdict('job/db', ['jobs', job('other', condition('Complete'), labels)]).isHealthy, true, 'one that ends, elsewhere')
  t.equal(verdict('job/db', ['jobs', job('other', condition('Complete'))]).reason, 'there is none', 'a Job of somebody else')
})

t.test('what no API server has stored is as if it were not there', async (t) => {
  for (const odd of [{}, { metadata: null }, { metadata: { name: 'a' } }, { metadata: { namespace: 'shop', name: 'a' } }, { metadata: { namespace: 'shop', name: 'a' }, spec: 1 }]) {
    t.equal(observe('deployments', odd as JsonObject), undefined)
  }
})
