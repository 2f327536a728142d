import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WatchAnswer, WatchAsk, WatchReport, WatchTask } from './watch-task.ts'

/** Watches in a process of their own. */
export interface WatcherProcess {
  /** Opens all, and waits until all go on. */
  open(): Promise<void>
  /** What has happened since the report before. */
  report(): Promise<WatchReport>
  /** Ends the process, and with it all connections; waits until it has ended. */
  stop(): Promise<void>
}

const program = fileURLToPath(new URL('watchers.ts', import.meta.url))
let count = 0

/** Starts one, and waits until it has read its task. */
export async function startWatchers(task: WatchTask, folder: string, signal: AbortSignal): Promise<WatcherProcess> {
  const file = join(folder, `watchers-${count++}.json`)
  writeFileSync(file, JSON.stringify(task), { mode: 0o600 })
  const child = fork(program, [file], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const { promise: failure, reject } = Promise.withResolvers<never>()
  failure.catch(() => {})
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort)
  child.on('error', reject)
  child.on('exit', (code, by) => {
    reject(new Error(`a process of watches (${task.kind}) ended with ${code ?? by}`))
    resolve()
  })
  const waiting = new Map<WatchAnswer['kind'], (answer: WatchAnswer) => void>()
  child.on('message', (answer: WatchAnswer) => waiting.get(answer.kind)?.(answer))

  function hear<K extends WatchAnswer['kind']>(kind: K): Promise<Extract<WatchAnswer, { kind: K }>> {
    const heard = new Promise<WatchAnswer>((tell) => waiting.set(kind, tell))
    return Promise.race([heard, failure]) as Promise<Extract<WatchAnswer, { kind: K }>>
  }
  const ask = (what: WatchAsk): void => void child.send(what)
  async function stop(): Promise<void> {
    signal.removeEventListener('abort', abort)
    child.kill('SIGKILL')
    await ended
  }

  try {
    await hear('ready')
  } catch (error) {
    await stop()
    throw error
  }
  return {
    async open() {
      const opened = hear('opened')
      ask('open')
      await opened
    },
    async report() {
      const told = hear('report')
      ask('report')
      return (await told).report
    },
    stop,
  }
}
