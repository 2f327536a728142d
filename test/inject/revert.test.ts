import t from 'tap'
import { decide } from '../../src/inject/decide.ts'
import { revert } from '../../src/inject/revert.ts'
import type { Json, JsonObject } from '../../src/units/json.ts'
import { context } from '../support/context.ts'
import { patched } from '../support/injected.ts'

const port = 'traffic.sidecar.istio.io/excludeOutboundPorts'
const evict = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes'
const exec = { ...context, kubeVersion: { major: 1, minor: 29 } }

t.test('leaves what somebody has set anew since, and names it', async (t) => {
  const pod = podWith({ livenessProbe: { terminationGracePeriodSeconds: 5 } })
  const after = injected(pod)
  const changed = change(change(after, '/spec/terminationGracePeriodSeconds', 90), '/spec/containers/0/livenessProbe/terminationGracePeriodSeconds', 20)
  const { kept, back } = reverted(changed)
  t.strictSame(kept, ['spec.containers.0.livenessProbe.terminationGracePeriodSeconds', 'spec.terminationGracePeriodSeconds'])
  t.strictSame(back, change({ ...pod, spec: { ...(pod['spec'] as JsonObject), terminationGracePeriodSeconds: 90 } }, '/spec/containers/0/livenessProbe/terminationGracePeriodSeconds', 20))
})

t.test('says nothing where somebody has put back what was there', async (t) => {
  const pod = podWith({ livenessProbe: { terminationGracePeriodSeconds: 5 } }, { terminationGracePeriodSeconds: 60 })
  const changed = change(change(injected(pod), '/spec/terminationGracePeriodSeconds', 60), '/spec/containers/0/livenessProbe/terminationGracePeriodSeconds', 5)
  t.strictSame(reverted(changed), { kept: [], back: pod })
})

t.test('leaves a hook that is no longer ours, and what was added beside it', async (t) => {
  const after = injected(podWith({}))
  const longer = change(after, '/spec/containers/0/lifecycle/preStop/sleep/seconds', 12)
  t.strictSame(reverted(longer).kept, ['spec.containers.0.lifecycle.preStop'])
  const renamed = change(after, '/spec/containers/0/name', 'main')
  t.strictSame(reverted(renamed).kept, ['spec.containers, where app was,'])
  const other = change(after, '/spec/containers/0/lifecycle/preStop', { exec: { command: ['drain'] } })
  t.strictSame(reverted(other).back['spec'], { containers: [{ name: 'app', lifecycle: { preStop: { exec: { command: ['drain'] } } } }] })
  const beside = change(after, '/spec/containers/0/lifecycle/postStart', { exec: { command: ['warm-up'] } })
  t.strictSame(reverted(beside).back['spec'], { containers: [{ name: 'app', lifecycle: { postStart: { exec: { command: ['warm-up'] } } } }] })
})

t.test('takes only its own item out of a list that went on', async (t) => {
  for (const [was, now, back] of [
    [undefined, '8888', undefined],
    [undefined, '8888,9', '9'],
    ['15,16', '15,16,8888', '15,16'],
    ['15', '15,8888,9', '15,9'],
    ['15', '14, 8888', '14'],
    ['', '8888', ''],
  ] as const) {
    const annotations = { 'sidecar.istio.io/status': '{}', ...(was === undefined ? {} : { [port]: was }) }
    const after = change(injected(podWith({}, {}, annotations)), `/metadata/annotations/${port.replace('/', '~1')}`, now)
    const { kept, back: pod } = reverted(after)
    t.strictSame(kept, [])
    t.strictSame(pod['metadata'], { name: 'web', annotations: { 'sidecar.istio.io/status': '{}', ...(back === undefined ? {} : { [port]: back }) } }, now)
  }
  const gone = change(injected(podWith({}, {}, { 'sidecar.istio.io/status': '{}', [port]: '15' })), `/metadata/annotations/${port.replace('/', '~1')}`, '16')
  t.strictSame(reverted(gone).kept, [`metadata.annotations.${port}`])
})

t.test('takes the binary, its volume and its mounts out, and leaves those of others', async (t) => {
  const pod = podWith({ volumeMounts: [{ name: 'data', mountPath: '/data' }] }, { volumes: [{ name: 'data', emptyDir: {} }] }, { [evict]: 'data' })
  const after = injected(pod, exec)
  t.match(JSON.stringify(after), '"usher-bin"')
  t.strictSame(reverted(after), { kept: [], back: pod })
})

t.test('takes the volumes of the binary and of the token out, whatever came between, and nothing of that name that is not ours', async (t) => {
  const token = { ...context, config: { ...context.config, lock: { ...context.config.lock, token: true } } }
  const both = { ...token, kubeVersion: exec.kubeVersion }
  const data = { name: 'data', emptyDir: {} }
  for (const spec of [{}, { volumes: [] }, { volumes: null }, { volumes: [data] }]) {
    const pod = podWith({}, spec)
    t.strictSame(reverted(injected(pod, token)), { kept: [], back: pod })
    t.strictSame(reverted(injected(pod, both)), { kept: [], back: pod })
  }
  const between = change(injected(podWith({}), both), '/spec/volumes/1', data)
  t.strictSame(reverted(between).back['spec'], { containers: [{ name: 'app' }], volumes: [data] })
  const foreign = podWith({}, { volumes: [{ name: 'usher-token', emptyDir: {} }] })
  t.strictSame(reverted(injected(foreign, exec)), { kept: [], back: foreign })
  const gone = change(injected(podWith({}), both), '/spec/volumes', [])
  t.strictSame(reverted(gone).back['spec'], { containers: [{ name: 'app' }], volumes: [] })
})

t.test('gives nothing to do where nothing is known', async (t) => {
  t.strictSame(revert(podWith({})), { kind: 'not-injected' })
  t.strictSame(revert({ spec: { containers: [] } }), { kind: 'not-injected' })
  for (const status of ['', 'null', '[]', '{"v":0}', '{']) {
    t.match(revert(podWith({}, {}, { 'usher.dev/status': status })), { kind: 'unreadable', detail: /status is not what usher writes/ }, status)
  }
  t.match(revert({ metadata: { annotations: { 'usher.dev/status': '{"v":1}' } }, spec: { containers: [] } }), { kind: 'unreadable', detail: 'spec.containers is empty' })
  t.strictSame(revert(podWith({}, {}, { 'usher.dev/status': '{"v":2}' })), { kind: 'newer-status' })
})

function podWith(container: JsonObject, spec: JsonObject = {}, annotations?: JsonObject): JsonObject {
  return {
    metadata: { name: 'web', ...(annotations === undefined ? {} : { annotations }) },
    spec: { ...spec, containers: [{ name: 'app', ...container }] },
  }
}

function injected(pod: JsonObject, by = context): JsonObject {
  return patched(pod, decide(pod, by))
}

function change(pod: JsonObject, path: string, value: Json): JsonObject {
  return patched(pod, { patch: [{ op: 'add', path, value }], reasons: [], warnings: [] })
}

function reverted(pod: JsonObject): { readonly kept: readonly string[]; readonly back: JsonObject } {
  const reversal = revert(pod)
  if (reversal.kind !== 'revert') throw new Error(reversal.kind)
  return { kept: reversal.kept, back: patched(pod, { patch: reversal.patch, reasons: [], warnings: [] }) }
}
