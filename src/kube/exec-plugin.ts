import { type ChildProcess, spawn } from 'node:child_process'
import { isObject, type JsonObject, objectsOf } from '../units/json.ts'

/** A program that a kubeconfig names to get credentials from (KEP-541), as `users[].user.exec` has it. */
export interface ExecPlugin {
  /** For people: of which user it is. */
  readonly user: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly apiVersion: string
  /** Whether it reads from a terminal: it never does, does where there is one, or cannot do without. */
  readonly interactiveMode: 'Never' | 'IfAvailable' | 'Always'
  /** How it is installed, in the words of whoever wrote the kubeconfig. */
  readonly installHint: string | undefined
  /** Whether it wants to be told of the cluster. */
  readonly wantsCluster: boolean
}

/** What a plugin has given. */
export interface Credential {
  readonly token: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  /** Until when it is good, in milliseconds since 1970; undefined: it does not say. */
  readonly endsAt: number | undefined
}

/** How a plugin is run. */
export interface PluginRun {
  /** Whether there is a terminal at which it can ask. */
  readonly hasTerminal: boolean
  /** Of this process. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Of whom it is told where it wants to be: the `cluster` of an ExecCredential. */
  readonly cluster: JsonObject
  /** How long it may take where nobody is asked; {@link silentWithinMs} unless said otherwise. */
  readonly withinMs?: number
}

/** There are no credentials: why, and what to do. */
export class PluginError extends Error {
  override readonly name = 'PluginError'
}

/** It asks a server or two; a browser may come up and want a click. */
export const silentWithinMs = 60_000
/** A person looks for a password, or a second factor. */
export const askingWithinMs = 5 * 60_000

/** Reads `exec` of a user; undefined where there is none. */
export function readPlugin(user: string, exec: unknown): ExecPlugin | undefined {
  if (!isObject(exec)) return undefined
  const { command, args, env, apiVersion, interactiveMode, installHint, provideClusterInfo } = exec
  return {
    user,
    command: typeof command === 'string' ? command : '',
    args: Array.isArray(args) ? args.filter((each) => typeof each === 'string') : [],
    env: Object.fromEntries(objectsOf(env).flatMap(({ name, value }) => (typeof name === 'string' && typeof value === 'string' ? [[name, value] as const] : []))),
    apiVersion: typeof apiVersion === 'string' ? apiVersion : 'client.authentication.k8s.io/v1',
    interactiveMode: interactiveMode === 'Never' || interactiveMode === 'Always' ? interactiveMode : 'IfAvailable',
    installHint: typeof installHint === 'string' && installHint !== '' ? installHint.trim() : undefined,
    wantsCluster: provideClusterInfo === true,
  }
}

/**
 * Runs a plugin to its end, as kubectl does: it writes its words to our own stderr, and reads from our terminal where it
 * may. Other than with kubectl, and with the client library, it has to end in time.
 *
 * @throws {PluginError}
 */
export async function runPlugin(plugin: ExecPlugin, { hasTerminal, environment, cluster, withinMs = silentWithinMs }: PluginRun): Promise<Credential> {
  const { command, args, env, apiVersion, interactiveMode, wantsCluster } = plugin
  const title = titleOf(plugin)
  if (command === '') throw new PluginError(`${title} has no command; mend the kubeconfig`)
  if (interactiveMode === 'Always' && !hasTerminal) {
    throw new PluginError(`${title} has to ask something (interactiveMode: Always), and there is no terminal: run usher at one, or choose a context whose credentials need none (--context)`)
  }
  const asks = hasTerminal && interactiveMode !== 'Never'
  const spec = { interactive: asks, ...(wantsCluster ? { cluster } : {}) }
  const info = JSON.stringify({ kind: 'ExecCredential', apiVersion, spec })
  const child = spawn(command, args, { stdio: [asks ? 'inherit' : 'ignore', 'pipe', 'inherit'], env: { ...environment, ...env, KUBERNETES_EXEC_INFO: info } })
  return readCredential(await outputOf(child, plugin, asks ? Math.max(withinMs, askingWithinMs) : withinMs), title)
}

function titleOf({ command, user }: ExecPlugin): string {
  return `the credential plugin ${JSON.stringify(command)} of user ${JSON.stringify(user)}`
}

/** What it writes, once it has ended well. */
function outputOf(child: ChildProcess, plugin: ExecPlugin, withinMs: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const title = titleOf(plugin)
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const late = setTimeout(() => {
    child.kill('SIGKILL')
    // Whatever it has started itself may keep this open, and must not keep us.
    child.stdout?.destroy()
    reject(new PluginError(`${title} has not ended within ${withinMs / 1_000} s: run it by itself to see what it waits for (${lineOf(plugin)}), log in by it if it wants that, and try again`))
  }, withinMs)
  promise.finally(() => clearTimeout(late)).catch(() => {})
  child.once('error', (error) => {
    const hint = plugin.installHint === undefined ? 'install it, or mend the kubeconfig' : plugin.installHint
    reject(new PluginError(`${title} cannot be run: ${error.message}; ${hint}`, { cause: error }))
  })
  child.once('close', (code, signal) => {
    if (code === 0) resolve(text)
    else reject(new PluginError(`${title} has failed (${code === null ? String(signal) : `exit code ${code}`}), and said why above, if at all; log in by it, or run it by itself: ${lineOf(plugin)}`))
  })
  return promise
}

/** For people, who put it into a shell. */
function lineOf({ command, args }: ExecPlugin): string {
  return [command, ...args].map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)).join(' ')
}

function readCredential(text: string, title: string): Credential {
  const status = statusOf(text)
  if (status === undefined) throw new PluginError(`${title} has not written an ExecCredential; run it by itself to see what it writes`)
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = status
  const endsAt = typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : Number.NaN
  return {
    token: textOf(token),
    cert: textOf(clientCertificateData),
    key: textOf(clientKeyData),
    endsAt: Number.isNaN(endsAt) ? undefined : endsAt,
  }
}

function statusOf(text: string): JsonObject | undefined {
  try {
    const credential: unknown = JSON.parse(text)
    return isObject(credential) && isObject(credential['status']) ? credential['status'] : undefined
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
