import * as fc from 'fast-check'
import type { Json, JsonObject } from '../../src/units/json.ts'

/** How the containers of a pod come by their security settings. */
export type SecurityStyle = 'restricted-by-container' | 'restricted-by-pod' | 'any'

/** Which resources the containers of a pod name; `any` mixes. */
export type ResourceStyle = 'guaranteed' | 'burstable' | 'best-effort' | 'any'

/** A JSON value, or undefined for a field that is not there. */
export type Field = fc.Arbitrary<Json | undefined>

/** One of the values; `undefined` is a field that is not there. */
export function oneOf(...values: readonly (Json | undefined)[]): Field {
  return fc.constantFrom(...values)
}

/** Absent, null or empty: what Kubernetes takes for the same. */
export const nothing: Field = oneOf(undefined, undefined, null, {})

/** Mostly absent, else a value. */
export function seldom(value: Field, absentPerValue = 8): Field {
  return fc.oneof({ weight: absentPerValue, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value })
}

/** Names that containers really have, odd ones that the API server takes, and rarely one of ours. */
export const containerName: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.constantFrom('app', 'web', 'db', 'log-shipper', 'istio-proxy', 'a', '0', 'usher', 'constructor'),
  },
  { weight: 10, arbitrary: fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/) },
  { weight: 3, arbitrary: fc.constantFrom('x'.repeat(63), 'usher-bin', 'usher-locks') },
  { weight: 1, arbitrary: fc.constant('usher-lock') },
)

/** A container without its name. */
export function containerBody(security: SecurityStyle, resources: ResourceStyle): fc.Arbitrary<JsonObject> {
  const loose = security === 'any'
  return fc.record({
    image: oneOf('registry.example.test/app:1', 'registry.example.test/app:1', undefined),
    command: seldom(oneOf(null, [], ['sh', '-c', 'exec app'])),
    lifecycle: lifecycle(loose),
    livenessProbe: seldom(probe(loose), 2),
    readinessProbe: seldom(probe(loose), 2),
    startupProbe: seldom(probe(loose), 4),
    resources: resourcesOf(resources),
    volumeMounts: volumeMounts(),
    volumeDevices: seldom(oneOf(null, [], [{ name: 'disk', devicePath: '/dev/xvda' }], [{ name: 'disk', devicePath: '/usher/d' }]), 15),
    ports: seldom(oneOf(null, [{ containerPort: 80 }], ...(loose ? [[{ containerPort: 80, hostPort: 80 }]] : []))),
    securityContext: securityContext(security),
    env: seldom(oneOf([{ name: 'USHER_PORT', value: 'tcp://10.0.0.1:80' }], null)),
    fieldOfTomorrow: seldom(fc.jsonValue(), 6),
  })
}

/** An init container without its name; some are native sidecars. */
export function initContainerBody(security: SecurityStyle, resources: ResourceStyle): fc.Arbitrary<JsonObject> {
  const restartPolicy = oneOf(undefined, undefined, null, 'Always', 'Always')
  return fc.tuple(containerBody(security, resources), restartPolicy).map(([body, policy]) => ({ ...body, restartPolicy: policy }))
}

function lifecycle(loose: boolean): Field {
  const none = oneOf(null, {}, { preStop: null }, { postStart: null, preStop: null })
  const others = oneOf(
    { postStart: { exec: { command: ['warm-up'] } } },
    { postStart: { exec: { command: ['warm-up'] } }, preStop: null },
    { stopSignal: 'SIGUSR1' },
    { tomorrow: { x: [1] } },
  )
  const own = oneOf(
    { preStop: { sleep: { seconds: 5 } } },
    { preStop: { sleep: { seconds: 10 } } },
    { preStop: { exec: { command: ['sleep', '5'] } } },
    { preStop: { exec: { command: ['/usher/nap', '10'] } } },
    { preStop: {} },
    { postStart: { sleep: { seconds: 1 } }, preStop: { exec: { command: ['drain'] } } },
    ...(loose ? [{ preStop: { httpGet: { host: 'delay.example.test', port: 80 } } }] : []),
  )
  return fc.oneof(
    { weight: 8, arbitrary: fc.constant(undefined) },
    { weight: 3, arbitrary: none },
    { weight: 2, arbitrary: others },
    { weight: 3, arbitrary: own },
  )
}

function probe(loose: boolean): Field {
  const handler = fc.constantFrom<JsonObject>(
    { httpGet: { path: '/healthz', port: 8080 } },
    { tcpSocket: { port: 'http' } },
    { exec: { command: ['true'] } },
    { grpc: { port: 9 } },
    ...(loose ? [{ httpGet: { host: '10.0.0.1', port: 80 } }] : []),
  )
  const rest = fc.record({
    periodSeconds: seldom(oneOf(1, 10), 3),
    terminationGracePeriodSeconds: seldom(oneOf(1, 5, 30, 60, null), 1),
  })
  const written = fc.tuple(handler, rest).map(([how, when]): Json => ({ ...how, ...when }))
  return fc.oneof({ weight: 8, arbitrary: written }, { weight: 1, arbitrary: oneOf(null, {}) })
}

// Ascending, so that of two indices the smaller is a request that the other's limit allows.
const amounts: Readonly<Record<string, readonly (string | number)[]>> = {
  cpu: ['0', '1m', '50m', '0.1', '250m', 0.5, '500m', '1', 1, '1000m', '1500m', '2', '1e1'],
  memory: ['0', '8Mi', '64Mi', '100M', '123456789', '128Mi', '134217728', 134_217_728, '1e9', '1Gi', '1024Mi', '1.5Gi'],
  'ephemeral-storage': ['1Mi', '500Mi', '1Gi', '4Gi'],
}

interface Amount {
  readonly request: string | number | undefined
  readonly limit: string | number | undefined
}

function amount(name: string, kinds: readonly ('both' | 'equal' | 'request' | 'limit' | 'none')[]): fc.Arbitrary<Amount> {
  const list = amounts[name] ?? ['1']
  return fc.tuple(fc.constantFrom(...kinds), fc.nat(list.length - 1), fc.nat(list.length - 1)).map(([kind, a, b]) => {
    const low = list[Math.min(a, b)]
    const high = list[Math.max(a, b)]
    if (kind === 'none') return { request: undefined, limit: undefined }
    if (kind === 'request') return { request: low, limit: undefined }
    if (kind === 'limit') return { request: undefined, limit: high }
    return kind === 'equal' ? { request: high, limit: high } : { request: low, limit: high }
  })
}

function written(cpu: Amount, memory: Amount, storage: Amount, more: JsonObject): JsonObject {
  function list(kind: keyof Amount): JsonObject {
    return { cpu: cpu[kind], memory: memory[kind], 'ephemeral-storage': storage[kind], ...more }
  }
  const requests = list('request')
  const limits = list('limit')
  return { ...(hasValue(limits) ? { limits } : {}), ...(hasValue(requests) ? { requests } : {}) }
}

function hasValue(list: JsonObject): boolean {
  return Object.values(list).some((value) => value !== undefined)
}

/** The `resources` of a container, or of a pod. */
export function resourcesOf(style: ResourceStyle): Field {
  const bestEffort = oneOf(undefined, undefined, null, {}, { limits: null, requests: {} }, { claims: [{ name: 'gpu' }] })
  if (style === 'best-effort') return bestEffort
  const none = Array.from({ length: 24 }, (): JsonObject => ({}))
  const more = fc.constantFrom<JsonObject>(...none, { 'nvidia.com/gpu': 1 }, { 'hugepages-2Mi': '4Mi' })
  const kinds = style === 'guaranteed' ? (['equal', 'equal', 'limit'] as const) : (['both', 'both', 'request', 'limit', 'none'] as const)
  const amounts = fc.tuple(
    amount('cpu', kinds),
    amount('memory', kinds),
    amount('ephemeral-storage', style === 'guaranteed' ? ['none', 'equal'] : ['none', 'none', 'both', 'request']),
    more,
  )
  const some = amounts.map(([cpu, memory, storage, extra]): Json => written(cpu, memory, storage, extra))
  return style === 'any' ? fc.oneof(some, resourcesOf('guaranteed'), bestEffort) : some
}

function volumeMounts(): Field {
  const mount = fc.record({
    name: oneOf('data', 'config', 'tmp'),
    mountPath: oneOf('/data', '/etc/app', '/tmp', '/ushers', '/usr/usher', '/var/lib/x'),
    readOnly: oneOf(undefined, true, false),
  })
  const atOurPlace = oneOf(
    [{ name: 'data', mountPath: '/usher' }],
    [{ name: 'data', mountPath: '/usher/' }],
    [{ name: 'data', mountPath: '/data' }, { name: 'config', mountPath: '/usher/nap' }],
  )
  return fc.oneof(
    { weight: 6, arbitrary: oneOf(undefined, undefined, null, []) },
    { weight: 6, arbitrary: fc.array(mount, { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: atOurPlace },
  )
}

const safe = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } as const
const safeAlone = { ...safe, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } as const

function securityContext(style: SecurityStyle): Field {
  if (style === 'restricted-by-pod') {
    return oneOf(safe, { ...safe, runAsUser: 1000 }, { ...safeAlone, runAsUser: null }, { ...safe, runAsGroup: 0 })
  }
  const alone = oneOf(
    safeAlone,
    { ...safeAlone, runAsUser: 1001, readOnlyRootFilesystem: true },
    { ...safeAlone, capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } },
    { ...safeAlone, seccompProfile: { type: 'Localhost', localhostProfile: 'app.json' } },
  )
  if (style === 'restricted-by-container') return alone
  return fc.oneof(nothing, alone, oneOf(
    { privileged: true },
    { runAsUser: 0 },
    { runAsUser: 0, runAsNonRoot: false },
    { runAsUser: 2_147_483_647 },
    { capabilities: { add: ['SYS_ADMIN'] } },
    { seccompProfile: { type: 'Unconfined' } },
    { procMount: 'Unmasked' },
  ))
}
