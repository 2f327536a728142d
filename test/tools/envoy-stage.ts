import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect, createServer as createTcpServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import type { Job } from '../../src/job/job.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { envoyBinary } from '../envoy/envoy-binary.ts'
import { startNameServer } from '../native/wait/support/name-server.ts'
import { seen } from '../support/job-values.ts'
import { listAt, valueAt } from '../support/pod-reader.ts'
import { until } from '../support/until.ts'
import { freePort } from './free-port.ts'
import { startLocalProcess } from './local-process.ts'

/** Envoy as the sidecar of a job's instance, with the configuration of the job, and the other instances beside it. */
export interface EnvoyStage {
  /** Where Envoy listens, on this machine. */
  readonly port: number
  /** The instances that are in DNS, by the last part of their address; changing them is what readiness does. */
  ready: readonly number[]
  /** Starts an instance at 127.0.1.N. */
  instance(number: number, server: Server): Promise<void>
  /** The most memory that Envoy has had, in bytes. */
  memory(): number
}

// Of a pod in the namespace shop.
const search = 'search shop.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n'
const namesOfInstances = 'web-pods.shop.svc.cluster.local'

/** Starts Envoy for a job called web, whose containers listen on the port that this gives to it. */
export async function startEnvoyStage(t: Test, jobAt: (target: number) => Job, own: Server): Promise<EnvoyStage> {
  const target = await freePort()
  const stage = { ready: [] as readonly number[] }
  const answer = (name: string) => {
    const addresses = stage.ready.map(addressOf)
    return name === namesOfInstances && addresses.length > 0 ? addresses : ('no such name' as const)
  }
  const { by } = await startNameServer(t, answer, undefined, search)
  await listen(t, own, target, '127.0.0.1')
  const rendered = renderedEnvoy(jobAt(target))
  const port = await freePort()
  // The test's own folder is the name server's.
  const folder = mkdtempSync(join(tmpdir(), 'usher-envoy-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'envoy.json')
  // A pod has its address for itself; this machine may have somebody at that port.
  writeFileSync(file, rendered.bootstrap.replace(`"port_value": ${rendered.port}`, `"port_value": ${port}`))
  const [unshare = '', ...how] = by
  const process = startLocalProcess(t, unshare, [...how, envoyBinary(), ...argsWith(rendered.args, file)], folder)
  await Promise.race([until('Envoy listens', () => accepts(port), patienceMs), process.ended])
  return Object.assign(stage, {
    port,
    instance: (number: number, server: Server) => listen(t, server, target, addressOf(number)),
    memory: () => memoryOf(process.pid),
  })
}

// It takes a second; on a busy machine more.
const patienceMs = 60_000

/** What a job's Envoy is started with: its configuration, its arguments, and the port that it listens on. */
export function renderedEnvoy(job: Job): { readonly bootstrap: string; readonly args: readonly unknown[]; readonly port: number } {
  const { objects, pod } = seen(job)
  const config = objects.find((object) => valueAt(object, 'data', 'envoy.json') !== undefined)
  const container = listAt(pod, 'initContainers').find(({ name }) => name === 'envoy') ?? {}
  return { bootstrap: String(valueAt(config, 'data', 'envoy.json')), args: argsOf(container), port: Number(listAt(container, 'ports')[0]?.['containerPort']) }
}

function argsOf(container: JsonObject): readonly unknown[] {
  const args = container['args']
  return Array.isArray(args) ? args : []
}

/** The arguments, with the file that is here in place of the mounted one. */
export function argsWith(args: readonly unknown[], file: string): readonly string[] {
  return args.map((each) => (each === '/etc/envoy/envoy.json' ? file : String(each)))
}

function addressOf(number: number): string {
  return `127.0.1.${number}`
}

async function listen(t: Test, server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host)
  await once(server, 'listening')
  t.teardown(() => void server.close())
}

/** An instance that speaks HTTP, and answers with its name unless told otherwise. */
export function httpInstance(name: string, answer: (request: IncomingMessage, response: ServerResponse) => void = () => {}): Server {
  const server = createServer((incoming, response) => {
    answer(incoming, response)
    response.end(name)
  })
  // What is kept alive would hold up the end of the test.
  server.keepAliveTimeout = 1
  return server
}

/** An instance that says its name to whoever connects. */
export function tcpInstance(name: string): Server {
  return createTcpServer((socket) => socket.on('error', () => {}).end(name))
}

/** What is answered to one request by HTTP: the status and the text. */
export async function ask(port: number): Promise<{ readonly status: number | undefined; readonly by: string }> {
  const sent = request({ host: '127.0.0.1', port, agent: false })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: response.statusCode, by: await text(response) }
}

/** What is said on a connection until its end. */
export async function hear(port: number): Promise<string> {
  return text(connect(port, '127.0.0.1'))
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Of the child of the guard that became Envoy. */
function memoryOf(guard: number): number {
  const children = readFileSync(`/proc/${guard}/task/${guard}/children`, 'utf8').trim().split(' ')
  const statuses = children.map((pid) => readFileSync(`/proc/${pid}/status`, 'utf8'))
  const most = statuses.find((status) => status.startsWith('Name:\tenvoy'))?.match(/^VmHWM:\s+(\d+) kB$/m)?.[1]
  if (most === undefined) throw new Error('Envoy is not among the children of its guard')
  return Number(most) * 1_024
}
