import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { issueForTest } from '../support/certificates.ts'
import { until } from '../support/until.ts'
import { freePort } from './free-port.ts'
import { type LocalProcess, type Owner, startLocalProcess } from './local-process.ts'
import { builtFolder } from '../go-tools/tool-folder.ts'

/** A real API server, without controllers and nodes: it admits and stores, and nothing comes of it. */
export interface ApiServer {
  readonly url: string
  /** The path of a kubeconfig for a cluster administrator. */
  readonly kubeconfig: string
  /** The processes of the API server, as it runs now, and of the etcd behind it; they end with the servers. */
  readonly pids: readonly number[]
  /** Kills the API server alone; what it has stored stays. */
  stop(): Promise<void>
  /** Starts it again where it was, and waits until it is ready. */
  start(): Promise<void>
}

interface Client {
  readonly port: number
  readonly ca: string
  readonly token: string
}

/** How an API server is started. */
export interface ApiServerOptions {
  /** Further flags of it. */
  readonly flags?: readonly string[]
}

/** Starts an API server with an etcd of its own on 127.0.0.1, and waits until pods can be created. */
export async function startApiServer(t: Owner, { flags = [] }: ApiServerOptions = {}): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'usher-api-server-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const etcdUrl = `http://127.0.0.1:${await freePort()}`
  const etcd = startEtcd(t, folder, etcdUrl, `http://127.0.0.1:${await freePort()}`)

  const { ca, leaf } = await issueForTest(['127.0.0.1'])
  const client: Client = { port: await freePort(), ca: ca.cert, token: randomUUID() }
  const files = writeFiles(folder, {
    'tls.crt': leaf.cert,
    'tls.key': leaf.key,
    'tokens.csv': `${client.token},admin,admin,system:masters\n`,
    ...serviceAccountKey(),
  })
  let server = startKubeApiServer(t, folder, files, etcdUrl, client.port, flags)
  await Promise.race([ready(client), etcd.ended, server.ended])

  const url = `https://127.0.0.1:${client.port}`
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, JSON.stringify(kubeconfigOf(url, client)), { mode: 0o600 })
  return {
    url,
    kubeconfig,
    get pids() {
      return [server.pid, etcd.pid]
    },
    stop: () => server.stop(),
    async start() {
      server = startKubeApiServer(t, folder, files, etcdUrl, client.port, flags)
      await Promise.race([ready(client), etcd.ended, server.ended])
    },
  }
}

function startEtcd(t: Owner, folder: string, url: string, peerUrl: string): LocalProcess {
  const flags = [
    '--name=usher-test',
    `--data-dir=${join(folder, 'etcd')}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=usher-test=${peerUrl}`,
  ]
  return startLocalProcess(t, join(builtFolder('etcd'), 'etcd'), flags, folder)
}

function startKubeApiServer(
  t: Owner,
  folder: string,
  files: Readonly<Record<FileName, string>>,
  etcdUrl: string,
  port: number,
  more: readonly string[],
): LocalProcess {
  const flags = [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--tls-cert-file=${files['tls.crt']}`,
    `--tls-private-key-file=${files['tls.key']}`,
    `--token-auth-file=${files['tokens.csv']}`,
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${files['service-account.pub']}`,
    `--service-account-signing-key-file=${files['service-account.key']}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    // It would publish the address for pods; there are none, and endpoints may not be on the loopback.
    '--endpoint-reconciler-type=none',
    ...more,
  ]
  return startLocalProcess(t, join(builtFolder('kubernetes'), 'kube-apiserver'), flags, folder)
}

type FileName = 'tls.crt' | 'tls.key' | 'tokens.csv' | 'service-account.pub' | 'service-account.key'

function writeFiles(folder: string, contents: Readonly<Record<FileName, string>>): Readonly<Record<FileName, string>> {
  const paths = {} as Record<FileName, string>
  for (const [name, content] of Object.entries(contents) as [FileName, string][]) {
    paths[name] = join(folder, name)
    writeFileSync(paths[name], content, { mode: 0o600 })
  }
  return paths
}

function serviceAccountKey(): { readonly 'service-account.pub': string; readonly 'service-account.key': string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  return { 'service-account.pub': publicKey, 'service-account.key': privateKey }
}

// It takes some seconds of CPU, of which a busy machine may have few.
const readyWithinMs = 120_000

async function ready(client: Client): Promise<void> {
  await until('the API server is ready', async () => (await send(client, 'GET', '/readyz')) === 200, readyWithinMs)
  // A controller makes this one elsewhere; without it, no pod is admitted.
  const path = '/api/v1/namespaces/default/serviceaccounts'
  const body = JSON.stringify({ metadata: { name: 'default' } })
  await until('the service account of the namespace', async () => {
    const status = await send(client, 'POST', path, body)
    return status === 201 || status === 409
  }, readyWithinMs)
}

/** The status of the answer; 0 where none came. */
function send(client: Client, method: string, path: string, body = ''): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const headers = { authorization: `Bearer ${client.token}`, 'content-type': 'application/json' }
  const sent = request({ host: '127.0.0.1', port: client.port, ca: client.ca, method, path, headers }, (response) => {
    response.resume()
    response.on('error', () => resolve(0))
    response.on('end', () => resolve(response.statusCode ?? 0))
  })
  sent.on('error', () => resolve(0))
  sent.end(body)
  return promise
}

function kubeconfigOf(server: string, { ca, token }: Client): object {
  const name = 'usher-test'
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  }
}
