import { readFileSync } from 'node:fs'
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { nowMs } from '../support/clock.ts'
import type { LoadResult } from './load-process.ts'
import type { Pace } from './pacer.ts'
import { ReviewConnection } from './review-connection.ts'
import { buildReviewRequest } from './review-request.ts'
import { cpuSecondsOf } from '../support/server-cpu.ts'

// The load generator, a process of its own: load-process.ts starts it, and it prints JSON, a LoadResult a server.
//
//   node load.ts --ca FILE --server PORT:PID... --connections N (--seconds S [--rate R] | --count N)
//
// Several servers take turns, a slice each, so that what else the machine does hits all alike. With --rate a server
// gets so many a second whether they are answered or not, each on a connection that is idle, and latency counts from
// when a review was due. Without it each connection sends the next review when it has its answer.

const sliceMs = 200
// Nothing takes this long; a server that does not answer must not hang the benchmark.
const stallMs = 10_000

const { values } = parseArgs({
  options: {
    ca: { type: 'string', default: '' },
    server: { type: 'string', multiple: true, default: [] },
    connections: { type: 'string', default: '32' },
    seconds: { type: 'string', default: 'Infinity' },
    count: { type: 'string', default: 'Infinity' },
    rate: { type: 'string' },
  },
})

/** A server, and what has been seen of it. */
interface Target {
  readonly pid: number
  readonly connections: readonly ReviewConnection[]
  readonly latency: RecordableHistogram
  readonly late: RecordableHistogram
  seconds: number
}

const results = await measure()
process.stdout.write(`${JSON.stringify(results)}\n`, () => process.exit(0))

async function measure(): Promise<readonly LoadResult[]> {
  const targets: Target[] = []
  for (const server of values.server) targets.push(await open(server))
  const watch = watchProgress(targets)
  // What a server does between its slices, such as collecting garbage, is for its reviews too.
  const before = targets.map(({ pid }) => cpuSecondsOf(pid))
  if (values.rate === undefined) await closedLoop(targets)
  else await fixedRate(targets, Number(values.rate))
  const after = targets.map(({ pid }) => cpuSecondsOf(pid))
  clearInterval(watch)
  for (const connection of targets.flatMap(({ connections }) => connections)) connection.close()
  return targets.map(({ connections, latency, late, seconds }, index) => ({
    answers: latency.count,
    seconds,
    cpuSeconds: (after[index] ?? Number.NaN) - (before[index] ?? Number.NaN),
    answerBytes: connections[0]?.answerBytes ?? 0,
    p50Ms: latency.percentile(50) / 1_000,
    p95Ms: latency.percentile(95) / 1_000,
    p99Ms: latency.percentile(99) / 1_000,
    lateP99Ms: late.percentile(99) / 1_000,
  }))
}

async function open(server: string): Promise<Target> {
  const [port = Number.NaN, pid = Number.NaN] = server.split(':').map(Number)
  const request = buildReviewRequest(port)
  const ca = readFileSync(values.ca, 'utf8')
  const connections: ReviewConnection[] = []
  for (let index = 0; index < Number(values.connections); index++) {
    connections.push(await ReviewConnection.open(port, ca, request, fail))
  }
  return { pid, connections, latency: createHistogram(), late: createHistogram(), seconds: 0 }
}

/** Slices until each server has had its seconds, or its count. */
async function closedLoop(targets: readonly Target[]): Promise<void> {
  const slices = Math.ceil((Number(values.seconds) * 1_000) / sliceMs)
  const count = Number(values.count)
  for (let slice = 0; slice < slices; slice++) {
    // First, second; second, first; and so on: a drift of the machine hits both.
    for (const target of slice % 2 === 0 ? targets : targets.toReversed()) await closedSlice(target, count)
    if (targets.every(({ latency }) => latency.count >= count)) return
  }
}

async function closedSlice(target: Target, count: number): Promise<void> {
  const { connections, latency } = target
  const startMs = nowMs()
  const untilMs = startMs + sliceMs
  let left = count - latency.count
  async function loop(connection: ReviewConnection): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    let sentMs = nowMs()
    function send(): void {
      if (left <= 0 || sentMs >= untilMs) return resolve()
      left--
      connection.send(answered)
    }
    function answered(): void {
      const now = nowMs()
      record(latency, now - sentMs)
      sentMs = now
      send()
    }
    send()
    return promise
  }
  await Promise.all(connections.map(loop))
  target.seconds += (nowMs() - startMs) / 1_000
}

/** Each server is sent to at the rate for the length of a slice, then the next. */
async function fixedRate(targets: readonly Target[], rate: number): Promise<void> {
  const perSlice = Math.ceil((rate * sliceMs) / 1_000)
  const slices = Math.ceil((Number(values.seconds) * 1_000) / sliceMs) * targets.length
  const count = slices * perSlice
  const { promise, resolve } = Promise.withResolvers<void>()
  let answers = 0
  const senders = targets.map((target) =>
    buildSender(target, () => {
      answers++
      if (answers === count) resolve()
    }),
  )
  // The thread needs some time to start.
  const pace: Pace = { startMs: nowMs() + 200, everyMs: 1_000 / rate, count }
  const pacer = new Worker(new URL('pacer.ts', import.meta.url), { workerData: pace })
  let sent = 0
  pacer.on('error', fail)
  pacer.on('message', (dueMs: number) => {
    senders[Math.floor(sent / perSlice) % senders.length]?.(dueMs)
    sent++
  })
  await promise
  for (const target of targets) target.seconds = (count / targets.length / perSlice) * (sliceMs / 1_000)
}

/** Sends on a connection that is idle, or as soon as one is. */
function buildSender({ connections, latency, late }: Target, answered: () => void): (dueMs: number) => void {
  const idle = [...connections]
  const waiting: number[] = []
  function send(connection: ReviewConnection, dueMs: number): void {
    connection.send(() => {
      record(latency, nowMs() - dueMs)
      const next = waiting.shift()
      if (next === undefined) idle.push(connection)
      else send(connection, next)
      answered()
    })
  }
  return (dueMs) => {
    record(late, nowMs() - dueMs)
    const connection = idle.pop()
    if (connection === undefined) waiting.push(dueMs)
    else send(connection, dueMs)
  }
}

/** In whole microseconds, from one: a histogram knows no zero. */
function record(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.max(1, Math.round(ms * 1_000)))
}

function watchProgress(targets: readonly Target[]): NodeJS.Timeout {
  let seen = -1
  return setInterval(() => {
    const answers = targets.reduce((sum, { latency }) => sum + latency.count, 0)
    if (answers === seen) fail(new Error(`no answer for ${stallMs / 1_000} s`))
    seen = answers
  }, stallMs)
}

function fail(error: unknown): void {
  process.stderr.write(`load.ts: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
