import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { bundle } from '../../deploy/images/bundle.ts'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { askHeld, stateFolder, type WireConnection } from '../support/lock-process.ts'
import { podStatus } from '../support/pod-json.ts'
import { listAt } from '../support/pod-reader.ts'
import { until } from '../support/until.ts'
import { start } from '../support/usher-process.ts'
import { apiPods } from './api-pods.ts'
import { startApiServer } from './api-server.ts'

// A node's pods, by the kubelet's default.
const count = 110
const bytesOfPod = 8 * 1_024
const mostKib = 40 * 1_024
// As in the chart.
const nodeFlags = ['--single-threaded', '--optimize-for-size', '--max-semi-space-size=1']
const loopback = ['--host', '127.0.0.1', '--port', '0']

t.test('the bundled lock of a full node stays small: with all pods known, and when each has had its turn', async (t) => {
  const { kubeconfig } = await startApiServer(t)
  const pods = apiPods(fromKubeconfig(kubeconfig))
  const names = Array.from({ length: count }, (_, index) => `checkout-${index}`)
  const uids: string[] = []
  for (const name of names) uids.push(await pods.create(name, largePod(name)))
  const items = listAt(await pods.list(), 'items')
  const sizes = items.map((item) => JSON.stringify(item).length)
  t.ok(items.length === count && Math.min(...sizes) >= bytesOfPod, `${count} pods of ${Math.min(...sizes)} bytes and more`)

  const lock = start(t, [...loopback, '--state-dir', stateFolder(t), '--strict', '--kubeconfig', kubeconfig, '--node', 'n1', '--unknown', 'refuse'], {
    script: await bundle('lock'),
    nodeFlags,
    // The image has none, and what comes out of it takes memory; the others are the chart's.
    env: { NODE_DISABLE_COMPILE_CACHE: '1', MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072', MALLOC_MMAP_THRESHOLD_: '131072' },
  })
  const line = (message: string) => until(() => `the log says ${message}: ${lock.stderr()}`, () => lock.lines.find(({ msg }) => msg === message))
  t.match(await line('the pods of the node are known'), { pods: count })
  const port = Number((await line('listening'))['port'])
  report(t, lock.pid, 'with all pods known')

  const held: WireConnection[] = []
  for (const uid of uids) held.push(await askHeld(t, { port }, `/?uid=${uid}`, { wait: 300 }))
  let most = 0
  for (const [index, name] of names.entries()) {
    t.equal((await held[index]?.answer())?.status, 200, name)
    for (const status of [podStatus.waiting, podStatus.started, podStatus.up]) await pods.setStatus(name, status(`containerd://${name}-1`, `10.1.0.${index}`))
    most = Math.max(most, kibOf(lock.pid, 'RssAnon'))
  }
  await until('all have given it back', () => lock.lines.filter(({ msg, cause }) => msg === 'released' && cause === 'ready').length === count)
  report(t, lock.pid, `after ${count} grants (${Math.round(most / 102.4) / 10} MiB at most meanwhile)`)
  t.ok(most <= mostKib, `${most} KiB are not more than ${mostKib}`)
})

/** Says how much memory a process has, and checks it: anonymous memory, without what the kernel can drop. */
function report(t: Test, pid: number, when: string): void {
  const [anonymous, data] = [kibOf(pid, 'RssAnon'), kibOf(pid, 'VmData')]
  t.comment(`${when}: RssAnon ${(anonymous / 1_024).toFixed(1)} MiB, VmData ${(data / 1_024).toFixed(1)} MiB`)
  t.ok(anonymous <= mostKib, `${when}: ${anonymous} KiB are not more than ${mostKib}`)
}

function kibOf(pid: number, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

/** A pod as they are in clusters: settings in its environment, volumes, and annotations of other tools. */
function largePod(name: string): { readonly metadata: JsonObject; readonly spec: JsonObject } {
  const env = (prefix: string): JsonObject[] => Array.from({ length: 6 }, (_, index) => ({
    name: `${prefix}_SETTING_${index}`, value: `https://${name}-${index}.shop.svc.cluster.local:8443/api/v1?timeout=30s`,
  }))
  const mounts = ['config', 'cache', 'certs'].map((volume) => ({ name: volume, mountPath: `/var/lib/${volume}` }))
  const container = (own: string): JsonObject => ({
    name: own,
    image: `registry.example.com/shop/${own}@sha256:${'0123456789abcdef'.repeat(4)}`,
    env: env(own.toUpperCase()),
    ports: [{ name: 'http', containerPort: own === 'web' ? 8_080 : 9_090 }],
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 5 },
    livenessProbe: { httpGet: { path: '/live', port: 'http' }, periodSeconds: 10 },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
    volumeMounts: mounts,
  })
  return {
    metadata: {
      annotations: {
        'prometheus.io/scrape': 'true',
        'checksum/config': '0123456789abcdef'.repeat(4),
        'kubectl.kubernetes.io/restartedAt': '2026-11-25T10:00:00Z',
        'example.com/sidecar': JSON.stringify({ containers: env('SIDECAR') }),
      },
    },
    spec: {
      containers: [container('web'), container('metrics')],
      volumes: [{ name: 'config', configMap: { name } }, { name: 'cache', emptyDir: {} }, { name: 'certs', secret: { secretName: name } }],
    },
  }
}
