import type { Test } from 'tap'
import type { JsonObject } from '../../../src/units/json.ts'
import { until } from '../../support/until.ts'
import { nodeImage } from '../images/node.ts'
import { follow } from './follow.ts'
import { create } from './pods.ts'
import { kubectl, list, read } from './usher.ts'

/** An application behind a Service of its name, in an image without a shell. */
export interface Leaver {
  readonly namespace: string
  readonly name: string
  readonly annotations: object
  /** Gives it a liveness probe with this grace period, in seconds. */
  readonly probeGraceSeconds?: number
}

/** What the tests look at in a pod. */
export interface LeaverPod {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>>; readonly deletionTimestamp: string; readonly deletionGracePeriodSeconds: number }
  readonly spec: {
    readonly terminationGracePeriodSeconds: number
    readonly initContainers?: readonly JsonObject[]
    readonly containers: readonly {
      readonly lifecycle?: JsonObject
      readonly livenessProbe?: { readonly terminationGracePeriodSeconds?: number }
    }[]
  }
  readonly status: {
    readonly podIP: string
    readonly containerStatuses: readonly {
      readonly restartCount: number
      readonly lastState: { readonly terminated?: { readonly exitCode: number } }
    }[]
  }
}

/** When it left, by the clock that this machine and its pods share. */
export interface Leaving {
  /** Not after the API server took the deletion. */
  readonly deletedAt: number
  /** Not before its endpoint stopped being ready. */
  readonly unreadyAt: number
  readonly terminatedAt: number
  /** What the API server answered to the deletion. */
  readonly pod: LeaverPod
}

// Says when it is told that it is broken, and when it gets its SIGTERM.
const script = `
  const say = (what) => console.log(what + ' ' + Date.now())
  let alive = true
  process.on('SIGTERM', () => { say('SIGTERM'); process.exit() })
  require('node:http').createServer((request, response) => {
    if (request.url === '/break') { say('broken'); alive = false }
    if (request.url === '/live' && !alive) response.statusCode = 500
    response.end('hello')
  }).listen(8080, () => say('listening'))
`

/** Runs it as a pod, and gives that when it is ready. */
export async function runLeaver({ namespace, name, annotations, probeGraceSeconds: grace }: Leaver): Promise<LeaverPod> {
  const live = { httpGet: { path: '/live', port: 8080 }, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 20 }
  const readinessProbe = { httpGet: { path: '/', port: 8080 }, periodSeconds: 1, timeoutSeconds: 20 }
  const container = { name: 'main', image: nodeImage, imagePullPolicy: 'Never', args: ['-e', script], readinessProbe }
  // Created, for what is applied as a pod with a grace period of its own is left as it is.
  await create(
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels: { app: name }, annotations },
      spec: {
        containers: [grace === undefined ? container : { ...container, livenessProbe: { ...live, terminationGracePeriodSeconds: grace } }],
      },
    },
  )
  await kubectl(['wait', '--for=condition=Ready', '--namespace', namespace, `pod/${name}`, '--timeout=90s'])
  return readLeaver({ namespace, name })
}

/** The pod as it is. */
export function readLeaver({ namespace, name }: Pick<Leaver, 'namespace' | 'name'>): Promise<LeaverPod> {
  return read<LeaverPod>('get', 'pod', '--namespace', namespace, name)
}

/** Deletes the pod, and gives what has happened when it is gone. */
export async function leave(t: Test, { namespace, name }: Pick<Leaver, 'namespace' | 'name'>): Promise<Leaving> {
  const logs = follow(t, 'logs', '--follow', '--namespace', namespace, name)
  // Not by a JSONPath with a range, which prints nothing from the second time on.
  const ready = 'custom-columns=READY:.endpoints[*].conditions.ready'
  const slices = follow(t, 'get', 'endpointslices', '--watch', '--namespace', namespace, '--selector', `kubernetes.io/service-name=${name}`, '-o', ready)
  await until('its log is followed', () => logs.some(({ text }) => text.startsWith('listening')))
  await until('its endpoint is ready', () => slices.some(({ text }) => text.trim() === 'true'))
  const readyLines = slices.length
  const askedAt = Date.now()
  const pod = JSON.parse(await kubectl(['delete', '--raw', `/api/v1/namespaces/${namespace}/pods/${name}`])) as LeaverPod
  const unready = await until('its endpoint is not ready', () => slices.slice(readyLines).find(({ text }) => text.trim() !== 'true'))
  const terminated = await until('it gets SIGTERM', () => logs.find(({ text }) => text.startsWith('SIGTERM')))
  await kubectl(['wait', '--for=delete', '--namespace', namespace, `pod/${name}`, '--timeout=60s'])
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata
  // In whole seconds, rounded down.
  const stampedAt = Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1_000
  return { deletedAt: Math.max(askedAt, stampedAt), unreadyAt: unready.at, terminatedAt: timeOf(terminated.text), pod }
}

/** What the kubelet says of the pod's hooks that it could not run. */
export async function failedHooks({ namespace, name }: Pick<Leaver, 'namespace' | 'name'>): Promise<readonly string[]> {
  const selector = `reason=FailedPreStopHook,involvedObject.name=${name}`
  const events = await list<{ readonly message: string }>('get', 'events', '--namespace', namespace, '--field-selector', selector)
  return events.map(({ message }) => message)
}

/** The time in a line of its log. */
export function timeOf(line: string): number {
  return Number(line.split(' ')[1])
}
