import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { toolVersion } from '../go-tools/tool-folder.ts'
import { startWebhook, type WebhookProcess } from '../support/usher-process.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { parseObject } from './pod-template.ts'
import { openShell, type Shell } from './shell.ts'

/** The namespace in which the chart is installed. */
export const namespace = 'usher-system'

const chart = fileURLToPath(new URL('../../deploy/chart', import.meta.url))

/** A real API server with the chart's rights for the webhook, which run as processes of this machine. */
export interface WebhookCluster {
  readonly shell: Shell
  readonly api: ApiServer
  /** Starts a webhook with the flags of the chart and these, as the chart's service account. */
  webhook(flags?: readonly string[]): Promise<WebhookProcess>
  /** Creates the chart's webhook configuration, with the address of a process instead of the Service. */
  configure(port: number): Promise<void>
  /** The object that kubectl prints. */
  get(what: string): Promise<JsonObject>
  /** The API server's audit log, as far as it concerns pods: an entry for each one that was created. */
  audited(): readonly JsonObject[]
}

/** Starts it. */
export async function startWebhookCluster(t: Test): Promise<WebhookCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'usher-webhook-cluster-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o700)
  const auditLog = join(folder, 'audit.log')
  const policy = join(folder, 'audit-policy.yaml')
  writeFileSync(policy, JSON.stringify(auditPolicy))
  const flags = [`--audit-policy-file=${policy}`, `--audit-log-path=${auditLog}`, '--audit-log-mode=blocking']
  const api = await startApiServer(t, { flags })
  const { kubeconfig } = api
  const shell = openShell(t, { tools: ['kubernetes', 'helm'], kubeconfig })
  const render = (template: string): Promise<string> =>
    shell.read(
      `helm template usher ${chart} --namespace ${namespace} --kube-version ${toolVersion('kubernetes')} --show-only templates/${template}.yaml`,
    )
  await shell.read(`kubectl create namespace ${namespace}`)
  await shell.read('kubectl apply -f -', `${await render('service-accounts')}\n---\n${await render('rbac')}`)
  const token = await shell.read(`kubectl create token usher-webhook --namespace ${namespace} --duration 1h`)
  const ours = join(folder, 'kubeconfig')
  writeFileSync(ours, withToken(readFileSync(kubeconfig, 'utf8'), token.trim()), { mode: 0o600 })

  return {
    shell,
    api,
    webhook: (flags = []) =>
      startWebhook(
        t,
        ['--kubeconfig', ours, '--certs-secret', 'usher-webhook-tls', '--webhook-configuration', 'usher', '--lock-daemonset', 'usher-lock', ...flags],
        { env: { POD_NAMESPACE: namespace } },
      ),
    async configure(port) {
      const [found] = parseAllDocuments(await render('webhook-configuration')).map((document): unknown => document.toJS())
      if (!isObject(found) || !Array.isArray(found['webhooks'])) throw new Error('the chart has no webhooks')
      const webhooks = found['webhooks'].filter(isObject).map((webhook) => ({
        ...webhook,
        // A real Service needs nodes; and tests that wait for a busy machine are no tests of 2 s.
        clientConfig: { url: `https://127.0.0.1:${port}${pathOf(webhook)}` },
        timeoutSeconds: 20,
      }))
      await shell.read('kubectl create -f -', JSON.stringify({ ...found, webhooks }))
    },
    get: async (what) => parseObject(await shell.read(`kubectl get ${what} -o json`)),
    audited: () =>
      readFileSync(auditLog, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line): unknown => JSON.parse(line))
        .filter(isObject),
  }
}

function pathOf({ clientConfig }: JsonObject): string {
  const service = isObject(clientConfig) ? clientConfig['service'] : undefined
  return isObject(service) && typeof service['path'] === 'string' ? service['path'] : ''
}

const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', verbs: ['create'], resources: [{ group: '', resources: ['pods'] }] }, { level: 'None' }],
}

function withToken(kubeconfig: string, token: string): string {
  const config = parseObject(kubeconfig)
  const users = Array.isArray(config['users']) ? config['users'] : []
  return JSON.stringify({ ...config, users: users.map((user: unknown) => ({ ...(isObject(user) ? user : {}), user: { token } })) })
}
