import t from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { type LimitRangeItem, limitRangeViolations } from './limit-range.ts'

function container(requests: JsonObject, limits: JsonObject = {}): JsonObject {
  return { name: 'app', resources: { requests, limits } }
}

function admits(item: LimitRangeItem, containers: JsonObject[], initContainers: JsonObject[] = []): boolean {
  return limitRangeViolations([item], { spec: { containers, initContainers } }).length === 0
}

// https://kubernetes.io/docs/tasks/administer-cluster/manage-resources/memory-constraint-namespace/
const memory: LimitRangeItem = { type: 'Container', min: { memory: '500Mi' }, max: { memory: '1Gi' } }

t.test("admits and rejects as in the documentation's examples", async (t) => {
  t.ok(admits(memory, [container({ memory: '600Mi' }, { memory: '800Mi' })]))
  t.notOk(admits(memory, [container({ memory: '800Mi' }, { memory: '1.5Gi' })]), 'above the maximum')
  t.notOk(admits(memory, [container({ memory: '100Mi' }, { memory: '800Mi' })]), 'below the minimum')
  t.ok(admits(memory, [container({ memory: '500Mi' }, { memory: '1Gi' })]), 'the bounds themselves')
})

t.test('wants a value to be there for a minimum, and a limit for a maximum', async (t) => {
  t.notOk(admits({ type: 'Container', min: { cpu: '1m' } }, [container({})]))
  t.ok(admits({ type: 'Container', min: { cpu: '1m' } }, [container({ cpu: '1m' })]))
  t.ok(admits({ type: 'Container', min: { cpu: '1m' } }, [container({}, { cpu: '1m' })]), 'the limit is the request')
  t.notOk(admits({ type: 'Container', max: { cpu: '1' } }, [container({ cpu: '1m' })]))
})

t.test('holds every init container to it', async (t) => {
  const good = container({ memory: '600Mi' }, { memory: '600Mi' })
  t.notOk(admits(memory, [good], [container({})]))
  t.notOk(admits(memory, [good], [container({ memory: '2Mi' }, { memory: '2Mi' })]))
  t.notOk(admits(memory, [good, container({})]))
  t.ok(admits(memory, [good], [good]))
})

t.test('compares limit and request for a ratio', async (t) => {
  const ratio: LimitRangeItem = { type: 'Container', maxLimitRequestRatio: { memory: '2' } }
  t.ok(admits(ratio, [container({ memory: '100Mi' }, { memory: '200Mi' })]))
  t.notOk(admits(ratio, [container({ memory: '100Mi' }, { memory: '201Mi' })]))
  t.notOk(admits(ratio, [container({ memory: '100Mi' })]), 'no limit')
  t.notOk(admits(ratio, [container({ memory: '0' }, { memory: '200Mi' })]), 'a request of 0')
  t.ok(admits({ type: 'Container', maxLimitRequestRatio: { cpu: '1500m' } }, [container({ cpu: '2' }, { cpu: '3' })]))
})

t.test('adds up the containers for type Pod', async (t) => {
  const most: LimitRangeItem = { type: 'Pod', max: { cpu: '2' } }
  const one = container({ cpu: '1' }, { cpu: '1' })
  const three = container({ cpu: '3' }, { cpu: '3' })
  t.ok(admits(most, [one, one], [one]))
  t.notOk(admits(most, [one, one, one]))
  t.notOk(admits(most, [one], [three]), 'a larger init container counts alone')
  t.notOk(admits(most, [one], [{ ...one, restartPolicy: 'Always' }, one, { ...one, restartPolicy: 'Always' }]))
  t.ok(admits({ type: 'Pod', min: { cpu: '2' } }, [one, one]))
  t.notOk(admits({ type: 'Pod', min: { cpu: '2' } }, [one]))
})
