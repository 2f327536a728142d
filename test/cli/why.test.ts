import t, { type Test } from 'tap'
import { after, instancePods, states } from '../support/instance-pod.ts'
import { type AnsweringApiServer, silence, startAnsweringApiServer } from '../support/answering-api-server.ts'
import { kubeconfigFor } from '../support/kubeconfig-for.ts'
import { type Finished, runUsher } from '../support/usher-process.ts'

const web = {
  metadata: { name: 'web', namespace: 'default', uid: 'uid-web', creationTimestamp: after(0) },
  spec: { replicas: 1, selector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', 'b'] }, { key: 'old', operator: 'DoesNotExist' }] } },
}
const replicaSet = { metadata: { name: 'web-7d9f8', uid: 'uid-web-7d9f8', ownerReferences: [{ uid: 'uid-web', controller: true }] }, spec: { replicas: 1 } }
const list = (...items: readonly object[]) => ({ metadata: { resourceVersion: '1' }, items })
const base = '/api/v1/namespaces/default'
const crash = instancePods.unready({ name: 'web-1', metadata: { namespace: 'default' }, web: { restartCount: 1, state: states.waiting('CrashLoopBackOff'), lastState: states.ended(1, 40, 58) } })

/** A cluster with one Deployment, whose pod crashes. */
const cluster: AnsweringApiServer['answers'] = {
  '/version': { gitVersion: 'v1.37.2' },
  '/apis/apps/v1/namespaces/default/deployments/web': web,
  '/apis/apps/v1/namespaces/default/replicasets': list(replicaSet, { ...replicaSet, metadata: { ...replicaSet.metadata, name: 'of-another', ownerReferences: [{ uid: 'other', controller: true }] } }),
  [`${base}/pods`]: list(crash, { ...crash, metadata: { name: 'stranger', namespace: 'default', ownerReferences: [{ uid: 'uid-other', controller: true }] } }),
  [`${base}/events`]: list(),
  [`${base}/pods/web-1/log`]: { refuse: 404, message: 'no kubelet' },
}

async function why(t: Test, answers: AnsweringApiServer['answers'], ...args: readonly string[]): Promise<Finished & { readonly server: AnsweringApiServer }> {
  const server = await startAnsweringApiServer(t, { ...cluster, ...answers })
  return { ...(await runUsher(t, ['why', 'web', '--kubeconfig', kubeconfigFor(t, server), ...args])), server }
}

t.test('the pods are those that its controller has, by its selector and by whose they are', async (t) => {
  const selectors: (string | null)[] = []
  const { code, stdout, stderr } = await why(t, { [`${base}/pods`]: (_body, query) => (selectors.push(query.get('labelSelector')), cluster[`${base}/pods`] as object) })
  t.equal(code, 0, stderr)
  t.strictSame(selectors, ['app=web,tier in (a,b),!old'])
  t.match(stdout, /^Deployment default\/web: Degraded 0\/1\n/)
  t.notMatch(stdout, 'stranger')
})

t.test('what is not answered in time is said, and the rest is explained', async (t) => {
  const { code, stdout } = await why(t, { [`${base}/events`]: silence, [`${base}/pods/web-1/log`]: silence }, '--timeout', '2s')
  t.equal(code, 0)
  t.match(stdout, /^web-1: web ended with exit code 1, restarted once/m)
  t.match(stdout, 'Events could not be asked: no answer within 2 s (--timeout)\n')
  t.match(stdout, 'the log of web-1 could not be read: no answer within 2 s (--timeout)\n')
})

t.test('a cluster that does not answer at all: 3, and a sentence', async (t) => {
  const { code, stdout, stderr } = await why(t, { '/version': silence }, '--timeout', '1s')
  t.equal(code, 3)
  t.equal(stdout, '')
  t.match(stderr, /^usher why: no answer within 1 s \(--timeout\): is the cluster the right one/)
})

t.test('it asks for what it needs, and for no more', async (t) => {
  const { server } = await why(t, {})
  t.notOk(server.asked.some((each) => each.startsWith('POST') || each.includes('secrets') || each.includes('nodes')), 'nothing is changed, and nothing looked at that is not about it')
  t.equal(server.asked.filter((each) => each.endsWith('/events')).length, 3, 'the Deployment, its ReplicaSet, and the pod')
})
