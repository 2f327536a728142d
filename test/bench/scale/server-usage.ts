import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Cluster } from '../../../src/kube/cluster.ts'
import { openAnswer } from '../../../src/kube/request.ts'
import type { ApiServer } from '../../tools/api-server.ts'
import { cpuSecondsOf } from '../support/server-cpu.ts'
import { parseScrape, type Sample } from './prometheus.ts'

/** CPU time since their start, in seconds. */
export interface CpuUsed {
  readonly server: number
  readonly etcd: number
}

/** What an API server holds in memory. */
export interface MemoryUsed {
  /** What is reachable, after a forced collection of garbage, in bytes. */
  readonly heap: number
  /** Stacks of goroutines, in bytes. */
  readonly stacks: number
  readonly goroutines: number
  /** Anonymous memory that is resident, in bytes, of the API server and of etcd; with garbage. */
  readonly resident: number
  readonly etcdResident: number
  /** Open file descriptors of the API server. */
  readonly files: number
}

/** Looks at an API server and its etcd from outside, and asks the API server for what it counts. */
export class ServerUsage {
  readonly #server: ApiServer
  readonly #config: Cluster
  readonly #signal: AbortSignal

  constructor(server: ApiServer, config: Cluster, signal: AbortSignal) {
    this.#server = server
    this.#config = config
    this.#signal = signal
  }

  cpu(): CpuUsed {
    const { server, etcd } = this.#pids()
    return { server: cpuSecondsOf(server), etcd: cpuSecondsOf(etcd) }
  }

  /** The counters and gauges that are looked at here. */
  async scrape(): Promise<readonly Sample[]> {
    return parseScrape(await this.#text('/metrics'), names)
  }

  /** Collects garbage first. */
  async memory(): Promise<MemoryUsed> {
    // What has a finalizer is freed by the second one.
    await this.#text('/debug/pprof/heap?gc=1')
    await pause(500)
    const heap = await this.#text('/debug/pprof/heap?gc=1&debug=1')
    const goroutines = await this.#text('/debug/pprof/goroutine?debug=1')
    const { server, etcd } = this.#pids()
    return {
      heap: numberIn(heap, /^# HeapAlloc = (\d+)$/m),
      stacks: numberIn(heap, /^# Stack = (\d+) /m),
      goroutines: numberIn(goroutines, /^goroutine profile: total (\d+)/),
      resident: residentOf(server),
      etcdResident: residentOf(etcd),
      files: readdirSync(`/proc/${server}/fd`).length,
    }
  }

  #pids(): { readonly server: number; readonly etcd: number } {
    const [server = 0, etcd = 0] = this.#server.pids
    return { server: childOf(server, 'kube-apiserver'), etcd: childOf(etcd, 'etcd') }
  }

  async #text(pathAndQuery: string): Promise<string> {
    const [path = '', search = ''] = pathAndQuery.split('?')
    const query = Object.fromEntries(new URLSearchParams(search))
    const { chunks } = await openAnswer(this.#config, { path, query, accept: 'text/plain', signal: this.#signal })
    const parts: Uint8Array[] = []
    for await (const chunk of chunks) parts.push(chunk)
    return Buffer.concat(parts).toString()
  }
}

const names: ReadonlySet<string> = new Set([
  'apiserver_flowcontrol_dispatched_requests_total',
  'apiserver_longrunning_requests',
  'apiserver_request_total',
  'apiserver_response_sizes_sum',
  'apiserver_storage_list_fetched_objects_total',
  'apiserver_storage_size_bytes',
  'apiserver_terminated_watchers_total',
  'apiserver_watch_events_sizes_sum',
  'apiserver_watch_events_total',
])

/** The server that a guard runs. */
function childOf(guard: number, name: string): number {
  const pids = readFileSync(`/proc/${guard}/task/${guard}/children`, 'utf8').trim().split(' ')
  const pid = pids.find((each) => readFileSync(`/proc/${each}/comm`, 'utf8').trim() === name)
  if (pid === undefined) throw new Error(`${name} does not run`)
  return Number(pid)
}

function residentOf(pid: number): number {
  return numberIn(readFileSync(`/proc/${pid}/status`, 'utf8'), /^RssAnon:\s+(\d+) kB$/m) * 1_024
}

function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1]
  if (found === undefined) throw new Error(`nothing is like ${pattern.source} in ${text.slice(0, 200)}`)
  return Number(found)
}
