import t from 'tap'
import { Boot } from '../../src/node-health/boot.ts'
import { type DaemonPod, readDaemonPod } from '../../src/node-health/daemon-pod.ts'
import { DaemonSetHealth } from '../../src/node-health/daemon-set-health.ts'
import { type DaemonSetFilter, noFilter, parseLabel } from '../../src/node-health/filter.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { daemonPodJson, daemonSetJson, nodeJson } from '../support/daemon-json.ts'

function health(filter: Partial<DaemonSetFilter> = {}, ownPod?: string): DaemonSetHealth {
  return new DaemonSetHealth({ filter: { ...noFilter, ...filter }, boot: new Boot(), ownPod })
}

function pod(json: JsonObject): DaemonPod {
  const facts = readDaemonPod(json)
  if (facts === undefined) throw new Error('it is no pod of a DaemonSet')
  return facts
}

const all = [
  daemonSetJson('cni', { metadata: { labels: { tier: 'network', vendor: 'a' } }, pod: { hostNetwork: true } }),
  daemonSetJson('proxy', { metadata: { labels: { tier: 'network' } }, pod: { hostNetwork: true } }),
  daemonSetJson('agent', { metadata: { namespace: 'monitoring', labels: { vendor: 'a' } } }),
  daemonSetJson('plain', { metadata: { labels: null } }),
]

for (const [what, filter, expected] of [
  ['all', {}, ['cni', 'plain', 'proxy', 'agent']],
  ['of a namespace', { namespace: 'monitoring' }, ['agent']],
  ['of a namespace without any', { namespace: 'shop' }, []],
  ['on the host’s network', { hostNetwork: true }, ['cni', 'proxy']],
  ['with a label', { include: [{ name: 'tier', value: 'network' }] }, ['cni', 'proxy']],
  ['with all of two labels', { include: [{ name: 'tier', value: 'network' }, { name: 'vendor', value: 'a' }] }, ['cni']],
  ['with another value', { include: [{ name: 'tier', value: 'storage' }] }, []],
  ['without any of two labels', { exclude: [{ name: 'tier', value: 'network' }, { name: 'vendor', value: 'a' }] }, ['plain']],
  ['without one label', { exclude: [{ name: 'vendor', value: 'a' }] }, ['plain', 'proxy']],
  ['by a name that every object has', { include: [{ name: 'toString', value: 'x' }] }, []],
] as const satisfies readonly (readonly [string, Partial<DaemonSetFilter>, readonly string[]])[]) {
  t.test(`counts DaemonSets: ${what}`, async (t) => {
    const tested = health(filter)
    tested.learn({ node: nodeJson('n1'), daemonSets: all })
    t.strictSame(tested.judge([])?.missing.map(({ name }) => name), expected)
  })
}

t.test('labels are those of the DaemonSet, not of its pods', async (t) => {
  const tested = health({ include: [{ name: 'app', value: 'cni' }] })
  tested.learn({ node: nodeJson('n1'), daemonSets: all })
  t.match(tested.judge([]), { required: 0 })
})

t.test('a label is read as k8s-health did', async (t) => {
  t.strictSame(parseLabel('k8s-app:kube-proxy'), { name: 'k8s-app', value: 'kube-proxy' })
  t.strictSame(parseLabel('example.com/tier:a'), { name: 'example.com/tier', value: 'a' })
  for (const text of ['', 'a', 'a:', ':a', 'a:b:c', ':']) t.equal(parseLabel(text), undefined, text)
})

t.test('nothing is judged before anything is known', async (t) => {
  const tested = health()
  t.equal(tested.judge([pod(daemonPodJson('cni'))]), undefined)
  t.notOk(tested.isUnexpected(pod(daemonPodJson('cni'))))
  tested.learn({ node: {}, daemonSets: [] })
  t.equal(tested.judge([]), undefined, 'not by an answer that holds no node')
})

t.test('a lock waits for no lock, and nobody for itself', async (t) => {
  const lock = daemonSetJson('usher-lock', { metadata: { namespace: 'usher-system', labels: { 'app.kubernetes.io/name': 'usher', 'app.kubernetes.io/component': 'lock' } } })
  const own = daemonSetJson('node-health', { metadata: { namespace: 'ops' } })
  const tested = health({}, 'uid-node-health-pod')
  tested.learn({ node: nodeJson('n1'), daemonSets: [lock, own] })
  t.strictSame(tested.judge([pod(daemonPodJson('node-health'))]), { healthy: true, required: 0, missing: [] })
  t.strictSame(tested.judge([])?.missing, [{ namespace: 'kube-system', name: 'node-health', why: 'no-pod' }].map((each) => ({ ...each, namespace: 'ops' })), 'its own pod is not known yet')
})

t.test('a pod of a DaemonSet that was not there is new', async (t) => {
  const tested = health({ namespace: 'kube-system', exclude: [{ name: 'tier', value: 'network' }] })
  tested.learn({ node: nodeJson('n1'), daemonSets: all })
  t.ok(tested.isUnexpected(pod(daemonPodJson('other'))))
  t.notOk(tested.isUnexpected(pod(daemonPodJson('cni'))), 'known, and left out')
  t.notOk(tested.isUnexpected(pod(daemonPodJson('other', { metadata: { namespace: 'monitoring' } }))), 'of a namespace that does not count')
})
