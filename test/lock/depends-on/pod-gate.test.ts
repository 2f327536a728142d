import t from 'tap'
import { printDependsOn } from '../../../src/depends-on/print.ts'
import { readGate } from '../../../src/lock/depends-on/pod-gate.ts'
import type { Json, JsonObject } from '../../../src/units/json.ts'

function pod(annotations: Json, more: JsonObject = {}): JsonObject {
  return { metadata: { namespace: 'shop', name: 'web-1', annotations, ...more } }
}

const controller = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5c9d', uid: '1', controller: true }
const ofDeployment = { labels: { 'pod-template-hash': '5c9d', 'usher.dev/job': 'web' }, ownerReferences: [controller] }

t.test('what a pod waits for stands in its annotation, but for what it is of itself', async (t) => {
  const gate = readGate(pod({ 'usher.dev/depends-on': 'service/redis, deployment/web, job/web, nonsense' }, ofDeployment))
  t.equal(printDependsOn(gate?.dependencies ?? []), 'service/redis')
  t.strictSame(gate?.self, ['deployment/shop/web', 'job/web'])
  t.equal(gate?.isAll, false)
})

t.test('a pod without, or with nothing but itself, waits for nothing', async (t) => {
  for (const annotations of [undefined, null, {}, { 'usher.dev/depends-on': '' }, { 'usher.dev/depends-on': 'disabled' }, { 'usher.dev/depends-on': 'redis' }, { 'usher.dev/depends-on': 'deployment/web' }, { 'usher.dev/depends-on': 7 }, []]) {
    t.equal(readGate(pod(annotations as Json, ofDeployment)), undefined, JSON.stringify(annotations))
  }
  for (const odd of [{}, { metadata: null }, { metadata: { annotations: { 'usher.dev/depends-on': 'service/redis' } } }]) t.equal(readGate(odd), undefined)
})

t.test('the status that the webhook has written says whether it takes a permit', async (t) => {
  for (const [status, isAll] of [['{"v":1,"init":"gate"}', true], ['{"v":1,"init":"lock"}', false], ['{', false], ['null', false], ['[]', false]] as const) {
    t.equal(readGate(pod({ 'usher.dev/depends-on': 'service/redis', 'usher.dev/status': status }))?.isAll, isAll, status)
  }
})
