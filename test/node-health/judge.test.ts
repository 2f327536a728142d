import t from 'tap'
import type { BootEvidence } from '../../src/node-health/boot.ts'
import { type DaemonPod, readDaemonPod } from '../../src/node-health/daemon-pod.ts'
import { type DaemonSetFacts, readDaemonSet } from '../../src/node-health/daemon-set.ts'
import { describeVerdict } from '../../src/node-health/describe.ts'
import { judge, type Verdict } from '../../src/node-health/judge.ts'
import type { NodeFacts } from '../../src/node-health/node.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { daemonPodJson, type DaemonPodParts, daemonSetJson, type DaemonSetParts } from '../support/daemon-json.ts'

const node: NodeFacts = { name: 'n1', labels: {}, taints: [] }
const always: BootEvidence = { isOfThisBoot: () => true }
const never: BootEvidence = { isOfThisBoot: () => false }
const up = new Date('2026-11-25T10:00:09Z')

function daemonSet(name: string, parts: DaemonSetParts = {}): DaemonSetFacts {
  const facts = readDaemonSet(daemonSetJson(name, parts))
  if (facts === undefined) throw new Error(name)
  return facts
}

function pod(owner: string, parts: DaemonPodParts = {}, status?: JsonObject): DaemonPod {
  const json = daemonPodJson(owner, parts)
  const facts = readDaemonPod(status === undefined ? json : { ...json, status })
  if (facts === undefined) throw new Error(owner)
  return facts
}

const missing = (verdict: Verdict): readonly string[] => verdict.missing.map(({ name, why }) => `${name}: ${why}`)

t.test('each DaemonSet needs a ready pod; what is missing is named in the order of names', async (t) => {
  const all = ['proxy', 'cni', 'agent'].map((name) => daemonSet(name))
  const verdict = judge(all, node, [pod('proxy'), pod('agent', { startedAt: up })], always)
  t.strictSame(verdict, {
    healthy: false,
    required: 3,
    missing: [
      { namespace: 'kube-system', name: 'cni', why: 'no-pod' },
      { namespace: 'kube-system', name: 'proxy', why: 'not-ready' },
    ],
  })
  const ready = all.map(({ name }) => pod(name, { startedAt: up }))
  t.strictSame(judge(all, node, ready, always), { healthy: true, required: 3, missing: [] })
})

t.test('no DaemonSets at all are healthy', async (t) => {
  t.strictSame(judge([], node, [], never), { healthy: true, required: 0, missing: [] })
})

t.test('that a pod is ready by a status of before the boot does not count', async (t) => {
  t.strictSame(missing(judge([daemonSet('cni')], node, [pod('cni', { startedAt: up })], never)), ['cni: before-boot'])
})

for (const [what, found, expected] of [
  ['is not ready', pod('cni', { startedAt: up, ready: false }), ['cni: not-ready']],
  ['is being deleted', pod('cni', { startedAt: up, metadata: { deletionTimestamp: '2026-11-25T10:00:00Z' } }), ['cni: no-pod']],
  ['has failed', pod('cni', {}, { phase: 'Failed' }), ['cni: no-pod']],
  ['is ready, as an unreachable node left it, and does not run', pod('cni', {}, { phase: 'Pending', conditions: [{ type: 'Ready', status: 'True' }] }), ['cni: not-ready']],
  ['has no conditions', pod('cni', {}, { phase: 'Running' }), ['cni: not-ready']],
  ['is of another DaemonSet of this name, that is there no more', pod('cni', { startedAt: up, metadata: { ownerReferences: owner({ uid: 'uid-old' }) } }), ['cni: no-pod']],
] as const) {
  t.test(`a pod that ${what} does not count`, async (t) => {
    t.strictSame(missing(judge([daemonSet('cni')], node, [found], always)), expected)
  })
}

function owner(parts: JsonObject): readonly JsonObject[] {
  return [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'cni', uid: 'uid-cni', controller: true, ...parts }]
}

t.test('only the controller counts, and only where it is a DaemonSet', async (t) => {
  for (const parts of [{ controller: false }, { controller: null }, { kind: 'ReplicaSet' }, { apiVersion: 'example.com/v1' }, { uid: null }]) {
    t.equal(readDaemonPod(daemonPodJson('cni', { metadata: { ownerReferences: owner(parts) } })), undefined, JSON.stringify(parts))
  }
  t.equal(readDaemonPod({ metadata: { uid: 'a', namespace: 'b' } }), undefined)
  t.equal(readDaemonPod({}), undefined)
})

t.test('of several pods of one DaemonSet, one that is ready is enough', async (t) => {
  const old = pod('cni', { startedAt: up, metadata: { deletionTimestamp: '2026-11-25T10:00:00Z' } })
  t.ok(judge([daemonSet('cni')], node, [pod('cni'), pod('cni', { startedAt: up }), old], always).healthy)
})

t.test('a DaemonSet that is being deleted, or that does not run here, is not waited for', async (t) => {
  const gone = daemonSet('gone', { metadata: { deletionTimestamp: '2026-11-25T10:00:00Z' } })
  t.strictSame(judge([gone, daemonSet('elsewhere', { pod: { nodeName: 'n2' } })], node, [pod('gone')], always), { healthy: true, required: 0, missing: [] })
})

t.test('on a node with a taint that keeps new pods away, one that has a pod is waited for, and one that has none is not', async (t) => {
  const tainted = { ...node, taints: [{ key: 'node.kubernetes.io/not-ready', value: '', effect: 'NoSchedule' }] }
  const all = [daemonSet('cni'), daemonSet('proxy')]
  t.strictSame(judge(all, tainted, [pod('cni')], always), { healthy: false, required: 1, missing: [{ namespace: 'kube-system', name: 'cni', why: 'not-ready' }] })
  const ending = pod('cni', { metadata: { deletionTimestamp: '2026-11-25T10:00:00Z' } })
  t.strictSame(judge(all, tainted, [ending], always), { healthy: true, required: 0, missing: [] })
})

t.test('a verdict in a line', async (t) => {
  const whys = ['no-pod', 'not-ready', 'before-boot', 'no-pod', 'no-pod'] as const
  const many = whys.map((why, index) => ({ namespace: 'kube-system', name: `ds-${index}`, why }))
  t.equal(describeVerdict({ healthy: true, required: 0, missing: [] }), 'no DaemonSet has to run here')
  t.equal(describeVerdict({ healthy: true, required: 4, missing: [] }), 'all 4 ready')
  t.equal(describeVerdict({ healthy: false, required: 4, missing: many.slice(0, 1) }), '1 of 4 not ready: kube-system/ds-0 (no pod)')
  t.equal(
    describeVerdict({ healthy: false, required: 7, missing: many }),
    '5 of 7 not ready: kube-system/ds-0 (no pod), kube-system/ds-1 (not ready), kube-system/ds-2 (ready before the boot) and 2 more',
  )
  const long = many.map((each) => ({ ...each, namespace: 'n'.repeat(63), name: 'm'.repeat(253) }))
  t.equal(describeVerdict({ healthy: false, required: 7, missing: long }), `5 of 7 not ready: ${'n'.repeat(59)}… (no pod) and 4 more`)
  const most = `waiting for daemonsets (${describeVerdict({ healthy: false, required: 123, missing: Array.from({ length: 123 }, () => long[2] ?? many[0]).filter((each) => each !== undefined) })}, 600 s), 100 ahead`
  t.ok(Buffer.byteLength(most) <= 200, 'it fits what usher-wait shows')
})
