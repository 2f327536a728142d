import { setTimeout as pause } from 'node:timers/promises'
import type { StartState } from '../../../src/lock/state-view.ts'
import type { JsonObject } from '../../../src/units/json.ts'
import { until } from '../../support/until.ts'
import { nodeImage } from '../images/node.ts'
import { kubectl, list, lockState } from './usher.ts'

/** A pod, as far as the tests of starts look at it. */
export interface StartedPod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly creationTimestamp: string }
  readonly spec: { readonly initContainers?: readonly JsonObject[] }
  readonly status: {
    readonly phase?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly lastTransitionTime: string }[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
    readonly containerStatuses?: readonly ContainerStatus[]
  }
}

interface ContainerStatus {
  readonly name: string
  readonly containerID?: string
  readonly ready: boolean
  readonly restartCount: number
  readonly state?: { readonly running?: { readonly startedAt: string }; readonly terminated?: { readonly finishedAt: string; readonly message?: string } }
}

/** What pods of a Deployment do when they start. */
export interface Starters {
  readonly namespace: string
  readonly name: string
  readonly replicas: number
  readonly annotations?: object
  /** Runs in Node. */
  readonly script?: string
  readonly probe?: object | null
  readonly priorityClassName?: string
  /** How many of them may be gone or too many in an update. */
  readonly requests?: object
}

/** Burns so many milliseconds of CPU, as a start does, and is ready then. */
export function burning(cpuMs: number): string {
  return `
  const { user } = process.cpuUsage()
  while (process.cpuUsage().user - user < ${cpuMs * 1_000}) Math.random()
  ${serving}`
}

/** Is ready after so many milliseconds, in which it does nothing. */
export function sleeping(ms: number): string {
  return `setTimeout(() => { ${serving} }, ${ms})`
}

const serving = `
  process.on('SIGTERM', () => process.exit())
  require('node:http').createServer((request, response) => response.end()).listen(8080)
`

/** A Deployment whose pods start as it is said; they do not nap. */
export function deployment({ namespace, name, replicas, annotations = {}, script = burning(1_000), probe, priorityClassName, requests }: Starters): object {
  const container = {
    name: 'main',
    image: nodeImage,
    imagePullPolicy: 'Never',
    args: ['-e', script],
    ...(probe === null ? {} : { readinessProbe: probe ?? { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 } }),
    ...(requests === undefined ? {} : { resources: { requests } }),
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations: { 'usher.dev/nap': 'disabled', ...annotations } },
        spec: { terminationGracePeriodSeconds: 1, ...(priorityClassName === undefined ? {} : { priorityClassName }), containers: [container] },
      },
    },
  }
}

/** Waits until a Deployment is up. */
export async function isUp(namespace: string, name: string, timeoutSeconds = 180): Promise<void> {
  await kubectl(['rollout', 'status', '--namespace', namespace, `deployment/${name}`, `--timeout=${timeoutSeconds}s`])
}

/** Waits until every pod of a namespace is ready. */
export async function allReady(namespace: string, timeoutSeconds = 180): Promise<void> {
  await kubectl(['wait', '--for=condition=Ready', '--namespace', namespace, 'pods', '--all', `--timeout=${timeoutSeconds}s`])
}

/** The pods of a namespace. */
export function podsOf(namespace: string): Promise<readonly StartedPod[]> {
  return list<StartedPod>('get', 'pods', '--namespace', namespace)
}

// Only tells a busy machine from a hang.
const startsWithinMs = 120_000

/** The starts of a namespace's pods, as the node's lock tells them, by their grants, once there are so many that have ended. */
export async function startsOf(namespace: string, count: number): Promise<readonly StartState[]> {
  return until(
    `${count} starts in ${namespace} have ended`,
    async () => {
      const starts = await startsNow(namespace)
      if (starts.filter(({ endedAt }) => endedAt !== undefined).length >= count) return starts
      await pause(500)
      return undefined
    },
    startsWithinMs,
  )
}

/** The starts of a namespace's pods up to now, by their grants. */
export async function startsNow(namespace: string): Promise<readonly StartState[]> {
  const state = await lockState().catch(() => undefined)
  const starts = state?.starts.filter(({ pod }) => pod?.startsWith(`${namespace}/`) === true) ?? []
  return starts.toSorted((left, right) => Date.parse(left.grantedAt) - Date.parse(right.grantedAt))
}

/** How often containers of a namespace's pods were restarted. */
export async function restarts(namespace: string): Promise<number> {
  return (await podsOf(namespace)).flatMap(({ status }) => status.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0)
}

/** The containers of a namespace's pods that are ready. */
export async function readyContainers(namespace: string): Promise<readonly string[]> {
  const pods = await podsOf(namespace)
  return pods.flatMap(({ status }) => (status.containerStatuses ?? []).flatMap(({ containerID = '', ready }) => (ready ? [containerID] : [])))
}

/** When a pod's containers were ready, to the second; undefined: they are not. */
export function readyAt({ status }: StartedPod): number | undefined {
  const condition = status.conditions?.find(({ type }) => type === 'ContainersReady')
  return condition?.status === 'True' ? Date.parse(condition.lastTransitionTime) : undefined
}
