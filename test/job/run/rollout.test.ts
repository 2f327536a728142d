import t from 'tap'
import { renewedOf, standingOf, whyNever } from '../../../src/job/run/rollout.ts'
import type { JsonObject } from '../../../src/units/json.ts'

const deployment = (status: JsonObject, replicas = 3): JsonObject => ({ kind: 'Deployment', metadata: { generation: 2 }, spec: { replicas }, status: { observedGeneration: 2, ...status } })
const all = { replicas: 3, updatedReplicas: 3, availableReplicas: 3 }

t.test('a Deployment is healthy when all instances are of the last revision, and available, and no old one is left', async (t) => {
  t.match(standingOf(deployment(all)), { kind: 'healthy', text: '3 of 3 instances are healthy' })
  for (const part of [{ availableReplicas: 2 }, { updatedReplicas: 1 }, { replicas: 4 }, { observedGeneration: 1 }]) t.match(standingOf(deployment({ ...all, ...part })), { kind: 'underway' }, JSON.stringify(part))
  t.match(standingOf(deployment({}, 0)), { kind: 'healthy' })
  t.equal(standingOf(deployment({ ...all, updatedReplicas: 1 })).text, '3 of 3 instances are healthy, 1 is of this revision')
  t.equal(standingOf(deployment({ ...all, updatedReplicas: 2 })).text, '3 of 3 instances are healthy, 2 are of this revision')
  t.equal(standingOf(deployment({ observedGeneration: 1 })).text, 'kube-controller-manager has not looked at it yet')
})

t.test('a Deployment has failed when Kubernetes gives up; that no pod can be made is told, and may pass', async (t) => {
  const late = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }
  t.match(standingOf(deployment({ conditions: [late] })), { kind: 'failed', text: /progressDeadlineSeconds/ })
  const refused = { type: 'ReplicaFailure', status: 'True', message: 'exceeded quota' }
  t.match(standingOf(deployment({ conditions: [refused] })), { kind: 'underway', text: /exceeded quota/ })
})

t.test('a DaemonSet is healthy on all nodes that take it', async (t) => {
  const set = (status: JsonObject): JsonObject => ({ kind: 'DaemonSet', metadata: { generation: 1 }, status: { observedGeneration: 1, ...status } })
  t.match(standingOf(set({ desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 })), { kind: 'healthy' })
  t.match(standingOf(set({ desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1 })), { kind: 'underway', text: 'it is healthy on 1 of 2 nodes' })
})

t.test('how far a rollout is, is counted by what is surely new and healthy', async (t) => {
  t.equal(renewedOf(deployment(all)), 3)
  t.equal(renewedOf(deployment({ replicas: 4, updatedReplicas: 1, availableReplicas: 3 })), 0, 'the new one is not available')
  t.equal(renewedOf(deployment({ replicas: 4, updatedReplicas: 1, availableReplicas: 4 })), 1)
  t.equal(renewedOf(deployment({ replicas: 4, updatedReplicas: 3, availableReplicas: 3 })), 2)
  t.equal(renewedOf(deployment({ ...all, observedGeneration: 1 })), 0, 'these are numbers of the old version')
  t.equal(renewedOf({ kind: 'DaemonSet', metadata: { generation: 1 }, status: { observedGeneration: 1, desiredNumberScheduled: 3, updatedNumberScheduled: 2, numberAvailable: 2 } }), 1)
  t.equal(renewedOf({ kind: 'Job', status: { ready: 1, succeeded: 2 } }), 3)
})

t.test('instances that end by themselves run, or have ended well', async (t) => {
  const job = (status: JsonObject): JsonObject => ({ kind: 'Job', spec: { completions: 3 }, status })
  t.match(standingOf(job({ ready: 1, succeeded: 2 })), { kind: 'healthy' })
  t.match(standingOf(job({ active: 3, ready: 2 })), { kind: 'underway' })
  t.match(standingOf(job({ conditions: [{ type: 'Failed', status: 'True', message: 'Job has reached the specified backoff limit' }] })), { kind: 'failed', text: /backoff limit/ })
})

t.test('a pod whose image has a wrong name will never run; one that cannot be pulled may', async (t) => {
  const pod = (reason: string): JsonObject => ({ status: { containerStatuses: [{ name: 'app', state: { waiting: { reason, message: 'couldn’t parse image name' } } }] } })
  t.match(whyNever(pod('InvalidImageName')), /^app will never start: InvalidImageName \(couldn/)
  t.equal(whyNever(pod('ImagePullBackOff')), undefined)
})
