import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments, stringify } from 'yaml'
import { type Cluster, fromKubeconfig } from '../../../src/kube/cluster.ts'
import { requestJson } from '../../../src/kube/request.ts'
import { isObject, type JsonObject } from '../../../src/units/json.ts'
import { fakeNode, kwokAnnotation } from '../../cluster/kwok-node.ts'
import { builtFolder } from '../../go-tools/tool-folder.ts'
import { listAt, objectAt } from '../../support/pod-reader.ts'
import { until } from '../../support/until.ts'
import { type ApiServer, startApiServer } from '../../tools/api-server.ts'
import { type Owner, startLocalProcess } from '../../tools/local-process.ts'
import { accessOf, openApiClient, textAt } from '../admission/api-client.ts'
import { type ApiAccess, jsonOf, requestOf } from '../admission/api-connection.ts'
import { sendAll } from './bulk.ts'
import type { Plan } from './plan.ts'

/** An API server with nodes that kwok keeps alive. */
export interface ScaleCluster {
  readonly server: ApiServer
  /** As its administrator. */
  readonly config: Cluster
  readonly access: ApiAccess
  readonly nodes: readonly string[]
  /** Of each node, in the same order: a kubeconfig with a token of its own, for the lock's service account. */
  readonly lockKubeconfigs: readonly string[]
  /** Where the pods are. */
  readonly namespace: string
}

const namespace = 'bench'
const ours = 'usher-system'
const connections = 8
const nodesReadyMs = 120_000

/** Starts it. Everything ends with the owner. */
export async function startScaleCluster(t: Owner, { nodes: count }: Plan, folder: string, signal: AbortSignal): Promise<ScaleCluster> {
  const server = await startApiServer(t)
  const config = fromKubeconfig(server.kubeconfig)
  const access = accessOf(server)
  const nodes = Array.from({ length: count }, (_, index) => `node-${index}`)
  const bodies = nodes.map((name) => requestOf(access, 'POST', '/api/v1/nodes', fakeNode(name)))
  startKwok(t, server.kubeconfig, folder)
  await sendAll(access, { count, connections, request: (index) => bodies[index] ?? Buffer.alloc(0) }, signal)
  await until('the nodes are ready', async () => (await readyNodes(config, signal)) === count, nodesReadyMs)

  const client = await openApiClient(server)
  await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  await client.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } })
  for (const object of lockRights()) await client.create(object)
  client.close()
  const lockKubeconfigs = await writeKubeconfigs(server, access, nodes, folder, signal)
  await mayList(lockKubeconfigs[0] ?? '', signal)
  return { server, config, access, nodes, lockKubeconfigs, namespace }
}

/** kwok renews the nodes' leases every ten seconds, as kubelets do, and leaves pods alone: the benchmark writes their statuses. */
function startKwok(t: Owner, kubeconfig: string, folder: string): void {
  const stages = readFileSync(new URL('../../cluster/kwok-stages.yaml', import.meta.url), 'utf8')
  const ofNodes = parseAllDocuments(stages).filter((each) => objectAt(each.toJS(), 'spec', 'resourceRef')['kind'] === 'Node')
  const file = join(folder, 'kwok.yaml')
  writeFileSync(file, ofNodes.map((each) => stringify(each.toJS())).join('---\n'))
  const flags = [
    `--kubeconfig=${kubeconfig}`,
    `--config=${file}`,
    '--manage-all-nodes=false',
    '--node-lease-duration-seconds=40',
    `--manage-nodes-with-annotation-selector=${kwokAnnotation}=fake`,
    '--node-ip=192.0.2.1',
  ]
  startLocalProcess(t, join(builtFolder('kwok'), 'kwok'), flags, folder)
}

async function readyNodes(config: Cluster, signal: AbortSignal): Promise<number> {
  const { items } = await requestJson(config, { path: '/api/v1/nodes', query: { resourceVersion: '0' }, signal })
  return listAt({ items }, 'items').filter((node) =>
    listAt(node, 'status', 'conditions').some(({ type, status }) => type === 'Ready' && status === 'True'),
  ).length
}

/** The lock's service account, with the rights that the chart gives it. */
function lockRights(): readonly JsonObject[] {
  const manifests = readFileSync(new URL('../../../deploy/usher.yaml', import.meta.url), 'utf8')
  const objects = parseAllDocuments(manifests).map((document): unknown => document.toJS()).filter(isObject)
  return objects.filter((object) => {
    const name = objectAt(object, 'metadata')['name']
    return name === ours || (name === 'usher-lock' && ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding'].includes(textAt(object, 'kind')))
  })
}

async function writeKubeconfigs(
  server: ApiServer,
  access: ApiAccess,
  nodes: readonly string[],
  folder: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const path = `/api/v1/namespaces/${ours}/serviceaccounts/usher-lock/token`
  const ask = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7_200 } }
  const request = requestOf(access, 'POST', path, ask)
  const admin: unknown = JSON.parse(readFileSync(server.kubeconfig, 'utf8'))
  const files = nodes.map((node) => join(folder, `${node}.kubeconfig`))
  await sendAll(
    access,
    {
      count: files.length,
      connections,
      request: () => request,
      answered(index, answer) {
        const token = textAt(jsonOf(answer), 'status', 'token')
        const users = listAt(admin, 'users').map((user) => ({ ...user, user: { token } }))
        writeFileSync(files[index] ?? '', JSON.stringify({ ...objectAt(admin), users }), { mode: 0o600 })
      },
    },
    signal,
  )
  return files
}

async function mayList(kubeconfig: string, signal: AbortSignal): Promise<void> {
  const config = fromKubeconfig(kubeconfig)
  const query = { fieldSelector: 'spec.nodeName=node-0', resourceVersion: '0' }
  await until('a lock may list pods', async () => {
    try {
      await requestJson(config, { path: '/api/v1/pods', query, signal })
      return true
    } catch {
      return false
    }
  })
}
