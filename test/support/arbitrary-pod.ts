import * as fc from 'fast-check'
import type { Json, JsonObject } from '../../src/units/json.ts'
import { arbitraryAnnotations } from './arbitrary-annotations.ts'
import {
  containerBody,
  containerName,
  type Field,
  initContainerBody,
  nothing,
  oneOf,
  type ResourceStyle,
  resourcesOf,
  type SecurityStyle,
  seldom,
} from './arbitrary-container.ts'

const safeForAll = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } as const

/** Mounts of volumes that have our names, and are not ours. */
const foreignMounts = [
  { name: 'usher-bin', mountPath: '/usher' },
  { name: 'usher-bin', mountPath: '/opt/usher' },
  { name: 'usher-token', mountPath: '/usher-token' },
  { name: 'usher-token', mountPath: '/usher' },
] as const

const securityStyles: readonly SecurityStyle[] = ['restricted-by-container', 'restricted-by-pod', 'any']
const resourceStyles: readonly ResourceStyle[] = ['guaranteed', 'burstable', 'best-effort', 'any']

/**
 * Pods that the API server would mostly accept, in great variety; two thirds are written to satisfy Pod Security
 * *restricted*. None carries our status.
 */
export const arbitraryPod: fc.Arbitrary<JsonObject> = fc.oneof(
  ...securityStyles.flatMap((security) => resourceStyles.map((resources) => podOf(security, resources))),
)

function podOf(security: SecurityStyle, resources: ResourceStyle): fc.Arbitrary<JsonObject> {
  return fc
    .record({
      names: fc.uniqueArray(containerName, { minLength: 7, maxLength: 7 }),
      regular: fc.array(containerBody(security, resources), { minLength: 1, maxLength: 3 }),
      init: fc.array(initContainerBody(security, resources), { maxLength: 3 }),
      noInit: oneOf(undefined, null, []),
      foreign: fc.oneof({ weight: 20, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...foreignMounts) }),
      metadata: metadata(security === 'any'),
      spec: podSpec(security),
      more: fc.record({ status: seldom(oneOf({}, null, { phase: 'Pending' })), apiVersion: oneOf('v1'), kind: oneOf('Pod') }),
    })
    .map(({ names, regular, init, noInit, foreign, metadata, spec, more }) => {
      const containers = regular.map((body, index): JsonObject => ({ name: names[index], ...body }))
      const initContainers = init.map((body, index): JsonObject => ({ name: names[3 + index], ...body }))
      const first = containers[0]
      const { volumes } = spec
      if (foreign !== undefined && first !== undefined) {
        const mounts = Array.isArray(first['volumeMounts']) ? first['volumeMounts'] : []
        containers[0] = { ...first, volumeMounts: [...mounts, foreign] }
      }
      const foreignVolume: JsonObject = { name: foreign?.name, emptyDir: {} }
      const pod: JsonObject = {
        ...more,
        metadata,
        spec: {
          ...spec,
          volumes: foreign === undefined ? volumes : [...(Array.isArray(volumes) ? volumes : []), foreignVolume],
          initContainers: initContainers.length === 0 ? noInit : initContainers,
          containers,
        },
      }
      return asParsed(pod)
    })
}

/** As it would come from the wire: without undefined, without shared or odd prototypes. */
export function asParsed(value: JsonObject): JsonObject {
  const parsed: JsonObject = JSON.parse(JSON.stringify(value))
  return parsed
}

function metadata(loose: boolean): Field {
  const some = fc.record({
    name: oneOf('web-7d4b9c-x2x9k', undefined),
    generateName: oneOf('web-7d4b9c-', undefined),
    namespace: oneOf('shop', '', undefined),
    creationTimestamp: oneOf(null, undefined),
    labels: fc.oneof({ weight: 1, arbitrary: nothing }, { weight: 3, arbitrary: labels() }),
    annotations: arbitraryAnnotations(loose),
    ownerReferences: owners(),
  })
  return fc.oneof({ weight: 20, arbitrary: some }, { weight: 1, arbitrary: oneOf(undefined, null, {}) })
}

function labels(): fc.Arbitrary<JsonObject> {
  return fc.record({
    app: oneOf('web', undefined),
    'usher.dev/inject': seldom(oneOf('enabled', 'enabled', 'disabled', 'Disabled', ''), 6),
    'sidecar.istio.io/inject': seldom(oneOf('true', 'false')),
    'istio.io/rev': seldom(oneOf('1-26')),
  })
}

function owner(kind: string, controller: boolean | undefined = true): JsonObject {
  return { apiVersion: 'apps/v1', kind, name: 'web-7d4b9c', uid: 'f3a2', controller, blockOwnerDeletion: true }
}

function owners(): Field {
  return fc.oneof(
    { weight: 8, arbitrary: oneOf(undefined, undefined, null, []) },
    { weight: 16, arbitrary: oneOf([owner('ReplicaSet')], [owner('StatefulSet')], [owner('ReplicationController')]) },
    {
      weight: 4,
      arbitrary: oneOf(
        [owner('DaemonSet')],
        [owner('Job')],
        [owner('Rollout', undefined), owner('Job')],
        [owner('DaemonSet', false)],
        [owner('Workflow'), owner('ReplicaSet', false)],
      ),
    },
    { weight: 1, arbitrary: oneOf([owner('Node')], [{ controller: true }], [{ controller: true }]) },
  )
}

function podSpec(security: SecurityStyle): fc.Arbitrary<JsonObject> {
  const loose = security === 'any'
  return fc.record({
    terminationGracePeriodSeconds: oneOf(
      undefined, undefined, undefined, null, 0, 1, 5, 11, 30, 30, 30, 3_600, 9_007_199_254_740_000,
    ),
    restartPolicy: oneOf(...Array.from({ length: 8 }, () => undefined), ...Array.from({ length: 8 }, () => 'Always'), null, 'OnFailure', 'Never'),
    activeDeadlineSeconds: seldom(oneOf(1, 2, 3, 600, 2_147_483_647, null)),
    priorityClassName: seldom(oneOf('', 'high', 'system-node-critical', 'system-cluster-critical', null)),
    runtimeClassName: seldom(oneOf('gvisor', 'kata', null), 12),
    nodeSelector: seldom(oneOf(null, {}, { disktype: 'ssd' }, { 'kubernetes.io/os': 'linux' }, { 'kubernetes.io/os': 'windows' }), 12),
    os: seldom(oneOf(null, { name: 'linux' }, { name: 'linux' }, { name: 'windows' }), 20),
    hostNetwork: seldom(oneOf(false, loose)),
    hostUsers: seldom(oneOf(true, false)),
    resources: seldom(resourcesOf('any'), 15),
    volumes: volumes(loose),
    securityContext: securityContext(security),
    serviceAccountName: oneOf('default', undefined),
    fieldOfTomorrow: seldom(fc.jsonValue(), 4),
  })
}

function volumes(loose: boolean): Field {
  const volume = fc.constantFrom<JsonObject>(
    { name: 'data', emptyDir: {} },
    { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
    { name: 'config', configMap: { name: 'config' } },
    { name: 'tmp', emptyDir: { medium: 'Memory' } },
    { name: 'kube-api-access', projected: { sources: [] } },
    ...(loose ? [{ name: 'host', hostPath: { path: '/var' } }] : []),
  )
  const some = fc.uniqueArray(volume, { minLength: 1, maxLength: 4, selector: ({ name }) => name })
  return fc.oneof({ weight: 1, arbitrary: oneOf(undefined, null, []) }, { weight: 2, arbitrary: some })
}

function securityContext(style: SecurityStyle): Field {
  const harmless = fc.oneof(nothing, oneOf({ fsGroup: 2000 }, { runAsUser: 70_000, runAsNonRoot: true }))
  if (style === 'restricted-by-container') return harmless
  const whole = oneOf(safeForAll, { ...safeForAll, runAsUser: 1000 }, { ...safeForAll, fsGroupChangePolicy: 'OnRootMismatch' })
  if (style === 'restricted-by-pod') return whole
  return fc.oneof(harmless, whole, oneOf({ runAsUser: 0 }, { sysctls: [{ name: 'kernel.msgmax', value: '1' }] }))
}

/** Any JSON at all. */
export const arbitraryGarbage: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<Json | undefined>(undefined, null, 0, -1, 1.5, 1e308, '', 'x', [], {}, [null], [[]], [''], true, { a: null }),
)

const decisive: ReadonlySet<string> = new Set([
  'lifecycle',
  'preStop',
  'livenessProbe',
  'startupProbe',
  'terminationGracePeriodSeconds',
  'resources',
  'limits',
  'requests',
  'securityContext',
  'volumeMounts',
  'name',
])

/** A pod of which one node, at any depth, is something else. */
export const arbitraryAlmostPod: fc.Arbitrary<unknown> = fc
  .tuple(arbitraryPod, fc.boolean(), fc.nat(), arbitraryGarbage)
  .map(([pod, near, at, garbage]) => {
    // Most nodes are deep down, and few decisions depend on them.
    const all = placesOf(pod, [])
    const places = near ? all.filter((place) => place.length <= 2 || decisive.has(place.at(-1) ?? '')) : all
    return replaced(pod, places[at % places.length] ?? [], garbage)
  })

type Place = readonly string[]

function placesOf(value: unknown, here: Place): Place[] {
  if (typeof value !== 'object' || value === null) return [here]
  return [here, ...Object.entries(value).flatMap(([key, child]) => placesOf(child, [...here, key]))]
}

function replaced(value: unknown, [key, ...rest]: Place, by: unknown): unknown {
  if (key === undefined) return by
  if (Array.isArray(value)) return value.map((child: unknown, index) => (String(index) === key ? replaced(child, rest, by) : child))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  return Object.fromEntries(entries.map(([name, child]) => [name, name === key ? replaced(child, rest, by) : child]))
}
