import t from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { effectiveLimits, effectiveRequests, qosClass } from './qos.ts'
import { quantity } from './quantity.ts'

function pod(containers: JsonObject[], initContainers?: JsonObject[]): JsonObject {
  return { spec: { containers, ...(initContainers === undefined ? {} : { initContainers }) } }
}

function container(requests?: JsonObject, limits?: JsonObject, more: JsonObject = {}): JsonObject {
  return {
    resources: {
      ...(requests === undefined ? {} : { requests }),
      ...(limits === undefined ? {} : { limits }),
    },
    ...more,
  }
}

const both = { cpu: '700m', memory: '200Mi' }

t.test("gives the classes of the documentation's examples", async (t) => {
  t.equal(qosClass(pod([container(both, both)])), 'Guaranteed', 'qos-pod.yaml')
  t.equal(qosClass(pod([container({ memory: '100Mi' }, { memory: '200Mi' })])), 'Burstable', 'qos-pod-2.yaml')
  t.equal(qosClass(pod([{}])), 'BestEffort', 'qos-pod-3.yaml')
  t.equal(qosClass(pod([container({ memory: '200Mi' }), {}])), 'Burstable', 'qos-pod-4.yaml')
})

t.test('takes the limits for the requests that are missing', async (t) => {
  t.equal(qosClass(pod([container(undefined, both)])), 'Guaranteed')
  t.equal(qosClass(pod([container({ cpu: '700m' }, both)])), 'Guaranteed')
  t.equal(qosClass(pod([container({ cpu: '600m' }, both)])), 'Burstable')
})

t.test('compares amounts, not their writing', async (t) => {
  t.equal(qosClass(pod([container({ cpu: '1', memory: '1Gi' }, { cpu: '1000m', memory: '1024Mi' })])), 'Guaranteed')
})

t.test('wants cpu and memory of every container, of init containers too', async (t) => {
  t.equal(qosClass(pod([container(both, both), {}])), 'Burstable')
  t.equal(qosClass(pod([container(both, both)], [{}])), 'Burstable')
  t.equal(qosClass(pod([container(both, both)], [container(undefined, both)])), 'Guaranteed')
  t.equal(qosClass(pod([container({ cpu: '1' }, { cpu: '1' })])), 'Burstable')
  t.equal(qosClass(pod([{}], [container({ cpu: '1m' })])), 'Burstable')
})

t.test('leaves zeros and other resources out of the class', async (t) => {
  t.equal(qosClass(pod([container({ cpu: '0', memory: 0 })])), 'BestEffort')
  t.equal(qosClass(pod([container({ 'ephemeral-storage': '1Gi' })])), 'BestEffort')
  t.equal(qosClass(pod([container({ cpu: '0', memory: '1Gi' }, { cpu: '0', memory: '1Gi' })])), 'Burstable')
})

t.test("lets the pod's own resources decide where there are such", async (t) => {
  t.equal(qosClass({ spec: { containers: [{}], resources: { requests: both, limits: both } } }), 'Guaranteed')
  t.equal(qosClass({ spec: { containers: [container(both, both)], resources: { requests: both } } }), 'Burstable')
})

t.test('reserves the larger of the largest init container and the sum of the regular ones', async (t) => {
  const app = container({ cpu: '1', memory: '1Gi' })
  const requests = effectiveRequests(pod([app, app], [container({ cpu: '3' }), container({ memory: '1Gi' })]))
  t.equal(requests.get('cpu'), quantity('3'))
  t.equal(requests.get('memory'), quantity('2Gi'))
  t.notOk(requests.has('ephemeral-storage'), 'and nothing of what nobody names')
})

t.test('adds the native sidecars that were started before', async (t) => {
  const always = { restartPolicy: 'Always' }
  const init = container({ cpu: '5' })
  const sidecar = container({ cpu: '2' }, undefined, always)
  const app = container({ cpu: '1' })
  t.equal(effectiveRequests(pod([app], [init, sidecar])).get('cpu'), quantity('5'), 'it comes after: max(5, 2 + 1)')
  t.equal(effectiveRequests(pod([app], [sidecar, init])).get('cpu'), quantity('7'), 'it comes before: max(2 + 5, 2 + 1)')
  t.equal(effectiveRequests(pod([app], [sidecar, sidecar])).get('cpu'), quantity('5'), '2 + 2 + 1')
})

t.test('sums limits as requests, and requests from limits', async (t) => {
  const app = container(undefined, { cpu: '1' })
  t.equal(effectiveRequests(pod([app, app])).get('cpu'), quantity('2'))
  t.equal(effectiveLimits(pod([app, {}])).get('cpu'), quantity('1'))
})
