import { nowMs } from '../support/clock.ts'
import { cpuSecondsOf } from '../support/server-cpu.ts'
import { LockConnection, requestOf } from './lock-connection.ts'
import type { LockProcess } from './lock-process.ts'

/** Answers in a closed loop. */
export interface Answers {
  readonly perSecond: number
  readonly perCpuSecond: number
}

/** Asks without pause on so many connections, and counts; every answer's status is checked. */
export async function measureAnswers(
  lock: LockProcess,
  { path, status, connections, seconds }: { readonly path: string; readonly status: number; readonly connections: number; readonly seconds: number },
): Promise<Answers> {
  const request = Buffer.from(requestOf(path))
  const { promise: failure, reject } = Promise.withResolvers<never>()
  const open = await Promise.all(Array.from({ length: connections }, () => LockConnection.open(lock.port, reject)))
  let count = 0
  let isOver = false
  const loops = open.map((connection) => new Promise<void>((resolve) => {
    const next = (): void => connection.send(request, (seen) => {
      if (seen !== status) reject(new Error(`${path} was answered with ${seen} instead of ${status}`))
      count++
      if (isOver) resolve()
      else next()
    })
    next()
  }))
  const [start, cpuStart] = [nowMs(), cpuSecondsOf(lock.pid)]
  const timer = setTimeout(() => (isOver = true), seconds * 1_000)
  try {
    await Promise.race([Promise.all(loops), failure])
    const [took, cpu] = [(nowMs() - start) / 1_000, cpuSecondsOf(lock.pid) - cpuStart]
    return { perSecond: count / took, perCpuSecond: count / cpu }
  } finally {
    clearTimeout(timer)
    isOver = true
    for (const connection of open) connection.close()
  }
}
