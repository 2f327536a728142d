import { spawn } from 'node:child_process'
import { isObject, type JsonObject } from '../../../src/units/json.ts'
import { parseQuantity, unitsOf } from '../../../src/units/quantity.ts'
import { launcher } from '../../support/usher-process.ts'
import { adminKubeconfig } from '../folders.ts'
import { nodeImage } from '../images/node.ts'
import type { Outcome } from '../run.ts'
import { kubectl, list, read } from './usher.ts'

/** Starts a run of a job that goes on meanwhile, and can be killed. */
export function startRun(namespace: string, file: string, ...flags: readonly string[]) {
  const child = spawn(process.execPath, [launcher, 'job', 'run', '-n', namespace, '-f', '-', '--kubeconfig', adminKubeconfig, ...flags], { stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  const { promise: ended, resolve } = Promise.withResolvers<number | NodeJS.Signals | null>()
  child.on('close', (code, signal) => resolve(code ?? signal))
  child.stdin.end(file)
  return { ended, kill: () => child.kill('SIGKILL'), output: () => output }
}

/**
 * A server of one job: `/health` has the status that was set last, for this instance alone, by `/set/STATUS`, and any other
 * path the name of the instance.
 */
export const server = `
  let status = 200
  require('node:http').createServer((request, response) => {
    if (request.url.startsWith('/set/')) status = Number(request.url.slice(5))
    response.statusCode = request.url === '/health' ? status : 200
    if (response.statusCode === 302) response.setHeader('location', '/')
    response.end(response.statusCode === 204 ? undefined : require('node:os').hostname())
  }).listen(8080)
  process.on('SIGTERM', () => process.exit())
`

/** How often a check is made that is to be quick. */
export const quick = { interval: 1, timeout: 5, start_interval: 1, healthy_threshold: 1, unhealthy_threshold: 2 }

/** A container of a job file, quick to be healthy: of Compose's keys, those that are not as they are here. */
export function container(more: object = {}): object {
  return {
    image: nodeImage,
    command: ['-e', server],
    memory: '128M',
    ports: ['80:8080'],
    healthcheck: { type: 'http', port: 8080, path: '/health', ...quick },
    stop_grace_period: 2,
    ...more,
  }
}

/** A job file; JSON is YAML. */
export function jobFile(name: string, numInstances: number, containers: object = { app: container() }, more: object = {}): string {
  return JSON.stringify({ name, numInstances, containers, nap: 1, ...more })
}

/** The addresses that the name of a job's instances has: those of the healthy ones. */
export async function addressesOf(namespace: string, job: string): Promise<readonly string[]> {
  const slices = await list<Slice>('get', 'endpointslices', '--namespace', namespace, '--selector', `kubernetes.io/service-name=${job}-pods`)
  return slices.flatMap(({ endpoints }) => (endpoints ?? []).filter(({ conditions }) => conditions.ready === true).flatMap(({ addresses }) => addresses)).toSorted()
}

interface Slice {
  readonly endpoints?: readonly { readonly addresses: readonly string[]; readonly conditions: { readonly ready?: boolean } }[]
}

/** What the tests read of an instance. */
export interface InstancePod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string; readonly deletionTimestamp?: string; readonly annotations: Readonly<Record<string, string>> }
  readonly spec: { readonly nodeName?: string; readonly initContainers?: readonly { readonly name: string }[] }
  readonly status: {
    readonly phase: string
    readonly podIP?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly { readonly restartCount: number }[]
  }
}

/** The instances of a job, those that end left out. */
export async function instancesOf(namespace: string, job: string): Promise<readonly InstancePod[]> {
  const pods = await list<InstancePod>('get', 'pods', '--namespace', namespace, '--selector', `usher.dev/job=${job}`)
  return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
}

/** Whether an instance counts as healthy. */
export function isHealthy({ status }: InstancePod): boolean {
  return status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true
}

/** Everything of a namespace that somebody has put in, by kind, name and version: what has changed shows. */
export async function objectsIn(namespace: string): Promise<readonly string[]> {
  const kinds = 'deployments,daemonsets,jobs,services,configmaps,secrets,persistentvolumeclaims,poddisruptionbudgets,ingresses,pods'
  const found = await list('get', kinds, '--namespace', namespace)
  return found.map((each) => {
    const { metadata } = each
    if (!isObject(metadata)) return ''
    // The status of a workload changes by itself, and then its version; its generation does not.
    return JSON.stringify([each['kind'], metadata['name'], metadata['uid'], metadata['generation'] ?? 0])
  }).toSorted()
}

/** A container of a pod. */
export interface Inside {
  readonly namespace: string
  readonly pod: string
  /** By default `app`. */
  readonly container?: string
}

/** The words of kubectl that run a line of JavaScript in a container. */
export function execOf({ namespace, pod, container: name = 'app' }: Inside, script: string): readonly string[] {
  return ['exec', '--namespace', namespace, pod, '--container', name, '--', '/usr/local/bin/node', '-e', script]
}

/** Runs a line of JavaScript in a container, and gives what it prints. */
export function runInside(where: Inside, script: string): Promise<string> {
  return kubectl(execOf(where, script))
}

/** What an instance answers, asked from within it. */
export function ask(namespace: string, pod: string, path: string, port = 8080): Promise<string> {
  return runInside({ namespace, pod }, `fetch('http://127.0.0.1:${port}${path}').then((answer) => answer.text()).then(console.log)`)
}

/** The problem document that a command has printed. */
export function problemIn({ stdout }: Outcome): JsonObject {
  const begin = stdout.indexOf('{')
  return begin === -1 ? {} : (JSON.parse(stdout.slice(begin, stdout.lastIndexOf('}') + 1)) as JsonObject)
}

/** Bytes of a node that no pod has asked for. */
export async function freeMemoryOf(node: string): Promise<number> {
  const { status } = await read<{ readonly status: { readonly allocatable: { readonly memory: string } } }>('get', 'node', node)
  const pods = await list<AskingPod>('get', 'pods', '--all-namespaces', '--field-selector', `spec.nodeName=${node},status.phase!=Succeeded,status.phase!=Failed`)
  const asked = pods.map(({ spec: { containers, initContainers = [] } }) => Math.max(sumOf([...containers, ...initContainers.filter(isSidecar)]), ...initContainers.map((each) => sumOf([each]))))
  return bytesOf(status.allocatable.memory) - asked.reduce((sum, each) => sum + each, 0)
}

interface AskingPod {
  readonly spec: { readonly containers: readonly AskingContainer[]; readonly initContainers?: readonly AskingContainer[] }
}

interface AskingContainer {
  readonly restartPolicy?: string
  readonly resources?: { readonly requests?: { readonly memory?: string } }
}

function isSidecar({ restartPolicy }: AskingContainer): boolean {
  return restartPolicy === 'Always'
}

function sumOf(containers: readonly AskingContainer[]): number {
  return containers.reduce((sum, { resources }) => sum + bytesOf(resources?.requests?.memory ?? '0'), 0)
}

function bytesOf(quantity: string): number {
  const amount = parseQuantity(quantity)
  if (amount === undefined) throw new Error(`${quantity} is no quantity`)
  return unitsOf(amount)
}
