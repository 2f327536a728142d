import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import { listAll } from '../../src/kube/list-all.ts'
import { ApiError, type ApiRequest, requestJson } from '../../src/kube/request.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { listAt, objectAt, shown, valueAt } from '../support/pod-reader.ts'
import { until } from '../support/until.ts'
import { startWebhook, type WebhookProcess } from '../support/usher-process.ts'
import type { ApiServer } from './api-server.ts'
import { ownAddress } from './installed-locks.ts'
import type { Shell } from './shell.ts'

/** What controllers and kubelets would do with an installation, on an API server without any. */
export interface PlayedControllers {
  /** Whether the pods of Deployment and DaemonSet come up; at first they do. */
  isUp: boolean
  /** Runs a webhook as the pod of its Deployment would, as soon as that is there; it ends with the Deployment. */
  runWebhook(): Promise<WebhookProcess>
  /** Ends them; with the test they end at the latest. */
  stop(): Promise<void>
}

const namespace = 'usher-system'
const inOwn = `/apis/apps/v1/namespaces/${namespace}`
const lookAgainMs = 100

/** Starts them; they end with the test. */
export function startControllers(t: Test, server: ApiServer, shell: Shell): PlayedControllers {
  const config = fromKubeconfig(server.kubeconfig)
  const stopping = new AbortController()
  const { signal } = stopping
  const controllers: PlayedControllers = { isUp: true, runWebhook, stop }
  let webhook: WebhookProcess | undefined
  const send = (request: Omit<ApiRequest, 'signal'>) => requestJson(config, { ...request, signal })
  const ifThere = (path: string) => send({ path }).catch((error: unknown) => absentWhere(error))
  const list = (path: string) => listAll(config, { path, signal })

  async function look(): Promise<void> {
    const deployment = await ifThere(`${inOwn}/deployments/usher-webhook`)
    if (deployment === undefined) await endWebhook()
    if (controllers.isUp) {
      if (deployment !== undefined) await setStatus(`${inOwn}/deployments/usher-webhook`, deployment, ({ replicas }) => ({ replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas }))
      const daemonSet = await ifThere(`${inOwn}/daemonsets/usher-lock`)
      const one = { desiredNumberScheduled: 1, currentNumberScheduled: 1, numberReady: 1, numberAvailable: 1, updatedNumberScheduled: 1, numberMisscheduled: 0 }
      if (daemonSet !== undefined) await setStatus(`${inOwn}/daemonsets/usher-lock`, daemonSet, () => one)
    }
    for (const each of await list('/api/v1/namespaces')) if ('deletionTimestamp' in objectAt(each, 'metadata')) await finish(each)
  }

  async function setStatus(path: string, object: JsonObject, statusOf: (spec: JsonObject) => JsonObject): Promise<void> {
    const { generation } = objectAt(object, 'metadata')
    if (valueAt(object, 'status', 'observedGeneration') === generation) return
    const status = { ...statusOf(objectAt(object, 'spec')), observedGeneration: generation }
    await send({ method: 'PATCH', path: `${path}/status`, query: { fieldManager: 'kube-controller-manager' }, contentType: 'application/merge-patch+json', body: { status } }).catch(absentWhere)
  }

  /** Of a process, the end of its pod; and what a Service owns goes with it. */
  async function endWebhook(): Promise<void> {
    if (webhook === undefined) return
    webhook.kill('SIGTERM')
    await webhook.ended
    webhook = undefined
    await send({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}/pods/usher-webhook-1`, query: { gracePeriodSeconds: '0' } }).catch(absentWhere)
  }

  /** As the controller of namespaces does it: what is in it goes first. */
  async function finish(body: JsonObject): Promise<void> {
    const name = shown(objectAt(body, 'metadata')['name'])
    for (const path of ['/api/v1/namespaces/NAME/configmaps', '/apis/discovery.k8s.io/v1/namespaces/NAME/endpointslices', '/api/v1/namespaces/NAME/events']) {
      await send({ method: 'DELETE', path: path.replace('NAME', name) })
    }
    await send({ method: 'PUT', path: `/api/v1/namespaces/${name}/finalize`, body: { ...body, spec: { finalizers: [] } } }).catch(absentWhere)
  }

  async function runWebhook(): Promise<WebhookProcess> {
    const deployment = await until('the Deployment is there', () => ifThere(`${inOwn}/deployments/usher-webhook`), 60_000)
    const folder = mkdtempSync(join(tmpdir(), 'usher-played-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const token = (await shell.read(`kubectl create token usher-webhook --namespace ${namespace} --duration 1h`)).trim()
    const ours = join(folder, 'kubeconfig')
    writeFileSync(ours, readFileSync(server.kubeconfig, 'utf8').replace(/"token":"[^"]*"/, `"token":"${token}"`), { mode: 0o600 })
    const flags = ['--certs-secret=usher-webhook-tls', '--webhook-configuration=usher', '--lock-daemonset=usher-lock']
    const started = await startWebhook(t, ['--host', '0.0.0.0', '--kubeconfig', ours, ...flags], { env: { POD_NAMESPACE: namespace } })
    await addPod(deployment, started, flags)
    await addEndpoints(started)
    webhook = started
    return started
  }

  async function addPod(deployment: JsonObject, { port, probePort }: WebhookProcess, flags: readonly string[]): Promise<void> {
    const { metadata, spec } = objectAt(deployment, 'spec', 'template')
    const containers = listAt({ spec }, 'spec', 'containers').map((each) => ({ ...each, args: ['webhook', `--port=${port}`, `--probe-port=${probePort}`, ...flags] }))
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'usher-webhook-1', uid: randomUUID(), controller: true }]
    const path = `/api/v1/namespaces/${namespace}/pods`
    await send({ method: 'POST', path, body: { metadata: { ...objectAt({ metadata }, 'metadata'), name: 'usher-webhook-1', ownerReferences }, spec: { ...objectAt({ spec }, 'spec'), containers } } })
    const status = { phase: 'Running', podIP: ownAddress(), podIPs: [{ ip: ownAddress() }], conditions: [{ type: 'Ready', status: 'True' }] }
    await send({ method: 'PATCH', path: `${path}/usher-webhook-1/status`, contentType: 'application/merge-patch+json', body: { status } })
  }

  async function addEndpoints({ port, probePort }: WebhookProcess): Promise<void> {
    const service = await send({ path: `/api/v1/namespaces/${namespace}/services/usher-webhook` })
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Service', name: 'usher-webhook', uid: objectAt(service, 'metadata')['uid'] }]
    const metadata = { name: 'usher-webhook-1', labels: { 'kubernetes.io/service-name': 'usher-webhook' }, ownerReferences }
    const ports = [{ name: 'https', port, protocol: 'TCP' }, { name: 'probes', port: probePort, protocol: 'TCP' }]
    const endpoints = [{ addresses: [ownAddress()], conditions: { ready: true } }]
    await send({ method: 'POST', path: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, body: { metadata, addressType: 'IPv4', endpoints, ports } })
  }

  async function live(): Promise<void> {
    while (!signal.aborted) {
      await look()
      await pause(lookAgainMs, undefined, { signal })
    }
  }
  const living = live().catch((error: unknown) => {
    if (!signal.aborted) t.fail('the controllers have failed', { error: String(error) })
  })
  t.teardown(stop)
  return controllers

  async function stop(): Promise<void> {
    stopping.abort()
    await living
  }
}

/** What goes meanwhile is gone. */
function absentWhere(error: unknown): undefined {
  if (error instanceof ApiError && (error.status === 404 || error.status === 409)) return undefined
  throw error
}
