import type { Test } from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { listAt, objectAt, shown } from '../support/pod-reader.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { parseObject } from './pod-template.ts'
import { openShell, type Output, type Shell } from './shell.ts'

/** A cluster of nodes that are objects alone, on which pods can be put by their names. */
export interface PlanStage {
  readonly server: ApiServer
  readonly shell: Shell
  create(...objects: readonly JsonObject[]): Promise<void>
  /** A namespace in which pods can be made. */
  namespace(name: string): Promise<void>
  /** Runs `usher plan -f -` on these objects. */
  plan(objects: readonly JsonObject[], flags?: string): Promise<Output>
  /** The same with `-o json`. */
  planned(objects: readonly JsonObject[], flags?: string): Promise<{ readonly code: number | null; readonly found: JsonObject; readonly stderr: string }>
}

/** Starts it. */
export async function startPlanStage(t: Test): Promise<PlanStage> {
  const server = await startApiServer(t)
  const shell = openShell(t, { tools: ['kubernetes'], kubeconfig: server.kubeconfig })
  const listOf = (items: readonly JsonObject[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  const create = async (...objects: readonly JsonObject[]): Promise<void> => {
    await shell.read('kubectl create -f -', listOf(objects))
    for (const object of objects) if (object['kind'] === 'Node' || object['kind'] === 'Pod') await complete(shell, object)
  }
  return {
    server,
    shell,
    create,
    namespace: async (name) => void (await shell.read(`kubectl create namespace ${name} && kubectl create serviceaccount default -n ${name}`)),
    plan: (objects, flags = '') => shell.run(`usher plan -f - ${flags}`, listOf(objects)),
    async planned(objects, flags = '') {
      const { code, stdout, stderr } = await shell.run(`usher plan -f - -o json ${flags}`, listOf(objects))
      return { code, found: stdout === '' ? {} : parseObject(stdout), stderr }
    },
  }
}

/** The API server takes no status from who creates a pod or a node, and puts a taint on a node that nothing has called ready yet. */
async function complete(shell: Shell, object: JsonObject): Promise<void> {
  const { name, namespace } = objectAt(object, 'metadata')
  const place = `${shown(object['kind']).toLowerCase()} ${shown(name)}${typeof namespace === 'string' ? ` -n ${namespace}` : ''}`
  const status = objectAt(object, 'status')
  const ofStatus = Object.keys(status).length === 0 ? [] : [`kubectl patch ${place} --subresource=status --type=merge -p '${JSON.stringify({ status })}'`]
  const { taints = [] } = objectAt(object, 'spec')
  const ofTaints = object['kind'] === 'Node' ? [`kubectl patch ${place} --type=merge -p '${JSON.stringify({ spec: { taints } })}'`] : []
  await shell.read([...ofStatus, ...ofTaints, 'true'].join(' && '))
}

/** What is special of a node. */
export interface NodeParts {
  readonly labels?: Readonly<Record<string, string>>
  readonly spec?: JsonObject
  readonly allocatable?: JsonObject
  readonly isReady?: boolean
}

/** A node that is ready. */
export function node(name: string, { labels = {}, spec = {}, allocatable = {}, isReady = true }: NodeParts = {}): JsonObject {
  const resources = { cpu: '4', memory: '10G', 'ephemeral-storage': '100Gi', pods: '110', ...allocatable }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec,
    status: { allocatable: resources, capacity: resources, conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
  }
}

/** A container that asks for these amounts. */
export function container(name: string, requests: JsonObject = {}, more: JsonObject = {}): JsonObject {
  return { name, image: `registry.example/${name}:1`, resources: { requests }, ...more }
}

/** A Deployment of pods with this spec. */
export function deployment(name: string, replicas: number, spec: JsonObject, more: JsonObject = {}): JsonObject {
  const labels = { app: name }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'shop' }, spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec }, ...more } }
}

/** A pod that runs on a node. */
export function runningPod(name: string, nodeName: string, spec: JsonObject, metadata: JsonObject = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'shop', ...metadata }, spec: { nodeName, ...spec }, status: { phase: 'Running' } }
}

/** What was planned for a workload, in the JSON. */
export function ofWorkload(found: JsonObject, name: string): JsonObject {
  return listAt(found, 'workloads').find((each) => each['name'] === name) ?? {}
}

/** Two pods of a Deployment `web` that run on node-a and node-b and ask for 4G each. */
export function podsOfWeb(): readonly JsonObject[] {
  const of = (name: string, node: string): JsonObject =>
    runningPod(name, node, { containers: [container('web', { memory: '4G' })] }, {
      labels: { app: 'web', 'pod-template-hash': 'one' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-one', uid: 'some-uid', controller: true }],
    })
  return [of('web-one-a', 'node-a'), of('web-one-b', 'node-b')]
}
