import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type BenchmarkValues, type Measured, type Measuring, readCount, runBenchmark } from '../support/benchmark.ts'
import { type LockProcess, startLock } from './lock-process.ts'
import { measureAnswers } from './measure-answers.ts'
import { measureHandOver } from './measure-hand-over.ts'
import { measureMemory } from './measure-memory.ts'
import { print, type Round, summarise } from './summary.ts'

const help = `What the startup lock of a node costs, and how fast it hands over.

Usage: npm run bench:lock -- [FLAGS]

The lock is bundled and started as in its image (small heap), a process of its own, strict with one permit; its
state is on a tmpfs, as on a node. Every answer is checked. Needs Linux (/proc) and two CPUs; takes three minutes.

  answers      32 connections ask without pause while somebody holds the lock: 423s; and for leases of 0 s: grants
  hand-over    1, 100 and 1,000 clients wait in long polls; from before the holder's DELETE is written until the
               next client has read its 200
  memory       a lock of its own: anonymous resident memory (RssAnon), idle and with 110 pods waiting

Flags:
  --rounds N      rounds, of which medians are taken (default 5)
  --seconds N     of each part of a round (default 5)
  --samples N     hand-overs of each kind in a round (default 500)
  --smoke         a few seconds in all: shows that the benchmark runs; its figures mean nothing
  --json          print JSON, each round included
  --help          show this

Exit codes: 0 it was measured, whether the goals are met or missed; 1 it could not be measured; 2 wrong usage.
`

// Where it is, a tmpfs, as /run/usher on a node.
const sharedMemory = '/dev/shm'

const flags = { rounds: { type: 'string' }, seconds: { type: 'string' }, samples: { type: 'string' } } as const

await runBenchmark(help, flags, readOptions, measure)

type Options = ReturnType<typeof readOptions>

function readOptions(values: BenchmarkValues, smoke: boolean) {
  return {
    rounds: readCount(values, 'rounds', smoke ? 1 : 5),
    seconds: readCount(values, 'seconds', smoke ? 1 : 5),
    samples: readCount(values, 'samples', smoke ? 20 : 500),
    waiting: smoke ? [1, 20] : [1, 100, 1_000],
  }
}

async function measure(options: Options, measuring: Measuring): Promise<Measured> {
  const rounds: Round[] = []
  while (rounds.length < options.rounds) {
    rounds.push(await measureRound(options, measuring))
    measuring.say(`${rounds.length} of ${options.rounds} rounds`)
  }
  const figures = summarise(rounds)
  return { data: { options, figures, rounds }, text: `${rounds.length} rounds\n\n${print(figures)}` }
}

async function measureRound({ seconds, samples, waiting }: Options, { folder, signal }: Measuring): Promise<Round> {
  const load = { connections: 32, seconds }
  const grants = await withLock(folder, signal, (lock) => measureAnswers(lock, { ...load, path: '/?duration=0', status: 200 }))
  const locked = await withLock(folder, signal, async (lock) => {
    await fetch(`http://127.0.0.1:${lock.port}/?duration=3600`)
    return measureAnswers(lock, { ...load, path: '/', status: 423 })
  })
  const handOver = []
  for (const count of waiting) handOver.push(await withLock(folder, signal, (lock) => measureHandOver(lock, count, samples)))
  const memory = await withLock(folder, signal, (lock) => measureMemory(lock, seconds))
  return { locked, grants, handOver, memory }
}

async function withLock<T>(folder: string, signal: AbortSignal, use: (lock: LockProcess) => Promise<T>): Promise<T> {
  const state = await mkdtemp(join(existsSync(sharedMemory) ? sharedMemory : folder, 'usher-bench-'))
  try {
    const lock = await startLock(['--strict'], state)
    try {
      signal.throwIfAborted()
      return await use(lock)
    } finally {
      await lock.stop()
    }
  } finally {
    await rm(state, { recursive: true })
  }
}
