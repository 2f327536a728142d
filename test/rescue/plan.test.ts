import t from 'tap'
import { type Known, planRescue, type Wish } from '../../src/rescue/plan.ts'
import { outcomeLines, planLines, questionOf, toJson } from '../../src/rescue/report.ts'
import { readSuccessor, renewalOf, successorOf, whyNoSuccessor } from '../../src/rescue/successor.ts'
import { hang, hangingPod, later } from '../support/hanging-pod.ts'

const bare = hang({ pod: 'shop/tool', name: 'tool', owner: undefined })
const auto: Wish = { by: 'auto', image: undefined }
const nothing: Known = { images: [], successor: undefined }
const own = 'usher-wait:1'
const other = 'mirror/usher-wait:1'

t.test('another image that runs on the node frees a pod, whoever owns it', async (t) => {
  for (const pod of [hang(), bare]) {
    t.strictSame(planRescue(pod, auto, { ...nothing, images: [own, other] }), { kind: 'image', image: other, isOnNode: true })
  }
  t.strictSame(planRescue(hang(), { by: 'image', image: 'mine:2' }, nothing), { kind: 'image', image: 'mine:2', isOnNode: false }, 'or one that is named')
  t.match(planRescue(hang(), { by: 'image', image: own }, nothing), { kind: 'none', why: /has the image usher-wait:1 already/ })
  t.match(planRescue(hang(), { by: 'image', image: undefined }, { ...nothing, images: [own] }), { kind: 'none', why: /no other image of usher-wait runs on n1 \(--image/ })
})

t.test('without one, its owner makes it anew', async (t) => {
  for (const successor of [{ kind: 'without' }, { kind: 'with', image: other }] as const) {
    t.match(planRescue(hang(), auto, { images: [own], successor }), { kind: 'delete', owner: { kind: 'ReplicaSet' }, successor })
  }
  t.match(planRescue(hang(), { by: 'delete', image: undefined }, { ...nothing, images: [other] }), { kind: 'delete' })
})

t.test('nothing is deleted that would come back the same, unless somebody wants that', async (t) => {
  const known: Known = { images: [], successor: { kind: 'with', image: own } }
  t.match(planRescue(hang(), auto, known), { kind: 'none', why: /its successor would get usher-lock of the same image.*--by delete/ })
  t.match(planRescue(hang(), { by: 'delete', image: undefined }, known), { kind: 'delete' })
  t.match(planRescue(hang({ kind: 'overdue' }), auto, known), { kind: 'delete' }, 'it was not the image')
})

t.test('a pod whose owner is not known to make it anew is deleted on demand only', async (t) => {
  for (const [apiVersion, kind] of [['tekton.dev/v1', 'TaskRun'], ['argoproj.io/v1alpha1', 'Workflow'], ['v1', 'Pod'], ['apps.kruise.io/v1beta1', 'StatefulSet']] as const) {
    const run = hang({ owner: { apiVersion, kind, name: 'x', uid: 'u' } })
    t.strictSame(planRescue(run, auto, nothing), {
      kind: 'none',
      why: `whether ${kind}/x makes it anew is not known, and no other image of usher-wait runs on n1 (--image names one that can be pulled); --by delete all the same`,
    })
    t.match(planRescue(run, auto, { ...nothing, successor: { kind: 'without' } }), { kind: 'none' }, 'whatever that may be')
    t.match(planRescue(run, auto, { ...nothing, images: [other] }), { kind: 'image', image: other }, 'another image goes first')
    const deleted = planRescue(run, { by: 'delete', image: undefined }, nothing)
    t.match(deleted, { kind: 'delete', owner: { kind } })
    t.match(planLines([{ hang: run, rescue: deleted }], later(300))[1], new RegExp(` delete; whether ${kind}/x makes it anew is not known$`))
  }
})

t.test('a pod of a Job, which counts each that goes as a failure, is deleted on demand only', async (t) => {
  const job = hang({ owner: { apiVersion: 'batch/v1', kind: 'Job', name: 'migrate', uid: 'u' } })
  t.match(planRescue(job, auto, { ...nothing, successor: { kind: 'without' } }), { kind: 'none', why: /^Job\/migrate would count its deletion as a failure, and may fail for good, and no other image .*; --by delete all the same$/ })
  t.match(planRescue(job, auto, { ...nothing, images: [other] }), { kind: 'image', image: other })
  const deleted = planRescue(job, { by: 'delete', image: undefined }, { ...nothing, successor: { kind: 'without' } })
  t.match(planLines([{ hang: job, rescue: deleted }], later(300))[1], / delete; Job\/migrate counts that as a failure, and may make it anew, without the lock$/)
})

t.test('a pod whose successor is not known is deleted on demand only', async (t) => {
  const known: Known = { ...nothing, successor: { kind: 'unknown', why: 'exceeded quota' } }
  for (const kind of ['failing', 'not-started', 'overdue'] as const) {
    t.match(planRescue(hang({ kind }), auto, known), { kind: 'none', why: /^what ReplicaSet\/web-6d4cf56db6 would make in its place is not known \(exceeded quota\), and no other image .*; --by delete all the same$/ })
  }
  t.match(planRescue(hang(), { by: 'delete', image: undefined }, known), { kind: 'delete' })
})

t.test('who makes a pod anew, however often it goes', async (t) => {
  const renewal = (apiVersion: string, kind: string) => renewalOf({ apiVersion, kind, name: 'x', uid: 'u' })
  const makers = [['apps/v1', 'ReplicaSet'], ['apps/v1', 'StatefulSet'], ['apps/v1', 'DaemonSet'], ['v1', 'ReplicationController']] as const
  t.strictSame(makers.map(([apiVersion, kind]) => renewal(apiVersion, kind)), makers.map(() => 'makes'))
  t.strictSame([renewal('batch/v1', 'Job'), renewal('example.com/v1', 'ReplicaSet'), renewal('', '')], ['counts', 'unknown', 'unknown'])
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'x', uid: 'u' }
  t.equal(whyNoSuccessor(owner, { metadata: { uid: 'u' } }), undefined)
  t.equal(whyNoSuccessor(owner, { metadata: { uid: 'v' } }), 'it is gone, and another ReplicaSet has its name')
  t.equal(whyNoSuccessor(owner, { metadata: { uid: 'u', deletionTimestamp: '2026-11-25T10:00:00Z' } }), 'it is being deleted')
})

t.test('a pod that nobody makes anew is never deleted', async (t) => {
  for (const by of ['auto', 'delete'] as const) {
    t.match(planRescue(bare, { by, image: undefined }, nothing), { kind: 'none', why: /no controller would make it anew.*kubectl get pod tool -n shop -o yaml \| usher uninject -f - \| kubectl replace --force -f -/ })
  }
})

t.test('an owner makes a pod of its template, with the volumes that the pod has got beside it', async (t) => {
  const pod = hangingPod({ spec: { volumes: [{ name: 'data' }, { name: 'claim' }, { name: 'usher-bin' }, { name: 'usher-token' }, { name: 'kube-api-access-x' }] } })
  const owner = { metadata: { name: 'db' }, spec: { template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'db' }], volumes: [{ name: 'data' }] } } } }
  t.match(successorOf(pod, owner), {
    metadata: { generateName: 'db-', namespace: 'shop', labels: { app: 'db' }, ownerReferences: [{ kind: 'ReplicaSet', controller: true }] },
    spec: { containers: [{ name: 'db' }], volumes: [{ name: 'data' }, { name: 'claim' }] },
  })
  t.equal((successorOf(pod, owner)['spec'] as { readonly volumes: readonly unknown[] }).volumes.length, 2)
  t.strictSame(readSuccessor({ kind: 'told', value: { spec: { initContainers: [{ name: 'other' }] } } }), { kind: 'without' })
  t.strictSame(readSuccessor({ kind: 'told', value: hangingPod() }), { kind: 'with', image: own })
  t.strictSame(readSuccessor({ kind: 'denied', message: 'no' }), { kind: 'unknown', why: 'no' })
})

t.test('the plan is a table, a question, and what nobody can do here', async (t) => {
  const planned = [
    { hang: hang(), rescue: planRescue(hang(), auto, { images: [other], successor: undefined }) },
    { hang: hang({ pod: 'shop/api' }), rescue: planRescue(hang(), auto, { images: [], successor: { kind: 'without' } }) },
    { hang: bare, rescue: planRescue(bare, auto, nothing) },
  ]
  const lines = planLines(planned, later(300))
  t.match(lines[0], /^POD +NODE +SINCE +WHY +RESCUE$/)
  t.match(lines[1], /^shop\/web +n1 +5m +ImagePullBackOff +image mirror\/usher-wait:1, which runs on its node$/)
  t.match(lines[2], /^shop\/api .* delete; ReplicaSet\/web-6d4cf56db6 makes it anew, without the lock$/)
  t.match(lines[3], /^shop\/tool .* none \(see below\)$/)
  t.match(lines.at(-1), /^shop\/tool +no controller/)
  t.equal(questionOf(planned, 'context a'), 'Change the image of usher-lock in 1 pod, and delete 1 pod (context a)')
  t.equal(questionOf(planned.slice(2), 'context a'), undefined)
  const [first, , last] = planned
  if (first === undefined || last === undefined) throw new Error('there are three')
  const outcomes = [{ ...first, outcome: 'freed', detail: 'runs usher-lock' }, { ...last, outcome: 'left', detail: 'x' }] as const
  t.equal(outcomeLines(outcomes).at(-1), '1 of 2 pods freed')
  t.match(toJson(outcomes), { pods: [{ namespace: 'shop', pod: 'web', image: own, rescue: { by: 'image', image: other }, outcome: 'freed' }, { rescue: { by: 'none' }, outcome: 'left' }] })
})
