import type { Test } from 'tap'
import { until } from '../../support/until.ts'
import { nodeImage } from '../images/node.ts'
import { apply, kubectl, list } from './usher.ts'

/** What the tests read of a container. */
export interface Container {
  readonly name: string
  readonly image: string
  readonly lifecycle?: { readonly preStop?: object }
  readonly resources?: object
}

/** What the tests read of a container's status. */
export interface ContainerStatus {
  readonly name: string
  readonly restartCount: number
  readonly state: {
    readonly running?: { readonly startedAt: string }
    readonly terminated?: { readonly exitCode: number; readonly startedAt: string; readonly finishedAt: string }
    readonly waiting?: { readonly reason: string }
  }
}

/** What the tests read of a pod. */
export interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: {
    readonly containers: readonly Container[]
    readonly initContainers?: readonly Container[]
    readonly ephemeralContainers?: readonly Container[]
    readonly terminationGracePeriodSeconds: number
  }
  readonly status: {
    readonly phase: string
    readonly qosClass: string
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
    readonly ephemeralContainerStatuses?: readonly ContainerStatus[]
  }
}

/** Runs until it is told to end. Without a probe, its container is ready at once. */
export const waiting = `process.on('SIGTERM', () => process.exit()); setInterval(() => {}, 60_000)`

/** A container that runs a line of JavaScript. */
export function nodeContainer(script = waiting, more: object = {}): object {
  return { name: 'main', image: nodeImage, imagePullPolicy: 'Never', args: ['-e', script], ...more }
}

/** What a pod is made of, where it is not as every other. */
export interface PodParts {
  readonly labels?: object
  readonly annotations?: object
  /** Beside the containers, or in their place. */
  readonly spec?: object
}

/** A template of a pod that runs until it is told to end. */
export function podTemplate({ spec = {}, ...metadata }: PodParts = {}): object {
  return { metadata, spec: { containers: [nodeContainer()], ...spec } }
}

/** A bare pod, of the same. */
export function barePod(namespace: string, name: string, { spec = {}, ...metadata }: PodParts = {}): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, ...metadata }, spec: { containers: [nodeContainer()], ...spec } }
}

/** Creates bare pods by name, waits until all of them are ready, and reads them. */
export async function startPods<Name extends string>(namespace: string, pods: Readonly<Record<Name, PodParts>>): Promise<Readonly<Record<Name, Pod>>> {
  const names = Object.keys(pods) as Name[]
  await apply(...names.map((name) => barePod(namespace, name, pods[name])))
  const started = await Promise.all(names.map((name) => readyPod(namespace, name)))
  return Object.fromEntries(started.map((pod) => [pod.metadata.name, pod])) as Record<Name, Pod>
}

/** Waits until a pod is ready, and reads it. */
export async function readyPod(namespace: string, name: string): Promise<Pod> {
  // Others may start pods on the node, too, and each has its turn.
  return JSON.parse(await kubectl(['wait', '--for=condition=Ready', '--namespace', namespace, `pod/${name}`, '--timeout=240s', '--output=json'])) as Pod
}

/** Waits until there is a pod with this label, and gives it; throws where there are several. */
export async function onlyPod(namespace: string, label: string): Promise<Pod> {
  const find = () => list<Pod>('get', 'pods', '--namespace', namespace, '--selector', label)
  const [pod, another] = await until(`a pod of ${label}`, async () => {
    const found = await find()
    return found.length > 0 && found
  })
  if (pod === undefined || another !== undefined) throw new Error(`${label} has more than one pod`)
  return pod
}

/** Holds a pod to be as its author wrote it. */
export function isLeftAlone(t: Test, { metadata, spec }: Pod): void {
  t.equal(metadata.annotations?.['usher.dev/status'], undefined, `${metadata.name} is not injected`)
  t.notOk(hasLock({ spec }), `${metadata.name} does not wait for the lock`)
  t.same(spec.containers.filter(({ lifecycle }) => lifecycle !== undefined), [], `${metadata.name} does not nap`)
  t.equal(spec.terminationGracePeriodSeconds, 30)
}

/** Whether a pod has the init container that waits for the lock. */
export function hasLock({ spec }: Pick<Pod, 'spec'>): boolean {
  return spec.initContainers?.some(({ name }) => name === 'usher-lock') === true
}

/** Whether every container of a pod naps. */
export function naps({ spec }: Pick<Pod, 'spec'>): boolean {
  return spec.containers.every(({ lifecycle }) => lifecycle?.preStop !== undefined)
}

/** Holds a pod to have waited for the lock of its node, and to have got it. */
export async function hasGotTheLock(t: Test, { metadata: { name, namespace }, status }: Pod): Promise<void> {
  const ended = status.initContainerStatuses?.find((each) => each.name === 'usher-lock')
  t.match(ended, { restartCount: 0, state: { terminated: { exitCode: 0 } } }, `the usher-lock of ${name} ends with 0`)
  const log = await kubectl(['logs', '--namespace', namespace, name, '--container', 'usher-lock'])
  t.match(log, /^got the startup lock of this node/m, `${name} gets the lock`)
}

/** Starts one more pod in a namespace, and holds it to have waited for the lock of its node, and to have got it. */
export async function anotherGetsTheLock(t: Test, namespace: string): Promise<void> {
  const name = `back-${performance.now().toFixed(0)}`
  const started = await startPods(namespace, { [name]: {} })
  await hasGotTheLock(t, started[name] as Pod)
}
