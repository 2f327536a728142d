import { textAt } from '../../src/check/json-paths.ts'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import { type ApiRequest, requestJson } from '../../src/kube/request.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { afterMs } from '../support/instance-pod.ts'
import { objectAt } from '../support/pod-reader.ts'
import type { ApiServer } from './api-server.ts'

/** Workloads and their pods, as controllers, a scheduler and kubelets would have made them, without any of these. */
export interface PlayedWorkloads {
  /** Creates an object, with what its controller would say of it; gives it as the API server has it. */
  create(path: string, body: JsonObject, status?: JsonObject): Promise<JsonObject>
  /** A Deployment that wants so many, and its ReplicaSet; what makes pods of it. */
  deployment(namespace: string, name: string, parts?: DeploymentParts): Promise<PlayedDeployment>
  /** Creates a pod with its status, as test/support/instance-pod.ts has it, made so many seconds ago; gives its uid. */
  pod(namespace: string, pod: JsonObject, owner?: JsonObject, secondsAgo?: number): Promise<string>
  /** Writes the status of a pod, as of so many seconds ago. */
  setStatus(namespace: string, pod: JsonObject, secondsAgo?: number): Promise<void>
  /** An Event of an object. */
  event(namespace: string, of: JsonObject, reason: string, message: string, parts?: JsonObject): Promise<void>
  send(request: Omit<ApiRequest, 'signal'>): Promise<JsonObject>
}

/** What is not as usual of a Deployment. */
export interface DeploymentParts {
  readonly replicas?: number
  readonly labels?: JsonObject
  readonly status?: JsonObject
  readonly spec?: JsonObject
}

/** A Deployment, and its ReplicaSet. */
export interface PlayedDeployment {
  readonly deployment: JsonObject
  readonly replicaSet: JsonObject
  /** Creates a pod of it. */
  pod(pod: JsonObject, secondsAgo?: number): Promise<string>
}

const hash = '7d9f8'

/** Plays them on an API server. */
export function playedWorkloads(server: ApiServer): PlayedWorkloads {
  const config = fromKubeconfig(server.kubeconfig)
  const { signal } = new AbortController()
  const send = (request: Omit<ApiRequest, 'signal'>) => requestJson(config, { ...request, signal })
  const patchStatus = (path: string, status: JsonObject) => send({ method: 'PATCH', path: `${path}/status`, contentType: 'application/merge-patch+json', body: { status } })

  async function create(path: string, body: JsonObject, status?: JsonObject): Promise<JsonObject> {
    const made = await send({ method: 'POST', path, body })
    return status === undefined ? made : patchStatus(`${path}/${textAt(made, 'metadata', 'name') ?? ''}`, status)
  }

  async function pod(namespace: string, of: JsonObject, owner?: JsonObject, secondsAgo = 60): Promise<string> {
    const { name, labels, annotations, finalizers } = objectAt(of, 'metadata')
    const ownerReferences = owner === undefined ? [] : [ownerOf(owner)]
    const metadata = { name, labels: { ...objectAt({ labels }, 'labels'), ...templateLabels(owner) }, annotations, finalizers, ownerReferences }
    const made = await send({ method: 'POST', path: podsPath(namespace), body: { metadata, spec: of['spec'] } })
    await setStatus(namespace, of, secondsAgo)
    return textAt(made, 'metadata', 'uid') ?? ''
  }

  async function setStatus(namespace: string, of: JsonObject, secondsAgo = 60): Promise<void> {
    await patchStatus(`${podsPath(namespace)}/${textAt(of, 'metadata', 'name') ?? ''}`, shifted(objectAt(of, 'status'), secondsAgo))
  }

  return {
    create,
    pod,
    setStatus,
    send,
    async deployment(namespace, name, { replicas = 1, labels = {}, status = {}, spec = {} } = {}) {
      const selector = { matchLabels: { app: name } }
      const template = { metadata: { labels: { app: name, ...labels } }, spec: { containers: [{ name: 'web', image: 'registry.example.com/web:2' }] } }
      const annotations = { 'deployment.kubernetes.io/revision': '3' }
      const deployment = await create(`/apis/apps/v1/namespaces/${namespace}/deployments`, { metadata: { name, labels: { app: name, ...labels }, annotations }, spec: { replicas, selector, template, ...spec } }, { observedGeneration: 1, replicas, ...status })
      const hashed = { app: name, 'pod-template-hash': hash, ...labels }
      const replicaSet = await create(`/apis/apps/v1/namespaces/${namespace}/replicasets`, {
        metadata: { name: `${name}-${hash}`, labels: hashed, annotations, ownerReferences: [ownerOf({ ...deployment, apiVersion: 'apps/v1', kind: 'Deployment' })] },
        spec: { replicas, selector: { matchLabels: { app: name, 'pod-template-hash': hash } }, template: { ...template, metadata: { labels: hashed } } },
      })
      const owner = { ...replicaSet, apiVersion: 'apps/v1', kind: 'ReplicaSet' }
      return { deployment, replicaSet: owner, pod: (each, secondsAgo) => pod(namespace, each, owner, secondsAgo) }
    },
    async event(namespace, of, reason, message, parts = {}) {
      const [name, uid] = [textAt(of, 'metadata', 'name') ?? '', textAt(of, 'metadata', 'uid')]
      const lastTimestamp = new Date(Date.now() - 5_000).toISOString().replace(/\.\d+Z/, 'Z')
      const involvedObject = { kind: of['kind'], apiVersion: of['apiVersion'], namespace, name, uid }
      await create(`/api/v1/namespaces/${namespace}/events`, { metadata: { generateName: `${name}.` }, involvedObject, type: 'Warning', reason, message, count: 1, firstTimestamp: lastTimestamp, lastTimestamp, ...parts })
    },
  }
}

function podsPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods`
}

function ownerOf(object: JsonObject): JsonObject {
  const { name, uid } = objectAt(object, 'metadata')
  return { apiVersion: object['apiVersion'], kind: object['kind'], name, uid, controller: true }
}

function templateLabels(owner: JsonObject | undefined): JsonObject {
  return owner === undefined ? {} : objectAt(owner, 'spec', 'selector', 'matchLabels')
}

/** The times of test/support/instance-pod.ts, as if its pods had been made so many seconds ago. */
function shifted(status: JsonObject, secondsAgo: number): JsonObject {
  const byMs = Date.now() - secondsAgo * 1_000 - afterMs(0)
  const text = JSON.stringify(status).replaceAll(/"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"/g, (_all, time: string) => `"${new Date(Date.parse(time) + byMs).toISOString().replace(/\.\d+Z/, 'Z')}"`)
  return JSON.parse(text) as JsonObject
}
