import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Owner } from '../../tools/local-process.ts'
import type { StateView } from '../../../src/lock/state-view.ts'
import type { JsonObject } from '../../../src/units/json.ts'
import manifest from '../../../package.json' with { type: 'json' }
import { builtFolder } from '../../go-tools/tool-folder.ts'
import { until } from '../../support/until.ts'
import { theCluster } from '../cluster-file.ts'
import { adminKubeconfig } from '../folders.ts'
import { writeNodeImage } from '../images/node.ts'
import { attempt, run } from '../run.ts'
import { cluster, mustCluster } from './command.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const architecture = process.arch === 'x64' ? 'amd64' : process.arch

/** The namespace that usher is installed in. */
export const systemNamespace = 'usher-system'

/**
 * Brings up a cluster of its own for a file of tests, and installs usher into it as an admin does: images, then the
 * chart, by Helm. Everything is gone in the end. With `USHER_CLUSTER=keep` a cluster that is up is taken as it is, usher
 * too where no values are asked for, and left up, for whoever works on a test.
 */
export async function startUsher(t: Owner, { nodes = 1, values = [] }: { readonly nodes?: number; readonly values?: readonly string[] } = {}): Promise<void> {
  const isKept = process.env['USHER_CLUSTER'] === 'keep'
  if (!isKept || (await cluster('status')).code !== 0) {
    await mustCluster('down')
    await mustCluster('up', '--nodes', String(nodes))
    await loadUsher(t)
  }
  if (!isKept) t.teardown(() => mustCluster('down'))
  // Whoever else works on the cluster may have set others.
  if (!(isKept && values.length === 0 && (await isInstalled()))) await setValues(values)
}

/** Loads the images of usher, and the one of the tests' pods, into a cluster that is up. */
export async function loadUsher(t: Owner): Promise<void> {
  for (const image of await archives(t)) await mustCluster('load', image)
}

async function isInstalled(): Promise<boolean> {
  return (await tryKubectl(['get', 'mutatingwebhookconfiguration', 'usher'])).code === 0
}

async function archives(t: Owner): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'usher-images-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const node = join(folder, 'node.tar')
  await writeNodeImage(node)
  const ours = ['usher', 'usher-wait'].map((name) => `${root}dist/images/${name}-${manifest.version}-${architecture}.tar`)
  const missing = ours.find((file) => !existsSync(file))
  if (missing !== undefined) throw new Error(`${missing} is not there; npm run images -- --base scratch-node builds it`)
  return [node, ...ours]
}

/** Installs or upgrades usher's chart with these values (`--set`), and waits until all of it is ready. */
export async function setValues(values: readonly string[]): Promise<void> {
  const set = ['lock.readers=all', ...values].flatMap((value) => ['--set', value])
  const flags = ['--namespace', systemNamespace, '--create-namespace', '--wait', '--timeout', '180s', '--reset-values']
  await helm('upgrade', '--install', 'usher', `${root}deploy/chart`, ...flags, ...set)
}

/** Runs Helm as an administrator of the cluster, and gives its output. */
export function helm(...args: readonly string[]): Promise<string> {
  return run(join(builtFolder('helm'), 'helm'), ['--kubeconfig', adminKubeconfig, ...args])
}

/** Runs kubectl with input, and gives its output. */
export function kubectl(args: readonly string[], input = ''): Promise<string> {
  return run(join(builtFolder(theCluster().version.tools), 'kubectl'), ['--kubeconfig', adminKubeconfig, ...args], input)
}

/** As {@link kubectl}, for what may fail. */
export function tryKubectl(args: readonly string[], input = '') {
  return attempt(join(builtFolder(theCluster().version.tools), 'kubectl'), ['--kubeconfig', adminKubeconfig, ...args], input)
}

/** Reads an object as JSON. */
export async function read<T = JsonObject>(...args: readonly string[]): Promise<T> {
  return JSON.parse(await kubectl([...args, '-o', 'json'])) as T
}

/** Reads a list of objects as JSON. */
export async function list<T = JsonObject>(...args: readonly string[]): Promise<readonly T[]> {
  return (await read<{ readonly items: readonly T[] }>(...args)).items
}

/** Creates or changes objects, given as plain JSON. */
export async function apply(...items: readonly object[]): Promise<void> {
  await kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
}

/** Makes a namespace for a test, which goes with it; `labels` are its own, turned on unless said otherwise. */
export async function makeNamespace(t: Owner, name: string, labels: object = { 'usher.dev/inject': 'enabled' }, annotations: object = {}): Promise<void> {
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels, annotations } })
  // A controller makes it; without it no pod is admitted.
  await until(`${name} has its service account`, async () => (await tryKubectl(['get', '--namespace', name, 'serviceaccount', 'default'])).code === 0, 60_000)
  t.teardown(() => kubectl(['delete', 'namespace', name, '--wait=false', '--ignore-not-found']))
}

/** What the lock of a node says of itself, through the API server. */
export async function lockState(node = 'node-1'): Promise<StateView> {
  const flags = ['--namespace', systemNamespace, '--selector', 'app.kubernetes.io/component=lock']
  const names = await kubectl(['get', 'pods', ...flags, '--field-selector', `spec.nodeName=${node}`, '-o', 'name'])
  const name = names.trim().split('/').at(-1)
  return JSON.parse(await kubectl(['get', '--raw', `/api/v1/namespaces/${systemNamespace}/pods/${name}:8888/proxy/v1/state`])) as StateView
}
