import { decide } from '../../../src/inject/decide.ts'
import { isObject, type JsonObject } from '../../../src/units/json.ts'
import { context } from '../../support/context.ts'
import { patched } from '../../support/injected.ts'
import { listAt, objectAt, valueAt } from '../../support/pod-reader.ts'
import { textAt } from '../admission/api-client.ts'
import { podToCreate } from '../admission/measured-pod.ts'

/** Where a pod of the benchmark is. */
export interface PodPlace {
  readonly name: string
  readonly namespace: string
  readonly node: string
}

/** A Deployment's pod as it is created, bound to a node; as its author wrote it, or as usher makes it. */
export function scalePod({ name, namespace, node }: PodPlace, isInjected: boolean): JsonObject {
  const { apiVersion, kind, metadata, spec } = isInjected ? injected : plain
  const { generateName: _generated, ...kept } = objectAt(metadata)
  return { apiVersion: apiVersion ?? 'v1', kind: kind ?? 'Pod', metadata: { ...kept, name, namespace }, spec: { ...objectAt(spec), nodeName: node } }
}

const plain = podToCreate()
const injected = patched(plain, decide(plain, context))

/**
 * The statuses that a kubelet writes while a pod starts, in their order: six for a pod that waits for the lock, and four
 * for one without init containers.
 */
export function startOf(pod: JsonObject, address: string): readonly JsonObject[] {
  const inits = namesOf(pod, 'initContainers')
  const names = namesOf(pod, 'containers')
  const later = names.map((name) => told(name, { waiting: { reason: 'PodInitializing' } }))
  const run = (ready: readonly string[]): readonly JsonObject[] => names.map((name) => told(name, running, ready.includes(name)))
  const begun: readonly Step[] = [{ inits: inits.map((name) => told(name, { waiting: { reason: 'PodInitializing' } })), containers: later, up: [] }]
  const waits: readonly Step[] =
    inits.length === 0
      ? []
      : [
          { inits: inits.map((name) => told(name, running)), containers: later, up: ['PodReadyToStartContainers'] },
          { inits: inits.map((name) => told(name, finished, true)), containers: later, up: ['PodReadyToStartContainers', 'Initialized'] },
        ]
  const done = inits.map((name) => told(name, finished, true))
  const started = ['PodReadyToStartContainers', 'Initialized']
  const starts: readonly Step[] = [
    { inits: done, containers: run([]), up: started },
    { inits: done, containers: run(names.slice(1)), up: started },
    { inits: done, containers: run(names), up: [...started, 'ContainersReady', 'Ready'] },
  ]
  return [...begun, ...waits, ...starts].map((step) => statusOf(step, address))
}

interface Step {
  readonly inits: readonly JsonObject[]
  readonly containers: readonly JsonObject[]
  /** The conditions that are true. */
  readonly up: readonly string[]
}

const startedAt = '2026-11-25T10:00:09Z'
const running: JsonObject = { running: { startedAt } }
const finished: JsonObject = { terminated: { exitCode: 0, reason: 'Completed', startedAt, finishedAt: startedAt, containerID: `containerd://${'d'.repeat(64)}` } }

function statusOf({ inits, containers, up }: Step, address: string): JsonObject {
  const conditions = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
    type,
    status: type === 'PodScheduled' || up.includes(type) ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: startedAt,
  }))
  return {
    phase: containers.every(({ state }) => isObject(state) && isObject(state['running'])) ? 'Running' : 'Pending',
    conditions,
    hostIP: '192.0.2.1',
    hostIPs: [{ ip: '192.0.2.1' }],
    ...(up.length === 0 ? {} : { podIP: address, podIPs: [{ ip: address }] }),
    startTime: startedAt,
    ...(inits.length === 0 ? {} : { initContainerStatuses: inits }),
    containerStatuses: containers,
  }
}

function told(name: string, state: JsonObject, ready = false): JsonObject {
  const ids = 'waiting' in state ? { imageID: '' } : { imageID: `registry.example.test/shop/${name}@sha256:${'a'.repeat(64)}`, containerID: `containerd://${'b'.repeat(64)}` }
  return { name, image: `registry.example.test/shop/${name}:1.4.2`, ...ids, ready, restartCount: 0, started: ready, state }
}

function namesOf(pod: JsonObject, list: string): readonly string[] {
  return listAt(valueAt(pod, 'spec'), list).map((container) => textAt(container, 'name'))
}
