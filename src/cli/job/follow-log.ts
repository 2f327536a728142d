import type { LogLine } from '../../job/instances/log-lines.ts'
import type { LogContainer } from '../../job/instances/log-pod.ts'
import { pause, systemClock } from '../../kube/clock.ts'
import { apiBackoff, backoffMs } from '../../units/backoff.ts'
import { OutputError } from '../output-flow.ts'
import type { LogOwner, LogParts } from './log-output.ts'
import { openLog } from './open-log.ts'

/** A container whose log is followed, through all of its starts. */
export interface Follower {
  readonly of: LogOwner
  /** Whether it has come since: all that it says is new. */
  readonly isNew: boolean
  /** What was written of it last. */
  last: LogLine | undefined
  /** Of the start whose log is at its end. */
  doneId: string | undefined
  isActive: boolean
  /** As Kubernetes shows it by now; undefined: its pod is gone. */
  readonly current: () => LogContainer | undefined
}

/**
 * Follows a log to its end: until its container has ended, or is gone. A connection that breaks before is opened again, from
 * the last line on; no line is written twice. Never throws for a log.
 *
 * @throws {OutputError}
 */
export async function followLog(follower: Follower, parts: LogParts): Promise<void> {
  const { stopping, tell } = parts
  follower.isActive = true
  let failures = 0
  try {
    while (!stopping.aborted) {
      const before = follower.current()
      if (before === undefined) return
      // oxlint-disable-next-line no-await-in-loop -- one connection after the other
      const failure = await readToEnd(follower, parts)
      if (stopping.aborted) return
      failures = failure === undefined ? 0 : failures + 1
      if (failures === 1) tell(`the log of ${follower.of.pod} ${follower.of.container} is interrupted, and is opened again: ${failure ?? ''}`)
      const now = follower.current()
      // What comes after the end of this start is another start's, of which the watch tells.
      if (now === undefined || (failure === undefined && now.id === before.id && !now.isRunning)) {
        follower.doneId = before.id
        return
      }
      // oxlint-disable-next-line no-await-in-loop
      if (now.id === before.id) await pause(systemClock, backoffMs(Math.max(1, failures), apiBackoff, Math.random()), stopping)
    }
  } finally {
    follower.isActive = false
  }
}

/** Gives why it has broken; undefined: it has ended. */
async function readToEnd(follower: Follower, parts: LogParts): Promise<string | undefined> {
  const { last, isNew, of } = follower
  const all = { follow: 'true', tailLines: undefined, sinceSeconds: undefined }
  const more = last === undefined || last.timeText === '' ? (isNew ? all : { follow: 'true' }) : { ...all, sinceTime: last.timeText }
  try {
    const log = await openLog(parts, of, more)
    try {
      for await (const lines of log.lines) {
        // The API server knows whole seconds.
        const fresh = last?.time === undefined ? lines : lines.filter(({ time }) => time === undefined || time > (last.time ?? 0n))
        await parts.writer.write(fresh.map((line) => ({ of, line })))
        follower.last = fresh.findLast(({ time }) => time !== undefined) ?? follower.last
      }
    } finally {
      log.close()
    }
    return undefined
  } catch (error) {
    if (error instanceof OutputError) throw error
    // The pod is gone, of which the watch tells as well.
    if (error instanceof parts.admin.kube.ApiError && error.status === 404) return undefined
    return error instanceof Error ? error.message : String(error)
  }
}
