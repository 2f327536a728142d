import * as fc from 'fast-check'
import type { JsonObject } from '../../src/units/json.ts'
import { type Field, oneOf } from './arbitrary-container.ts'

type Entry = fc.Arbitrary<readonly [string, string]>

const longName = 'a-very-long-name-of-a-container-that-nobody-would-write-by-hand'
const manyNames = Array.from({ length: 30 }, (_, index) => `${longName.slice(0, 50)}-${index}`).join(',')

/** Values that are wrong wherever they stand. */
const wrong: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.constantFrom('', ' ', '-5s', '15', 'yes please', '\u0000'.repeat(50), '"'.repeat(80), '\ud800', '😀'.repeat(40), '\u2028\u009f\r\n'),
  fc.constant('x'.repeat(400)),
)

function entry(key: string, ...right: readonly [string, ...string[]]): Entry {
  const value = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...right) }, { weight: 1, arbitrary: wrong })
  return value.map((text) => [key, text] as const)
}

/** The annotations that tune, valid on pods and namespaces. */
const tuning: readonly Entry[] = [
  entry('usher.dev/nap', '15s', '15s', '1s', '300s', '1m', '2m30s', '500ms', '0s', '301s', '9999h', 'disabled', 'enabled'),
  entry('usher.dev/nap-method', 'auto', 'native', 'exec', 'exec', 'exec', 'Exec'),
  entry('usher.dev/nap-containers', 'app', 'app,web', 'app, db', 'missing', longName, manyNames, ',', 'app,'),
  entry('usher.dev/lock', 'enabled', 'enabled', 'enabled', 'disabled', 'TRUE', ' no ', 'maybe'),
  entry('usher.dev/lock-lease', '120s', '15m', '0s', '901s'),
  entry('usher.dev/lock-max-wait', '240s', '9m', '541s'),
  entry('usher.dev/lock-weight', '1', '2', '16', '0', '17', '1.5', '１'),
  entry('usher.dev/lock-position', 'first', 'last', 'last', 'middle'),
  entry('usher.dev/depends-on', 'service/redis', 'job/db, service/shop/redis:timeout=5m', 'deployment/web:on-timeout=fail', 'statefulset/db:timeout=9h, redis', 'daemonset/agent:timeout=soon', 'disabled', 'redis', ','),
]

const unknown: Entry = fc
  .tuple(fc.oneof(fc.constantFrom('napp', 'Nap', 'nap/x', ''), fc.string(), wrong), wrong)
  .map(([name, value]) => [`usher.dev/${name === 'status' ? 'stat' : name}`, value] as const)

const linkerdPorts = 'config.linkerd.io/skip-outbound-ports'

const meshes: readonly Entry[] = [
  entry('sidecar.istio.io/inject', 'true', 'false'),
  entry('sidecar.istio.io/status', '{"initContainers":["istio-init"]}'),
  entry('traffic.sidecar.istio.io/excludeOutboundPorts', '', ' ', '15090', '8888', '15090, 8888', '1,2', '*'),
  entry('linkerd.io/inject', 'enabled', 'ingress', 'disabled'),
  entry(linkerdPorts, '4222,6222', '8000-9000', '8888', '4222, 8000-8887', ''),
]

function applied(spec: JsonObject): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec })
}

const others: readonly Entry[] = [
  entry(
    'kubectl.kubernetes.io/last-applied-configuration',
    applied({ containers: [{ name: 'app', image: 'app' }] }),
    applied({ containers: [{ name: 'app', image: 'app' }], terminationGracePeriodSeconds: 60 }),
    applied({ containers: [{ name: 'app', livenessProbe: { terminationGracePeriodSeconds: 5 } }] }),
    '{"spec":{"terminationGracePeriodSeconds":',
    '{"spec":[],"terminationGracePeriodSeconds":1}',
  ),
  entry('cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes', 'data', '', 'usher-bin', 'data, usher-bin', 'data,'),
  entry('prometheus.io/scrape', 'true'),
]

/** What turns usher off for a pod, or looks as if it did. */
const switches: readonly Entry[] = [
  entry('usher.dev/inject', 'enabled', 'enabled', 'disabled', 'FALSE', ' off', 'no', 'maybe'),
  entry('kubernetes.io/config.mirror', 'b2f1'),
  entry('kubernetes.io/config.source', 'api', 'api', 'file'),
]

const appArmor = entry('container.apparmor.security.beta.kubernetes.io/app', 'unconfined', 'runtime/default')

function some(entries: readonly { readonly weight: number; readonly arbitrary: Entry }[]): fc.Arbitrary<JsonObject> {
  return fc.array(fc.oneof(...entries), { minLength: 1, maxLength: 4 }).map((list): JsonObject => Object.fromEntries(list))
}

/** The annotations of a pod: absent, null, empty, or some of ours, of a mesh's and of others'. None is our status. */
export function arbitraryAnnotations(loose: boolean): Field {
  const entries = [
    ...tuning.map((arbitrary) => ({ weight: 6, arbitrary })),
    ...meshes.map((arbitrary) => ({ weight: 4, arbitrary })),
    ...others.map((arbitrary) => ({ weight: 4, arbitrary })),
    ...switches.map((arbitrary) => ({ weight: 1, arbitrary })),
    { weight: 2, arbitrary: unknown },
    ...(loose ? [{ weight: 2, arbitrary: appArmor }] : []),
  ]
  return fc.oneof(
    { weight: 1, arbitrary: oneOf(undefined, null, {}) },
    { weight: 4, arbitrary: some(entries) },
  )
}

/** The annotations of a namespace, as far as they matter to us. */
export const arbitraryNamespaceAnnotations: fc.Arbitrary<JsonObject> = some([
  ...tuning.map((arbitrary) => ({ weight: 2, arbitrary })),
  { weight: 3, arbitrary: entry('linkerd.io/inject', 'enabled', 'disabled') },
  { weight: 3, arbitrary: entry(linkerdPorts, '4222', '8888', '') },
  { weight: 3, arbitrary: entry('openshift.io/sa.scc.uid-range', '1000620000/10000', '1000-2000', '0/10', 'x/1') },
])
