import { fromKubeconfig } from '../../../src/kube/cluster.ts'
import type { JsonObject } from '../../../src/units/json.ts'
import { type ApiServer, startApiServer } from '../../tools/api-server.ts'
import type { Owner } from '../../tools/local-process.ts'
import { accessOf, openApiClient } from '../admission/api-client.ts'
import { requestOf } from '../admission/api-connection.ts'
import { sendAll } from '../scale/bulk.ts'
import { createPods, podsOf } from '../scale/population.ts'
import type { Plan } from './plan.ts'

const connections = 8
const namespace = 'bench'

/** Starts an API server that has nodes, which are objects alone, and pods that are up on them. Everything ends with the owner. */
export async function startStage(t: Owner, plan: Plan, signal: AbortSignal, say: (line: string) => void): Promise<ApiServer> {
  const server = await startApiServer(t)
  const access = accessOf(server)
  const client = await openApiClient(server)
  await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  await client.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } })
  client.close()
  const nodes = Array.from({ length: plan.nodes }, (_, index) => `node-${index}`)
  say(`creating ${plan.nodes} nodes, and ${plan.pods} pods on each`)
  await sendAll(access, { count: plan.nodes, connections, request: (index) => requestOf(access, 'POST', '/api/v1/nodes', nodeOf(nodes[index] ?? '', index)) }, signal)
  // The API server has put a taint on each, since nothing has called it ready yet.
  const ready = { spec: { taints: [] } }
  await sendAll(access, { count: plan.nodes, connections, request: (index) => requestOf(access, 'PATCH', `/api/v1/nodes/${nodes[index]}`, ready, 'application/merge-patch+json') }, signal)
  await createPods({ server, access, nodes, config: fromKubeconfig(server.kubeconfig), lockKubeconfigs: [], namespace }, podsOf(nodes, plan.pods), signal)
  return server
}

// Of a cloud with three zones.
const zones = ['a', 'b', 'c']

function nodeOf(name: string, index: number): JsonObject {
  const resources = { cpu: '32', memory: '128Gi', 'ephemeral-storage': '200Gi', pods: '110' }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': zones[index % zones.length] ?? '' } },
    status: { allocatable: resources, capacity: resources, conditions: [{ type: 'Ready', status: 'True' }] },
  }
}

/** What is planned, and under which rules about its neighbours. */
export const cases = {
  plain: {},
  'one a node': { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'planned' } } }] } } },
  'spread over zones': { topologySpreadConstraints: [{ topologyKey: 'topology.kubernetes.io/zone', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'planned' } } }] },
} as const satisfies Readonly<Record<string, JsonObject>>

/** The name of a case. */
export type CaseName = keyof typeof cases

/** The workload that is planned. */
export function plannedWorkload(name: CaseName, instances: number): JsonObject {
  const labels = { app: 'planned' }
  const spec = { ...cases[name], containers: [{ name: 'main', image: 'registry.example/main:1', resources: { requests: { cpu: '100m', memory: '256Mi' } } }] }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'planned', namespace }, spec: { replicas: instances, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } } }
}
