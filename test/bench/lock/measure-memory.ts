import { setTimeout as pause } from 'node:timers/promises'
import { LockConnection, requestOf } from './lock-connection.ts'
import type { LockProcess } from './lock-process.ts'

/** Anonymous memory, in MiB. */
export interface Memory {
  readonly idleMib: number
  /** The most that was seen while so many pods waited in long polls. */
  readonly waitingMib: number
  readonly waiting: number
}

// A node's pods, by the kubelet's default.
const pods = 110
const lookMs = 250

/** Looks at a fresh lock: idle, and with a node's pods waiting for so many seconds; each polls anew every two. */
export async function measureMemory(lock: LockProcess, seconds: number): Promise<Memory> {
  await pause(1_000)
  const idle = lock.anonymousKib()
  const { promise: failure, reject } = Promise.withResolvers<never>()
  const connections = await Promise.all(Array.from({ length: pods + 1 }, () => LockConnection.open(lock.port, reject)))
  const headers = 'Prefer: wait=2\r\nAccept: application/problem+json, text/plain;q=0.5\r\n'
  connections.forEach((connection, index) => {
    const request = requestOf(`/?uid=uid-${index}&pod=bench/pod-${index}&duration=3600`, { headers })
    const ask = (): void => connection.send(request, (status) => (status === 423 ? ask() : undefined))
    ask()
  })
  let most = 0
  try {
    const end = performance.now() + seconds * 1_000
    while (performance.now() < end) {
      await Promise.race([pause(lookMs), failure])
      most = Math.max(most, lock.anonymousKib())
    }
  } finally {
    for (const connection of connections) connection.close()
  }
  return { idleMib: idle / 1_024, waitingMib: most / 1_024, waiting: pods }
}
