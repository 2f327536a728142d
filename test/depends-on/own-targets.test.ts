import t from 'tap'
import { targetText } from '../../src/depends-on/dependency.ts'
import { ownTargets, partOwn, type PodOrigin } from '../../src/depends-on/own-targets.ts'
import { parseDependsOn } from '../../src/depends-on/parse.ts'

function own(origin: Partial<PodOrigin>, text: string): readonly string[] {
  const parted = partOwn(parseDependsOn(text).dependencies, { namespace: 'shop', labels: {}, controller: undefined, ...origin })
  return parted.own.map(({ target }) => targetText(target))
}

t.test('a pod is of the Deployment of its ReplicaSet, and of other controllers by their names', async (t) => {
  const replicaSet = { controller: { kind: 'ReplicaSet', name: 'web-5c9d' }, labels: { 'pod-template-hash': '5c9d' } }
  t.strictSame(own(replicaSet, 'deployment/web, deployment/shop/web, deployment/other/web, statefulset/web, service/web'), ['deployment/web', 'deployment/shop/web'])
  t.strictSame(own({ controller: { kind: 'ReplicaSet', name: 'web' } }, 'deployment/web'), ['deployment/web'], 'of a template')
  for (const [kind, target] of [['StatefulSet', 'statefulset'], ['DaemonSet', 'daemonset'], ['Job', 'job']] as const) {
    t.strictSame(own({ controller: { kind, name: 'db' } }, `${target}/db, deployment/db`), [`${target}/db`])
  }
  t.strictSame(own({ controller: { kind: 'Rollout', name: 'web' } }, 'deployment/web'), [])
})

t.test("a pod is of the job of its label, in its own namespace", async (t) => {
  t.strictSame(own({ labels: { 'usher.dev/job': 'web' } }, 'job/web, job/shop/web, job/other/web, job/db'), ['job/web', 'job/shop/web'])
  t.strictSame(ownTargets({ namespace: 'shop', labels: { 'usher.dev/job': 7 }, controller: undefined }), [])
})
