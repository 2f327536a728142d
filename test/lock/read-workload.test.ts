import t from 'tap'
import { readWorkload } from '../../src/lock/read-workload.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { podJson } from '../support/pod-json.ts'

const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-6d4c', uid: 'uid-web', controller: true }
const labels = { 'pod-template-hash': '6d4c' }

function of(metadata: JsonObject): ReturnType<typeof readWorkload> {
  return readWorkload(podJson('web', { metadata: { labels, ownerReferences: [owner], ...metadata } }))
}

t.test('pods of one controller and one template are one workload, and others are not', async (t) => {
  const web = { key: 'shop/uid-web/6d4c', name: 'shop/ReplicaSet/web-6d4c' }
  t.strictSame(of({}), web)
  t.strictSame(of({ name: 'web-x', uid: 'other', annotations: { any: 'thing' } }), web)
  const others = [
    of({ namespace: 'other' }),
    of({ labels: { 'pod-template-hash': '77f9' } }),
    of({ ownerReferences: [{ ...owner, uid: 'uid-next' }] }),
  ]
  t.equal(new Set([web, ...others].map((each) => each?.key)).size, 4)
})

t.test('the template of a StatefulSet is its revision, and a Job has but one', async (t) => {
  const statefulSet = { ...owner, kind: 'StatefulSet', name: 'db', uid: 'uid-db' }
  t.strictSame(of({ labels: { 'controller-revision-hash': 'db-5f6' }, ownerReferences: [statefulSet] }), { key: 'shop/uid-db/db-5f6', name: 'shop/StatefulSet/db' })
  const job = { apiVersion: 'batch/v1', kind: 'Job', name: 'import', uid: 'uid-import', controller: true }
  t.strictSame(of({ labels: {}, ownerReferences: [job] }), { key: 'shop/uid-import/', name: 'shop/Job/import' })
  t.equal(of({ labels: {}, ownerReferences: [{ ...job, apiVersion: 'example.com/v1' }] }), undefined, 'not anybody’s Job')
})

t.test('where nothing says that pods are made of one template there is no workload', async (t) => {
  for (const metadata of [
    { ownerReferences: [] },
    { ownerReferences: null },
    { ownerReferences: [{ ...owner, controller: false }] },
    { ownerReferences: [{ ...owner, uid: 7 }] },
    { ownerReferences: [{ ...owner, name: null }] },
    { ownerReferences: [{ ...owner, kind: 7 }] },
    { labels: {} },
    { labels: null },
    { labels: { 'pod-template-hash': '' } },
    { labels: { 'pod-template-hash': 7 } },
    { namespace: 7 },
  ] as const satisfies readonly JsonObject[]) {
    t.equal(of(metadata), undefined, JSON.stringify(metadata))
  }
  t.equal(readWorkload({}), undefined)
  t.equal(readWorkload({ metadata: [] }), undefined)
})

t.test('an owner reference may say anything: what is too long to be kept is no workload', async (t) => {
  t.equal(of({ ownerReferences: [{ ...owner, uid: 'x'.repeat(513) }] }), undefined)
  t.equal(of({ ownerReferences: [{ ...owner, name: 'x'.repeat(513) }] }), undefined)
  t.ok(of({ ownerReferences: [{ ...owner, name: 'x'.repeat(253) }] }))
})
