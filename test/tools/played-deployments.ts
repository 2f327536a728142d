import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import { listAll } from '../../src/kube/list-all.ts'
import { ApiError, type ApiRequest, requestJson } from '../../src/kube/request.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { listAt, objectAt, shown, valueAt } from '../support/pod-reader.ts'
import type { ApiServer } from './api-server.ts'

/** What the Deployment controller and kubelets would do with the Deployments of a namespace, on an API server without any. */
export interface PlayedDeployments {
  /** Whether new pods become ready, where nothing is wrong with their image; at first they do. */
  isUp: boolean
  /** Ends it; with the test it ends at the latest. */
  stop(): Promise<void>
}

const lookAgainMs = 50

/** Plays them. Pods of an image that is called `bad` never start, and the old ones stay. */
export function playDeployments(t: Test, server: ApiServer, namespace: string): PlayedDeployments {
  const config = fromKubeconfig(server.kubeconfig)
  const stopping = new AbortController()
  const { signal } = stopping
  const played: PlayedDeployments = { isUp: true, stop }
  const pods = `/api/v1/namespaces/${namespace}/pods`
  const send = (request: Omit<ApiRequest, 'signal'>) => requestJson(config, { ...request, signal }).catch(absentWhere)
  const patchStatus = (path: string, status: JsonObject) => send({ method: 'PATCH', path: `${path}/status`, contentType: 'application/merge-patch+json', body: { status } })

  async function look(): Promise<void> {
    const deployments = await listAll(config, { path: `/apis/apps/v1/namespaces/${namespace}/deployments`, signal })
    const running = await listAll(config, { path: pods, signal })
    for (const each of deployments) await play(each, running.filter((pod) => ownerOf(pod) === valueAt(each, 'metadata', 'name')))
    const names = deployments.map((each) => valueAt(each, 'metadata', 'name'))
    for (const pod of running) if (!names.includes(ownerOf(pod))) await end(pod)
  }

  async function play(deployment: JsonObject, running: readonly JsonObject[]): Promise<void> {
    const { name, generation } = objectAt(deployment, 'metadata')
    const template = objectAt(deployment, 'spec', 'template')
    const replicas = Number(valueAt(deployment, 'spec', 'replicas'))
    const image = shown(listAt({ template }, 'template', 'spec', 'containers')[0]?.['image'] ?? '')
    const mine = running.filter((pod) => imageOf(pod) === image)
    const old = running.filter((pod) => imageOf(pod) !== image)
    const isBad = image.startsWith('bad') || !played.isUp
    for (let index = mine.length; index < (isBad ? Math.min(1, replicas) : replicas); index++) await begin(shown(name), template, image, isBad)
    const surplus = isBad ? mine.slice(1) : [...mine.slice(replicas), ...old]
    for (const pod of surplus) await end(pod)
    const [updated, ready] = isBad ? [Math.min(1, replicas), old.length] : [replicas, replicas]
    const status = { observedGeneration: Number(generation), replicas: isBad ? updated + old.length : replicas, updatedReplicas: updated, readyReplicas: ready, availableReplicas: ready, unavailableReplicas: 0 }
    const before = objectAt(deployment, 'status')
    const isNews = Object.entries(status).some(([key, value]) => (before[key] ?? 0) !== value)
    if (isNews) await patchStatus(`/apis/apps/v1/namespaces/${namespace}/deployments/${shown(name)}`, status)
  }

  async function begin(owner: string, template: JsonObject, image: string, isBad: boolean): Promise<void> {
    // By these, a pod is known to be one of the Deployment's, and of which template.
    const hash = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10)
    const labels = { ...objectAt({ template }, 'template', 'metadata', 'labels'), 'pod-template-hash': hash }
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${owner}-${hash}`, uid: randomUUID(), controller: true }]
    const body = { metadata: { generateName: `${owner}-`, labels, annotations: { owner }, ownerReferences }, spec: { ...objectAt({ template }, 'template', 'spec'), nodeName: 'worker-1' } }
    const pod = await send({ method: 'POST', path: pods, body })
    const isCrash = image.startsWith('bad:crash')
    const reason = image.startsWith('bad:invalid') ? 'InvalidImageName' : isCrash ? 'CrashLoopBackOff' : 'ImagePullBackOff'
    const crash = { restartCount: 3, lastState: { terminated: { exitCode: 1, reason: 'Error' } } }
    const state = isBad ? { waiting: { reason, message: `Back-off pulling image "${image}"` } } : { running: { startedAt: new Date().toISOString() } }
    const ready = isBad ? 'False' : 'True'
    await patchStatus(`${pods}/${shown(objectAt({ pod }, 'pod', 'metadata')['name'])}`, {
      phase: isBad ? 'Pending' : 'Running',
      conditions: ['PodScheduled', 'Ready', 'ContainersReady'].map((type) => ({ type, status: type === 'PodScheduled' ? 'True' : ready, lastTransitionTime: new Date().toISOString() })),
      containerStatuses: [{ name: 'app', image, imageID: '', ready: !isBad, started: !isBad, restartCount: 0, state, ...(isCrash ? crash : {}) }],
    })
  }

  async function end(pod: JsonObject): Promise<void> {
    await send({ method: 'DELETE', path: `${pods}/${shown(objectAt(pod, 'metadata')['name'])}`, query: { gracePeriodSeconds: '0' } })
  }

  async function live(): Promise<void> {
    while (!signal.aborted) {
      await look()
      await pause(lookAgainMs, undefined, { signal })
    }
  }
  const living = live().catch((error: unknown) => {
    if (!signal.aborted) t.fail('the played controller has failed', { error: String(error) })
  })
  t.teardown(stop)
  return played

  async function stop(): Promise<void> {
    stopping.abort()
    await living
  }
}

function ownerOf(pod: JsonObject): unknown {
  return valueAt(pod, 'metadata', 'annotations', 'owner')
}

function imageOf(pod: JsonObject): unknown {
  return listAt(pod, 'spec', 'containers')[0]?.['image']
}

/** What goes meanwhile is gone. */
function absentWhere(error: unknown): JsonObject {
  if (error instanceof ApiError && (error.status === 404 || error.status === 409)) return {}
  throw error
}
