import t from 'tap'
import { ClusterRoom } from '../../src/placement/cluster-room.ts'
import { ownerOf } from '../../src/placement/pod-owner.ts'
import { podOf, roomOf } from './world.ts'

t.test('each pod takes its room on its node; those that are over, or have none, take none', async (t) => {
  const cluster = new ClusterRoom([roomOf('b'), roomOf('a')], [])
  t.strictSame(cluster.rooms.map(({ node }) => node.name), ['a', 'b'])
  cluster.add(podOf({ memory: '2Gi' }, { nodeName: 'a' }))
  cluster.add({ ...podOf({ memory: '2Gi' }, { nodeName: 'a' }), status: { phase: 'Failed' } })
  cluster.add(podOf({ memory: '2Gi' }))
  cluster.add(podOf({ memory: '2Gi' }, { nodeName: 'gone' }))
  t.strictSame([cluster.rooms[0]?.free('memory'), cluster.rooms[0]?.freePods, cluster.othersWaiting], [6 * 2 ** 30, 9, 1])
})

t.test('whose a pod is', async (t) => {
  const controlled = (kind: string, name: string, labels = {}): ReturnType<typeof podOf> => podOf({}, {}, { uid: 'pod', labels, ownerReferences: [{ kind, name, uid: 'uid', controller: true }] })
  const owns = (kind: string, pod: ReturnType<typeof podOf>, uid: string | undefined = 'uid'): boolean => ownerOf(kind, 'shop', 'web', uid).owns(pod)
  t.ok(owns('Deployment', controlled('ReplicaSet', 'web-5d9', { 'pod-template-hash': '5d9' })))
  t.notOk(owns('Deployment', controlled('ReplicaSet', 'web-api-5d9', { 'pod-template-hash': '5d9' })), 'of web-api')
  t.notOk(ownerOf('Deployment', 'shop', 'web', undefined).owns(controlled('ReplicaSet', 'web-5d9', { 'pod-template-hash': '5d9' })), 'there is no such Deployment')
  t.ok(owns('StatefulSet', controlled('StatefulSet', 'web')))
  t.notOk(owns('StatefulSet', controlled('StatefulSet', 'web'), 'another'), 'of one that was there before')
  t.notOk(ownerOf('StatefulSet', 'elsewhere', 'web', 'uid').owns(controlled('StatefulSet', 'web')))
  t.notOk(owns('CronJob', controlled('Job', 'web-123')))
  t.ok(owns('Pod', podOf({}, {}, { uid: 'uid' })))
  t.notOk(owns('StatefulSet', podOf()))
  t.equal(ownerOf('StatefulSet', 'shop', 'web', 'uid').revisionOf(podOf({}, {}, { labels: { 'controller-revision-hash': 'web-1' } })), 'web-1')
})
