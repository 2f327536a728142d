import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { startLock } from '../support/lock-process.ts'
import { listAt, objectAt } from '../support/pod-reader.ts'
import { startWebhook, type WebhookProcess } from '../support/usher-process.ts'
import type { ApiServer } from './api-server.ts'
import { namesOf, objectsIn, template } from './chart.ts'
import { lockPodMaker, namespace, ownAddress } from './installed-locks.ts'
import { startKubelet } from './kubelet.ts'
import { parseObject } from './pod-template.ts'
import type { Shell } from './shell.ts'

/** Merges a patch into an object of usher's namespace; further flags of kubectl may follow. */
export function patcher(shell: Shell): (what: string, patch: object, more?: string) => Promise<void> {
  return async (what, patch, more = '') => void (await shell.read(`cat | kubectl patch ${what} -n ${namespace} --type=merge ${more} --patch-file=/dev/stdin`, JSON.stringify(patch)))
}

/** Installs the chart as Helm renders it, and does what controllers and kubelets would do: a webhook runs, and a lock. The API server needs --enable-aggregator-routing. */
export async function installUsher(t: Test, server: ApiServer, shell: Shell): Promise<WebhookProcess> {
  const patch = patcher(shell)
  await shell.read(`kubectl create namespace ${namespace}`)
  const rendered = objectsIn(await shell.read(template))
  t.comment(namesOf(rendered).join(', '))
  await shell.read('kubectl apply -f -', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: rendered }))
  const token = await shell.read(`kubectl create token usher-webhook --namespace ${namespace} --duration 1h`)
  const ours = join(t.testdir({}), 'kubeconfig')
  writeFileSync(ours, readFileSync(server.kubeconfig, 'utf8').replace(/"token":"[^"]*"/, `"token":"${token.trim()}"`), { mode: 0o600 })
  const webhook = await startWebhook(
    t,
    ['--host', '0.0.0.0', '--kubeconfig', ours, '--certs-secret', 'usher-webhook-tls', '--webhook-configuration', 'usher', '--lock-daemonset', 'usher-lock'],
    { env: { POD_NAMESPACE: namespace } },
  )
  await shell.read('kubectl create -f -', JSON.stringify({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'usher-webhook', namespace, labels: { 'kubernetes.io/service-name': 'usher-webhook' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [ownAddress()], conditions: { ready: true } }],
    ports: [{ name: 'https', port: webhook.port, protocol: 'TCP' }, { name: 'probes', port: webhook.probePort, protocol: 'TCP' }],
  }))
  await addWebhookPod(shell, patch, rendered, webhook)
  // A webhook that answers a busy machine within 2 s is no part of this.
  const { webhooks } = parseObject(await shell.read('kubectl get mutatingwebhookconfiguration usher -o json'))
  await patch('mutatingwebhookconfiguration usher', { webhooks: (webhooks as JsonObject[]).map((each) => ({ ...each, timeoutSeconds: 5 })) })
  await patch('deployment usher-webhook', { status: { replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 } }, '--subresource=status')
  await patch('daemonset usher-lock', { status: { desiredNumberScheduled: 1, currentNumberScheduled: 1, numberReady: 1, updatedNumberScheduled: 1, numberMisscheduled: 0 } }, '--subresource=status')
  const kubelet = await startKubelet(t)
  const lock = await startLock(t)
  const { addNode, addLock } = lockPodMaker(server, rendered)
  await addNode('worker-1', kubelet.port)
  await addLock('worker-1', [`--port=${lock.port}`])
  await webhook.line('the lock is injected')
  return webhook
}

/** The pod of a replica that runs as a process: ready, at its ports and an address of this machine. */
async function addWebhookPod(shell: Shell, patch: ReturnType<typeof patcher>, rendered: readonly JsonObject[], { port, probePort }: WebhookProcess): Promise<void> {
  const deployment = rendered.find(({ kind }) => kind === 'Deployment') ?? {}
  const template = objectAt(deployment, 'spec', 'template')
  const containers = listAt(template, 'spec', 'containers').map((each) => ({
    ...each,
    args: ['webhook', `--port=${port}`, `--probe-port=${probePort}`, '--certs-secret=usher-webhook-tls', '--webhook-configuration=usher', '--lock-daemonset=usher-lock'],
  }))
  await patch('deployment usher-webhook', { spec: { template: { spec: { containers } } } })
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...objectAt(template, 'metadata'), name: 'usher-webhook-1', namespace }, spec: objectAt(template, 'spec') }
  await shell.read('kubectl create -f -', JSON.stringify(pod))
  const status = { phase: 'Running', podIP: ownAddress(), podIPs: [{ ip: ownAddress() }], conditions: [{ type: 'Ready', status: 'True' }] }
  await patch('pod usher-webhook-1', { status }, '--subresource=status')
}
