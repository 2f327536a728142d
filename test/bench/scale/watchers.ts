/** Holds watches in a process of its own, as told by the file of a {@link WatchTask}; ends with its parent. */
import { readFileSync } from 'node:fs'
import { nowMs } from '../support/clock.ts'
import { openLocks } from './open-locks.ts'
import { openStreams } from './open-streams.ts'
import { tellEvents } from './tell-events.ts'
import type { WatchAnswer, WatchAsk, WatchReport, WatchTask } from './watch-task.ts'

const task: WatchTask = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
const watches = prepare(task)
// Nobody waits for the rest of what is under way.
process.on('disconnect', () => process.exit())
process.on('message', (ask: WatchAsk) => {
  if (ask === 'report') answer({ kind: 'report', report: { ...watches.report(), cpuSeconds: cpuSeconds() } })
  else void watches.open().then(() => answer({ kind: 'opened' }))
})
answer({ kind: 'ready' })

function prepare(what: WatchTask): { readonly open: () => Promise<void>; readonly report: () => Omit<WatchReport, 'cpuSeconds'> } {
  if (what.kind === 'locks') return openLocks(what.locks, nowMs)
  return what.kind === 'streams' ? openStreams(what, nowMs) : tellEvents(what, nowMs)
}

function answer(message: WatchAnswer): void {
  process.send?.(message)
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
