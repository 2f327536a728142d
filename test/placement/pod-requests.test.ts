import * as fc from 'fast-check'
import t from 'tap'
import { exactRequestsOf, requestsOf } from '../../src/placement/pod-requests.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { effectiveRequests } from '../support/qos.ts'

const asking = (name: string, memory: string, more: JsonObject = {}): JsonObject => ({ name, resources: { requests: { memory } }, ...more })
const memoryOf = (pod: JsonObject): number | undefined => requestsOf(pod).get('memory')
const mebi = 1_048_576

t.test('regular containers and sidecars run together; an init container beside the sidecars before it', async (t) => {
  const sidecar = asking('proxy', '10Mi', { restartPolicy: 'Always' })
  const containers = [asking('a', '20Mi'), asking('b', '30Mi')]
  t.equal(memoryOf({ spec: { containers } }), 50 * mebi)
  t.equal(memoryOf({ spec: { containers, initContainers: [sidecar] } }), 60 * mebi)
  t.equal(memoryOf({ spec: { containers, initContainers: [sidecar, asking('migrate', '70Mi')] } }), 80 * mebi)
  t.equal(memoryOf({ spec: { containers, initContainers: [asking('migrate', '70Mi'), sidecar] } }), 70 * mebi)
  t.equal(memoryOf({ spec: { containers, initContainers: [asking('usher-lock', '20Mi')] } }), 50 * mebi)
})

t.test('overhead comes on top, and the pod\'s own values beat the sum', async (t) => {
  const containers = [asking('a', '20Mi')]
  t.equal(memoryOf({ spec: { containers, overhead: { memory: '5Mi' } } }), 25 * mebi)
  t.equal(memoryOf({ spec: { containers, resources: { requests: { memory: '100Mi' } }, overhead: { memory: '5Mi' } } }), 105 * mebi)
  t.equal(memoryOf({ spec: { containers, resources: { requests: { 'ephemeral-storage': '1Gi' } } } }), 20 * mebi, 'which pods may not have as a whole')
})

t.test('a limit without a request is one', async (t) => {
  t.equal(memoryOf({ spec: { containers: [{ name: 'a', resources: { limits: { memory: '7Mi' } } }] } }), 7 * mebi)
})

t.test('a pod that is resized in place counts with the most of what it has, was granted and asks for', async (t) => {
  const pod = (status: JsonObject, conditions: readonly JsonObject[] = []): JsonObject => ({ spec: { containers: [asking('a', '20Mi')] }, status: { containerStatuses: [{ name: 'a', ...status }], conditions } })
  t.equal(memoryOf(pod({ allocatedResources: { memory: '30Mi' } })), 30 * mebi)
  t.equal(memoryOf(pod({ allocatedResources: { memory: '10Mi' }, resources: { requests: { memory: '40Mi' } } })), 40 * mebi)
  t.equal(memoryOf(pod({ allocatedResources: { memory: '10Mi' } })), 20 * mebi, 'it may still be granted')
  t.equal(memoryOf(pod({ allocatedResources: { memory: '10Mi' } }, [{ type: 'PodResizePending', reason: 'Infeasible' }])), 10 * mebi, 'it will not be')
})

t.test('is summed up exactly, and rounded once', async (t) => {
  const thirds = Array.from({ length: 3 }, (_, index) => ({ name: `c${index}`, resources: { requests: { cpu: '0.1', memory: '400m' } } }))
  const requests = requestsOf({ spec: { containers: thirds } })
  t.equal(requests.get('cpu'), 300)
  t.equal(requests.get('memory'), 2, '1.2 bytes, rounded up')
})

t.test('is what another reading of the same rules gives, for any pod', async () => {
  const amounts = fc.record({ cpu: fc.constantFrom('0', '100m', '1', '0.3', '1500m'), memory: fc.constantFrom('0', '1Gi', '100M', '1e3', '123Mi'), 'ephemeral-storage': fc.constantFrom('1Gi', '5G') }, { requiredKeys: [] })
  const resources = fc.record({ requests: amounts, limits: amounts }, { requiredKeys: [] })
  const container = fc.record({ resources })
  const init = fc.record({ resources, restartPolicy: fc.constantFrom('Always', undefined) })
  const spec = fc.record({ containers: fc.array(container, { minLength: 1, maxLength: 4 }), initContainers: fc.array(init, { maxLength: 4 }) })
  fc.assert(
    fc.property(spec, (each) => {
      const pod = { spec: each } as unknown as JsonObject
      const expected = [...effectiveRequests(pod)].filter(([, amount]) => amount !== 0n)
      const found = [...exactRequestsOf(pod)].filter(([, amount]) => amount !== 0n)
      return JSON.stringify(sorted(found)) === JSON.stringify(sorted(expected))
    }),
  )
})

function sorted(amounts: readonly (readonly [string, bigint])[]): readonly (readonly [string, string])[] {
  return amounts.map(([name, amount]) => [name, String(amount)] as const).toSorted(([left], [right]) => left.localeCompare(right))
}
