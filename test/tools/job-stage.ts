import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import { listAll } from '../../src/kube/list-all.ts'
import { ApiError, requestJson } from '../../src/kube/request.ts'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { type JobChangeInput, keptOutput, runJobChange } from '../support/job-change.ts'
import { jobDraft } from '../support/job-objects.ts'
import { listAt, objectAt, shown, valueAt } from '../support/pod-reader.ts'
import { within } from '../support/until.ts'
import { type Running, start } from '../support/usher-process.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { type PlayedDeployments, playDeployments } from './played-deployments.ts'
import { openShell, type Shell } from './shell.ts'

/** What is said of a change beside its objects. */
export type ChangeParts = Partial<JobChangeInput>

/** How a change has ended. */
export interface Changed {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A cluster in which jobs are run; Deployments are played in each namespace that is made. */
export interface JobStage {
  readonly server: ApiServer
  readonly shell: Shell
  /** Of whoever changes jobs: an administrator, too, but not the one of the tests. */
  readonly kubeconfig: string
  namespace(t: Test, name: string): Promise<PlayedDeployments>
  /** Changes a job to these objects. */
  change(namespace: string, job: string, objects: readonly JsonObject[], parts?: ChangeParts): Promise<Changed>
  /** As {@link change}, in a process of its own. */
  begin(t: Test, namespace: string, job: string, objects: readonly JsonObject[], parts?: ChangeParts): Running
  send(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<JsonObject>
  /** Undefined: it is not there. */
  find(path: string): Promise<JsonObject | undefined>
  /** All that is in a namespace and of a job, but pods, by `Kind name`, without what changes by itself. */
  content(namespace: string): Promise<Readonly<Record<string, JsonObject>>>
  /** The names of {@link content}. */
  names(namespace: string): Promise<readonly string[]>
  deployment(namespace: string): Promise<JsonObject | undefined>
  /** Of the Deployment of job `web`. */
  image(namespace: string): Promise<unknown>
  pods(namespace: string): Promise<readonly JsonObject[]>
  /** What whoever changes jobs, or another user, has asked the API server since the last call: `verb uri`. */
  calls(user?: string): readonly string[]
}

const changeScript = fileURLToPath(new URL('../support/job-change-process.ts', import.meta.url))
// A change takes a second or two; this only tells it from a hang.
const patienceMs = 90_000

const kept: Readonly<Record<string, string>> = {
  ConfigMap: '/api/v1/namespaces/NAME/configmaps',
  Secret: '/api/v1/namespaces/NAME/secrets',
  Service: '/api/v1/namespaces/NAME/services',
  PersistentVolumeClaim: '/api/v1/namespaces/NAME/persistentvolumeclaims',
  PodDisruptionBudget: '/apis/policy/v1/namespaces/NAME/poddisruptionbudgets',
  Deployment: '/apis/apps/v1/namespaces/NAME/deployments',
  DaemonSet: '/apis/apps/v1/namespaces/NAME/daemonsets',
  Job: '/apis/batch/v1/namespaces/NAME/jobs',
}

/** Starts it; all of it ends with the test. */
export async function startJobStage(t: Test): Promise<JobStage> {
  const folder = mkdtempSync(join(tmpdir(), 'usher-job-stage-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [policy, log] = [join(folder, 'policy.json'), join(folder, 'audit.log')]
  writeFileSync(policy, JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived', 'ResponseStarted'], rules: [{ level: 'Metadata' }] }))
  const server = await startApiServer(t, { flags: [`--audit-policy-file=${policy}`, `--audit-log-path=${log}`] })
  const shell = openShell(t, { tools: ['kubernetes'], kubeconfig: server.kubeconfig })
  const config = fromKubeconfig(server.kubeconfig)
  const { signal } = new AbortController()
  const send: JobStage['send'] = (method, path, body) => requestJson(config, { method, path, body, signal, ...(method === 'PATCH' ? { contentType: 'application/merge-patch+json' } : {}) })
  await shell.read('kubectl create serviceaccount runner -n default && kubectl create clusterrolebinding runner --clusterrole cluster-admin --serviceaccount default:runner')
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, await asAccount(server, shell, 'default', 'runner'), { mode: 0o600 })
  await send('POST', '/api/v1/nodes', { metadata: { name: 'worker-1' } })
  await send('PATCH', '/api/v1/nodes/worker-1/status', { status: nodeStatus })
  // A controller takes it away from a node that is ready.
  await send('PATCH', '/api/v1/nodes/worker-1', { spec: { taints: null } })
  let read = 0

  const inputOf = (namespace: string, job: string, objects: readonly JsonObject[], parts: ChangeParts = {}): JobChangeInput => ({ kubeconfig, namespace, job, draft: jobDraft(objects), ...parts })
  const begin: JobStage['begin'] = (t, namespace, job, objects, parts) => start(t, [], { script: changeScript, stdin: JSON.stringify(inputOf(namespace, job, objects, parts)) })
  async function find(path: string): Promise<JsonObject | undefined> {
    try {
      return await send('GET', path)
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }

  const deployment: JobStage['deployment'] = (namespace) => find(`/apis/apps/v1/namespaces/${namespace}/deployments/web`)

  async function content(namespace: string): Promise<Readonly<Record<string, JsonObject>>> {
    const lists = await Promise.all(
      Object.entries(kept).map(async ([kind, path]) => {
        const objects = await listAll(config, { path: path.replace('NAME', namespace), signal })
        return objects.filter(isOfJob).map((each) => [`${kind} ${shown(objectAt(each, 'metadata')['name'])}`, lasting(each)] as const)
      }),
    )
    return Object.fromEntries(lists.flat())
  }

  return {
    server,
    shell,
    kubeconfig,
    send,
    begin,
    async namespace(t, name) {
      await send('POST', '/api/v1/namespaces', { metadata: { name } })
      await send('POST', `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } })
      return playDeployments(t, server, name)
    },
    async change(namespace, job, objects, parts) {
      const output = keptOutput()
      const code = await within(patienceMs, `the change of ${job} ends`, runJobChange(inputOf(namespace, job, objects, parts), output))
      return { code, ...output.text() }
    },
    content,
    names: async (namespace) => Object.keys(await content(namespace)).toSorted(),
    deployment,
    image: async (namespace) => listAt(await deployment(namespace), 'spec', 'template', 'spec', 'containers')[0]?.['image'],
    pods: (namespace) => listAll(config, { path: `/api/v1/namespaces/${namespace}/pods`, signal }),
    find,
    calls(user = runner) {
      const lines = readFileSync(log, 'utf8').split('\n').filter((line) => line !== '')
      const fresh = lines.slice(read).map((line): unknown => JSON.parse(line)).filter(isObject)
      read = lines.length
      return fresh.filter((event) => valueAt(event, 'user', 'username') === user).map(({ verb, requestURI }) => `${shown(verb)} ${shown(requestURI)}`)
    },
  }
}

/** With room for five instances of 2Gi. */
const amounts = { cpu: '8', memory: '10Gi', pods: '110', 'ephemeral-storage': '100Gi' }
const nodeStatus = { capacity: amounts, allocatable: amounts, conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }] }

const runner = 'system:serviceaccount:default:runner'

/** A kubeconfig for a service account. */
export async function asAccount(server: ApiServer, shell: Shell, namespace: string, name: string): Promise<string> {
  const token = (await shell.read(`kubectl create token ${name} --namespace ${namespace} --duration 1h`)).trim()
  return readFileSync(server.kubeconfig, 'utf8').replace(/"token":"[^"]*"/, `"token":"${token}"`)
}

/** But for its ledger, and for what nothing but a finalizer of a controller holds that is not here. */
function isOfJob({ metadata, type }: JsonObject): boolean {
  return isObject(metadata) && isObject(metadata['labels']) && 'usher.dev/job' in metadata['labels'] && metadata['deletionTimestamp'] === undefined && type !== 'usher.dev/job'
}

function lasting({ status: _status, metadata, ...rest }: JsonObject): JsonObject {
  const { resourceVersion: _version, generation: _generation, managedFields: _fields, ...kept } = isObject(metadata) ? metadata : {}
  return { ...rest, metadata: kept }
}
