import { readFileSync } from 'node:fs'
import type { Cluster, KubeConfig } from '@kubernetes/client-node'
import type { JsonObject } from '../units/json.ts'
import { type Credential, type ExecPlugin, type PluginRun, readPlugin, runPlugin } from './exec-plugin.ts'

/** Gets credentials from a plugin; nothing where the kubeconfig names none. Throws a {@link PluginError}. */
export type LogIn = () => Promise<void>

type Authenticator = Parameters<KubeConfig['addAuthenticator']>[0]

const providerName = 'usher-exec'

/**
 * Has the plugin of the current user run by {@link runPlugin} from now on: the library's own way hands it a standard input
 * that never ends, waits for it for ever, and runs it once for each request that is sent before it has ended.
 */
export function takePlugin(config: KubeConfig, terms: Omit<PluginRun, 'cluster'>): LogIn {
  const user = config.getCurrentUser()
  const plugin = user === null ? undefined : readPlugin(user.name, user.exec)
  if (user === null || plugin === undefined) return async () => {}
  const source = new CredentialSource(plugin, () => runPlugin(plugin, { ...terms, cluster: describeCluster(config.getCurrentCluster()) }))
  const { exec: _exec, ...rest } = user
  config.users = config.users.map((each) => (each === user ? { ...rest, authProvider: { name: providerName } } : each))
  config.addAuthenticator(source)
  return async () => void (await source.get())
}

/** Keeps what the plugin has given for as long as it is good. */
class CredentialSource implements Authenticator {
  readonly #plugin: ExecPlugin
  readonly #run: () => Promise<Credential>
  /** All who ask meanwhile wait for one run. */
  #running: Promise<Credential> | undefined
  #last: Credential | undefined

  constructor(plugin: ExecPlugin, run: () => Promise<Credential>) {
    this.#plugin = plugin
    this.#run = run
  }

  async get(): Promise<Credential> {
    if (this.#last !== undefined && (this.#last.endsAt ?? Infinity) > Date.now()) return this.#last
    this.#running ??= this.#run().finally(() => (this.#running = undefined))
    this.#last = await this.#running
    return this.#last
  }

  isAuthProvider({ name, authProvider }: { readonly name: string; readonly authProvider?: { readonly name?: string } }): boolean {
    return authProvider?.name === providerName && name === this.#plugin.user
  }

  async applyAuthentication(_user: unknown, options: Parameters<Authenticator['applyAuthentication']>[1]): Promise<void> {
    const { token, cert, key } = await this.get()
    if (cert !== undefined) options.cert = cert
    if (key !== undefined) options.key = key
    if (token !== undefined) Object.assign((options.headers ??= {}), { Authorization: `Bearer ${token}` })
  }
}

/** As an ExecCredential has it. */
function describeCluster(cluster: Cluster | null): JsonObject {
  if (cluster === null) return {}
  const { server, tlsServerName, skipTLSVerify, proxyUrl, caData, caFile } = cluster
  const ca = caData ?? (caFile === undefined ? undefined : readFileSync(caFile).toString('base64'))
  return {
    server,
    ...(tlsServerName === undefined ? {} : { 'tls-server-name': tlsServerName }),
    ...(skipTLSVerify ? { 'insecure-skip-tls-verify': true } : {}),
    ...(proxyUrl === undefined ? {} : { 'proxy-url': proxyUrl }),
    ...(ca === undefined ? {} : { 'certificate-authority-data': ca }),
  }
}
