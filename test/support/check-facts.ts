import jsonpatch, { type Operation } from 'fast-json-patch'
import type { Asked } from '../../src/check/asked.ts'
import { probePod } from '../../src/check/dry-run.ts'
import type { Facts } from '../../src/check/facts.ts'
import { contextOf } from '../../src/check/injection-check.ts'
import { defaultConfig } from '../../src/config/defaults.ts'
import { decide } from '../../src/inject/decide.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { lockState, nodeStatus } from './node-status.ts'

/** What was told. */
export function told<T>(value: T): Asked<T> {
  return { kind: 'told', value }
}

/** When the facts are of. */
export const now = Date.parse('2026-11-25T12:00:00Z')

const labels = { 'app.kubernetes.io/version': '0.1.0' }
const meta = (name: string, component?: string) => ({
  name,
  namespace: 'usher-system',
  labels: { ...labels, ...(component === undefined ? {} : { 'app.kubernetes.io/component': component }) },
})

/** An installation that is whole. */
export const installation: Facts['installation'] = {
  namespace: 'usher-system',
  daemonSet: {
    metadata: meta('usher-lock', 'lock'),
    spec: { template: { spec: { containers: [{ name: 'lock' }] } } },
    status: { desiredNumberScheduled: 1, updatedNumberScheduled: 1, numberReady: 1 },
  },
  deployment: {
    metadata: meta('usher-webhook', 'webhook'),
    spec: { replicas: 2, template: { spec: { containers: [{ name: 'webhook', args: ['webhook', '--lock-daemonset=usher-lock', '--certs-secret=tls'] }] } } },
    status: { replicas: 2, updatedReplicas: 2, readyReplicas: 2 },
  },
  service: { metadata: meta('usher-webhook', 'webhook') },
  configMap: { metadata: meta('usher-config'), data: { 'usher.yaml': '{}' } },
}

/** A webhook configuration that leads to it; `change` is of each of its webhooks. */
export function configuration(change: JsonObject = {}, ca = ''): JsonObject {
  const webhooks = ['namespace', 'audit', 'pod'].map((name) => ({
    name: `${name}.usher.dev`,
    failurePolicy: 'Ignore',
    timeoutSeconds: 2,
    clientConfig: { service: { namespace: 'usher-system', name: 'usher-webhook' }, caBundle: Buffer.from(ca).toString('base64') },
    ...change,
  }))
  return { metadata: { name: 'usher' }, webhooks }
}

/** A namespace in which usher is on. */
export function namespace(name: string, annotations: JsonObject = {}): JsonObject {
  return { metadata: { name, labels: { 'usher.dev/inject': 'enabled' }, annotations } }
}

/** What the API server makes of the check's pod there, by the webhook alone. */
export function injectedPod(of: JsonObject): JsonObject {
  const context = contextOf(of, { config: told(defaultConfig), kubeVersion: { major: 1, minor: 37 } })
  if (context === undefined) throw new Error('there is no configuration')
  const pod = probePod('shop', 'image')
  return jsonpatch.applyPatch(pod, decide(pod, context).patch as Operation[], false, false).newDocument
}

/** A cluster in which all is well, but for these parts. */
export function facts(parts: Partial<Facts> = {}): Facts {
  const shop = namespace('shop')
  return {
    now,
    ownVersion: '0.1.0',
    server: 'https://here',
    serverVersion: told('v1.37.2'),
    kubeVersion: { major: 1, minor: 37 },
    denied: [],
    chosenNamespace: undefined,
    namespaces: told(['usher-system']),
    installation,
    missingRights: told([]),
    webhookConfigurations: told([configuration()]),
    secret: told(undefined),
    webhookByProxy: told(true),
    webhookMetrics: [{ pod: 'usher-webhook-1', metrics: told('usher_webhook_breaker_open{cause="no-lock-ready"} 0\n') }],
    config: told(defaultConfig),
    enabled: told([shop]),
    dryRuns: [{ namespace: shop, pod: told(injectedPod(shop)) }],
    nodes: told([{ metadata: { name: 'worker-1' } }]),
    locks: told([nodeStatus('worker-1', lockState())]),
    webhookPods: told([]),
    lockPods: told([{ spec: { nodeName: 'worker-1' }, status: { containerStatuses: [{ name: 'hold', state: { running: {} } }] } }]),
    pods: told([]),
    kubelets: [],
    ...parts,
  }
}
