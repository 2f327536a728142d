import t from 'tap'
import { type CheckedPod, readCheckedPod } from '../../src/check/checked-pod.ts'
import type { Facts } from '../../src/check/facts.ts'
import { contextOf } from '../../src/check/injection-check.ts'
import { shutdownSeconds } from '../../src/check/pod-checks.ts'
import { type Result, runChecks } from '../../src/check/run-checks.ts'
import { defaultConfig } from '../../src/config/defaults.ts'
import { facts, injectedPod, installation, namespace, now, told } from '../support/check-facts.ts'
import { lockState, nodeStatus } from '../support/node-status.ts'

function find(id: string, parts: Partial<Facts>): Result {
  const result = runChecks(facts(parts), [id]).find((each) => each.id === id)
  if (result === undefined) throw new Error(`there is no check ${id}`)
  return result
}

const pod: CheckedPod = { name: 'shop/web', node: 'worker-1', lacks: [], napSeconds: 10 }

t.test('locks that do not run, are not there, or do not answer', async (t) => {
  const running = (desiredNumberScheduled: number, numberReady: number) =>
    find('lock-running', { installation: { ...installation, daemonSet: { status: { desiredNumberScheduled, numberReady } } }, locks: told([nodeStatus('worker-2', 'it sleeps')]) })
  t.match([running(3, 3), running(3, 2), running(3, 0), running(0, 0)], [{ outcome: 'ok' }, { outcome: 'failed', items: ['worker-2: is not ready'] }, { outcome: 'failed' }, { outcome: 'failed', hint: /nodeSelector/ }])
  const gate = { name: 'tcp://db:1', open: false, overdue: false, reason: 'refused', seconds: 90 }
  const lost = { state: 'lost', known: 3, staleSeconds: 600 } as const
  t.match(find('lock-answers', { locks: told([nodeStatus('worker-1', lockState({ gates: [gate], pods: lost }))]) }), {
    outcome: 'warning',
    items: ['worker-1: gate tcp://db:1 has been closed for 90s (refused)', 'worker-1: it does not hear the API server, and turns end by time'],
  })
  const silent = nodeStatus('worker-2', 'no answer within 5 s', { isReady: true })
  t.match(find('lock-answers', { locks: told([nodeStatus('worker-1', lockState()), silent]) }), { outcome: 'warning', items: ['worker-2: no answer within 5 s'] })
  t.match(find('lock-answers', { locks: told([silent]) }), { outcome: 'skipped' })
})

t.test('whether pods reach the lock: the last that asked on each node tells', async (t) => {
  const asked = (node: string, at: number, words: string): CheckedPod => ({ ...pod, node, waited: { at, words } })
  const gone = 'no lock has answered at 10.0.0.1:8888 for 15 s: the pod starts without the startup lock'
  const got = 'got the startup lock of this node after 2 s'
  t.match(find('lock-reachable', { pods: told([]) }), { outcome: 'skipped' })
  for (const words of ['', 'the wait is over after 5m: the pod starts without the startup lock']) {
    t.match(find('lock-reachable', { pods: told([asked('a', now - 30_000, words)]) }), { outcome: 'skipped' }, `"${words}" does not tell`)
    t.match(find('lock-reachable', { pods: told([asked('a', now - 60_000, gone), asked('a', now - 30_000, words)]) }), { outcome: 'warning' }, 'nor does it hide what does')
  }
  t.match(find('lock-reachable', { pods: told([asked('a', now - 60_000, gone), asked('a', now - 30_000, got), asked('b', now - 30_000, got)]) }), { outcome: 'ok', detail: 'pods have reached the lock on 2 nodes' })
  t.match(find('lock-reachable', { pods: told([asked('a', now - 60_000, got), asked('a', now - 30_000, gone)]) }), { outcome: 'warning', items: ['a: shop/web got no answer, 30s ago'], hint: /NetworkPolicy/ })
})

t.test('the image of the init container: does not run, or pods hang on it', async (t) => {
  const hold = (state: object) => ({ spec: { nodeName: 'worker-1' }, status: { containerStatuses: [{ name: 'hold', state }] } }) as never
  t.match(find('wait-image', { lockPods: told([hold({ waiting: { reason: 'ImagePullBackOff' } })]) }), { outcome: 'failed', items: ['worker-1: ImagePullBackOff'] })
  t.equal(find('wait-image', { lockPods: told([hold({ waiting: { reason: 'ContainerCreating' } })]) }).outcome, 'skipped')
  t.match(find('wait-image', { pods: told([{ ...pod, hangs: 'ErrImagePull' }]) }), { outcome: 'failed', items: ['shop/web hangs: ErrImagePull'] })
})

t.test('pods that run without what they are to have', async (t) => {
  t.match(find('pods-injected', { pods: told([pod, { ...pod, name: 'shop/old', lacks: ['nap', 'lock'] }]) }), { outcome: 'warning', detail: /^1 of 2 pods/, items: ['shop/old: no nap, no lock'] })
  t.match(find('pods-injected', { config: { kind: 'failed', message: 'there is no ConfigMap' } }), { outcome: 'skipped', detail: 'there is no ConfigMap' })
})

t.test('a pod is read for what it lacks, how long it naps, and how its wait has ended', async (t) => {
  const shop = namespace('shop')
  const context = contextOf(shop, { config: told(defaultConfig), kubeVersion: { major: 1, minor: 37 } })
  if (context === undefined) throw new Error('there is no configuration')
  const bare = { metadata: { namespace: 'shop', name: 'a' }, spec: { containers: [{ name: 'main' }] }, status: { phase: 'Running' } }
  t.match(readCheckedPod(bare, context), { name: 'shop/a', lacks: ['nap', 'lock'], napSeconds: 0 })
  const wait = { name: 'usher-lock', state: { terminated: { finishedAt: '2026-11-25T11:00:00Z', message: 'words\n' } } }
  const whole = readCheckedPod({ ...injectedPod(shop), status: { initContainerStatuses: [wait] } }, context)
  t.match(whole, { lacks: [], napSeconds: 10, waited: { at: Date.parse('2026-11-25T11:00:00Z'), words: 'words' } })
  const waits = (reason: string) => readCheckedPod({ ...injectedPod(shop), status: { initContainerStatuses: [{ name: 'usher-lock', state: { waiting: { reason } } }] } }, context)?.hangs
  t.strictSame([waits('ErrImagePull'), waits('PodInitializing'), waits('ContainerCreating')], ['ErrImagePull', undefined, undefined])
  t.equal(readCheckedPod({ ...bare, status: { phase: 'Succeeded' } }, context), undefined)
  t.equal(readCheckedPod({ ...bare, metadata: { ...bare.metadata, deletionTimestamp: 'x' } }, context), undefined)
})

t.test('naps, and how long kubelets wait at a shutdown', async (t) => {
  const configz = (kubeletconfig: object) => ({ kubeletconfig }) as never
  t.equal(shutdownSeconds(configz({ shutdownGracePeriod: '30s', shutdownGracePeriodCriticalPods: '10s' })), 20)
  t.equal(shutdownSeconds(configz({ shutdownGracePeriodByPodPriority: [{ priority: 0, shutdownGracePeriodSeconds: 8 }, { priority: 1, shutdownGracePeriodSeconds: 60 }] })), 8)
  t.equal(shutdownSeconds({}), undefined)
  const naps = (kubeletconfig: object) => find('nap-in-shutdown', { pods: told([pod]), kubelets: [{ node: 'worker-1', config: told(configz(kubeletconfig)) }] })
  t.match(naps({ shutdownGracePeriod: '8s' }), { outcome: 'warning', items: ['shop/web: 10 s; worker-1 waits 8 s'] })
  t.equal(naps({ shutdownGracePeriod: '30s' }).outcome, 'ok')
  t.match(naps({ shutdownGracePeriod: '0s' }), { outcome: 'ok', detail: /do not wait for their pods at all/ })
  t.match(find('nap-in-shutdown', { kubelets: [{ node: 'a', config: { kind: 'denied', message: 'nodes/proxy' } }] }), { outcome: 'skipped', detail: 'you may not look: nodes/proxy' })
})

t.test('one installation, whole, with its rights, and of one version', async (t) => {
  t.match(find('installed', { namespaces: told(['other', 'usher-system']) }), { outcome: 'failed', items: ['namespace other', 'namespace usher-system, checked here'] })
  t.match(find('installed', { installation: { ...installation, daemonSet: undefined, service: undefined } }), { outcome: 'failed', items: ['missing: Service of the webhook', 'missing: DaemonSet of the lock'] })
  t.match(find('installed', { namespaces: told([]) }), { outcome: 'failed', detail: /is gone, and its webhook configuration is still there/ })
  const elsewhere = find('installed', { namespaces: told([]), chosenNamespace: 'shop' })
  t.match(elsewhere, { outcome: 'failed', detail: 'there is nothing of usher in shop; its webhook configuration leads to Service usher-webhook in usher-system', hint: /leave out --namespace/ })
  t.notMatch(elsewhere, { hint: /delete/ }, 'a wrong --namespace does not advise to delete what is well')
  t.match(find('installed', { namespaces: told([]), chosenNamespace: 'shop', webhookConfigurations: told([]) }), { outcome: 'failed', hint: /leave out --namespace/ })
  t.match(find('installed', { namespaces: { kind: 'denied', message: 'no' } }), { outcome: 'skipped' })
  t.match(find('usher-rights', { missingRights: told(['usher-lock may not list pods']) }), { outcome: 'failed', items: ['usher-lock may not list pods'] })
  t.match(find('versions', { ownVersion: '0.2.0' }), { outcome: 'warning', detail: 'the cluster has 0.1.0, and this command is 0.2.0' })
  const rolling = { ...installation.daemonSet, status: { desiredNumberScheduled: 3, updatedNumberScheduled: 1 } } as never
  t.match(find('versions', { installation: { ...installation, daemonSet: rolling } }), { outcome: 'warning', items: ['the lock: 1 of 3 pods are of the new version'] })
})

t.test('where the lock is turned off, nothing of it is missed', async (t) => {
  const deployment = { metadata: { labels: { 'app.kubernetes.io/version': '0.1.0' } }, spec: { replicas: 1, template: { spec: { containers: [{ name: 'webhook', args: [] }] } } }, status: { readyReplicas: 1 } } as never
  const parts = { installation: { ...installation, deployment, daemonSet: undefined } }
  t.match(find('installed', parts), { outcome: 'ok', detail: 'usher is installed in usher-system, without the lock' })
  for (const id of ['breaker', 'lock-running', 'lock-on-every-node', 'lock-answers', 'lock-reachable', 'wait-image']) t.match(find(id, parts), { outcome: 'skipped', detail: 'the lock is turned off' }, id)
})
