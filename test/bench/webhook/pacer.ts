import { parentPort, workerData } from 'node:worker_threads'
import { nowMs } from '../support/clock.ts'

/** When something is due: `count` times from `startMs` on, every `everyMs`. */
export interface Pace {
  readonly startMs: number
  readonly everyMs: number
  readonly count: number
}

// A thread that says when the next review is due. The event loop's timers are up to 2 ms late, which would hide
// what is measured; a wait in a thread of its own is late by some 0.1 ms, and takes no CPU as spinning would.
const { startMs, everyMs, count }: Pace = workerData
const never = new Int32Array(new SharedArrayBuffer(4))
for (let index = 0; index < count; index++) {
  const dueMs = startMs + index * everyMs
  for (let waitMs = dueMs - nowMs(); waitMs > 0; waitMs = dueMs - nowMs()) Atomics.wait(never, 0, 0, waitMs)
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows, not for threads
  parentPort?.postMessage(dueMs)
}
