import t from 'tap'
import { wishOf } from '../../src/placement/workload.ts'
import type { JsonObject } from '../../src/units/json.ts'

const deployment = (replicas: number, strategy?: JsonObject): ReturnType<typeof wishOf> => wishOf({ kind: 'Deployment', spec: { replicas, ...(strategy === undefined ? {} : { strategy }) } })

t.test('a surge is rounded up, what is missing down, and not both are 0', async (t) => {
  t.match(deployment(3), { instances: 3, rollout: { kind: 'rolling', maxSurge: 1, maxUnavailable: 0 } })
  t.match(deployment(10), { rollout: { maxSurge: 3, maxUnavailable: 2 } })
  t.match(deployment(10, { rollingUpdate: { maxSurge: '33%', maxUnavailable: 4 } }), { rollout: { maxSurge: 4, maxUnavailable: 4 } })
  t.match(deployment(10, { rollingUpdate: { maxSurge: 0, maxUnavailable: '1%' } }), { rollout: { maxSurge: 0, maxUnavailable: 1 } })
  t.match(deployment(10, { type: 'Recreate' }), { rollout: { kind: 'recreate' } })
  t.match(wishOf({ kind: 'Deployment', spec: {} }), { instances: 1 })
})

t.test('a StatefulSet replaces one pod in the room of another', async (t) => {
  t.match(wishOf({ kind: 'StatefulSet', spec: { replicas: 2 } }), { instances: 2, rollout: { kind: 'rolling', maxSurge: 0, maxUnavailable: 1 } })
  t.match(wishOf({ kind: 'StatefulSet', spec: { updateStrategy: { type: 'OnDelete' } } }), { instances: 1, rollout: { kind: 'on-delete' } })
})

t.test('a DaemonSet has a pod on each node, and where it surges a second one', async (t) => {
  t.match(wishOf({ kind: 'DaemonSet', spec: {} }), { instances: 'each-node', rollout: { maxSurge: 0, maxUnavailable: 1 } })
  t.match(wishOf({ kind: 'DaemonSet', spec: { updateStrategy: { rollingUpdate: { maxSurge: '10%', maxUnavailable: 0 } } } }), { rollout: { maxSurge: 1, maxUnavailable: 0 } })
})

t.test('a Job has as many pods as run at a time, and no more than are missing', async (t) => {
  t.match(wishOf({ kind: 'Job', spec: {} }), { instances: 1, rollout: undefined })
  t.equal(wishOf({ kind: 'Job', spec: { parallelism: 5, completions: 9 } }).instances, 5)
  t.equal(wishOf({ kind: 'Job', spec: { parallelism: 5, completions: 9 }, status: { succeeded: 7 } }).instances, 2)
  t.equal(wishOf({ kind: 'Job', spec: { suspend: true } }).instances, 0)
  t.equal(wishOf({ kind: 'CronJob', spec: { suspend: true, jobTemplate: { spec: { parallelism: 3 } } } }).instances, 3, 'of a run')
})
