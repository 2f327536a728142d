import t from 'tap'
import { daemonSetRollout, deploymentRollout, troublesOf } from '../../src/install/rollout.ts'
import type { JsonObject } from '../../src/units/json.ts'

const deployment = (status: JsonObject): JsonObject => ({ metadata: { generation: 2 }, spec: { replicas: 2 }, status: { observedGeneration: 2, ...status } })
const daemonSet = (status: JsonObject, maxUnavailable: string | number = '10%'): JsonObject => ({
  metadata: { generation: 1 },
  spec: { updateStrategy: { rollingUpdate: { maxUnavailable } } },
  status: { observedGeneration: 1, ...status },
})

t.test('a Deployment is up when all replicas are of this version and available', async (t) => {
  t.match(deploymentRollout(deployment({ replicas: 2, updatedReplicas: 2, availableReplicas: 2 })), { isDone: true, isWhole: true })
  for (const [status, text] of [
    [{ replicas: 2, updatedReplicas: 2, availableReplicas: 1 }, '1 of 2 replicas are available'],
    [{ replicas: 3, updatedReplicas: 1, availableReplicas: 2 }, '2 of 2 replicas are available, 1 are of this version'],
    [{ replicas: 3, updatedReplicas: 2, availableReplicas: 2 }, '2 of 2 replicas are available'],
    [{}, '0 of 2 replicas are available, 0 are of this version'],
    [{ observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }, '0 of 2 replicas: kube-controller-manager has not looked at it yet'],
    [{ conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'pods are forbidden: quota' }] }, '0 of 2 replicas are available, 0 are of this version: pods are forbidden: quota'],
  ] as const) t.match(deploymentRollout(deployment(status)), { isDone: false, text })
})

t.test('of a DaemonSet so many nodes may be down as may be during an update, rounded down', async (t) => {
  const on = (available: number, desired: number) => ({ desiredNumberScheduled: desired, updatedNumberScheduled: desired, numberAvailable: available })
  t.match(daemonSetRollout(daemonSet(on(1, 1))), { isDone: true, isWhole: true })
  t.match(daemonSetRollout(daemonSet(on(0, 1))), { isDone: false, text: 'it is available on 0 of 1 nodes' })
  t.match(daemonSetRollout(daemonSet(on(8, 9))), { isDone: false })
  t.match(daemonSetRollout(daemonSet(on(18, 20))), { isDone: true, isWhole: false, text: 'it is available on 18 of 20 nodes' })
  t.match(daemonSetRollout(daemonSet(on(17, 20))), { isDone: false })
  t.match(daemonSetRollout(daemonSet(on(19, 20), 5)), { isDone: false })
  t.match(daemonSetRollout(daemonSet({ ...on(20, 20), updatedNumberScheduled: 10 })), { isDone: false, text: 'it is available on 20 of 20 nodes, 10 are of this version' })
  t.match(daemonSetRollout(daemonSet({ observedGeneration: 0 })), { isDone: false })
})

t.test('what keeps pods from running is told; not what is on its way or being deleted', async (t) => {
  const waiting = (reason: string, message?: string): JsonObject => ({ name: 'webhook', state: { waiting: { reason, ...(message === undefined ? {} : { message }) } } })
  const pod = (name: string, status: JsonObject, metadata: JsonObject = {}): JsonObject => ({ metadata: { name, ...metadata }, status })
  t.strictSame(
    troublesOf([
      pod('a', { containerStatuses: [waiting('ImagePullBackOff', 'no such image')] }),
      pod('b', { initContainerStatuses: [waiting('CrashLoopBackOff')], containerStatuses: [waiting('PodInitializing')] }),
      pod('c', { containerStatuses: [waiting('ContainerCreating')] }),
      pod('d', { conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }] }),
      pod('e', { containerStatuses: [waiting('ImagePullBackOff')] }, { deletionTimestamp: 'now' }),
    ]),
    ['pod a: webhook ImagePullBackOff: no such image', 'pod b: webhook CrashLoopBackOff', 'pod d: is not scheduled: 0/3 nodes are available'],
  )
})
