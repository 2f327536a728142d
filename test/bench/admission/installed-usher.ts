import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { bundleAll } from '../../../deploy/images/bundle.ts'
import { isObject, type JsonObject } from '../../../src/units/json.ts'
import { listAt, objectAt } from '../../support/pod-reader.ts'
import { until } from '../../support/until.ts'
import type { Owner } from '../../tools/local-process.ts'
import { type ServerProcess, startServer } from '../webhook/server-process.ts'
import { type ApiClient, textAt } from './api-client.ts'

/** usher as it is installed, but for its address. */
export interface InstalledUsher {
  readonly server: ServerProcess
  /** As the chart registers it, with its CA. */
  readonly configuration: JsonObject
}

const manifests = new URL('../../../deploy/usher.yaml', import.meta.url)
const namespace = 'usher-system'
const workloads = ['Namespace', 'ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding', 'DaemonSet']

/** Installs usher.yaml, and runs its webhook on this machine, bundled as in its image and with the rights of its own. */
export async function installUsher(t: Owner, client: ApiClient, kubeconfig: string, folder: string): Promise<InstalledUsher> {
  const objects = parseAllDocuments(readFileSync(manifests, 'utf8')).map((document): unknown => document.toJS()).filter(isObject)
  for (const object of objects) if (workloads.includes(textAt(object, 'kind'))) await client.create(object)
  // No controller does; the lock is injected once there is one.
  const locks = `/apis/apps/v1/namespaces/${namespace}/daemonsets/usher-lock/status`
  const status = { numberReady: 1, currentNumberScheduled: 1, desiredNumberScheduled: 1, numberMisscheduled: 0 }
  await client.ask('PATCH', locks, { status }, 'application/merge-patch+json')

  const server = await startUsher(t, folder, await ownKubeconfig(client, kubeconfig, folder), configOf(objects))
  await client.create(webhooksOf(objects, server.port))
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/usher'
  const configuration = await until('usher has put its CA into its webhook configuration', async () => {
    const found = await client.ask('GET', path)
    return listAt(found, 'webhooks').every((webhook) => 'caBundle' in objectAt(webhook, 'clientConfig')) ? found : undefined
  })
  return { server, configuration }
}

async function startUsher(t: Owner, folder: string, kubeconfig: string, config: string): Promise<ServerProcess> {
  const bundles = join(folder, 'bundle')
  await bundleAll(bundles)
  const configFile = join(folder, 'usher.yaml')
  writeFileSync(configFile, config)
  const here = ['--host', '127.0.0.1', '--port', '0', '--probe-port', '0', '--kubeconfig', kubeconfig]
  const asInstalled = ['--config', configFile, '--certs-secret', 'usher-webhook-tls', '--webhook-configuration', 'usher', '--log-level', 'info', '--lock-daemonset', 'usher-lock']
  const args = [join(bundles, 'usher.mjs'), 'webhook', ...here, ...asInstalled]
  const server = await startServer('usher', args, { cwd: folder, folder, env: { POD_NAMESPACE: namespace } })
  t.teardown(() => server.stop())
  return server
}

/** A kubeconfig with the service account of the webhook. */
async function ownKubeconfig(client: ApiClient, kubeconfig: string, folder: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/usher-webhook/token`
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7_200 } }
  const token = textAt(await client.ask('POST', path, request), 'status', 'token')
  const config: unknown = JSON.parse(readFileSync(kubeconfig, 'utf8'))
  const users = listAt(config, 'users').map((user) => ({ ...user, user: { token } }))
  const file = join(folder, 'webhook-kubeconfig')
  writeFileSync(file, JSON.stringify({ ...objectAt(config), users }), { mode: 0o600 })
  return file
}

function configOf(objects: readonly JsonObject[]): string {
  return textAt(objects.find(({ kind }) => kind === 'ConfigMap'), 'data', 'usher.yaml')
}

function webhooksOf(objects: readonly JsonObject[], port: number): JsonObject {
  const found = objects.find(({ kind }) => kind === 'MutatingWebhookConfiguration')
  const webhooks = listAt(found, 'webhooks').map((webhook) => ({
    ...webhook,
    // A Service needs nodes; and an answer that comes late on a busy machine is to be measured, not left out.
    clientConfig: { url: `https://127.0.0.1:${port}/mutate` },
    timeoutSeconds: 20,
  }))
  return { ...found, webhooks }
}
