import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { filesIn } from '../certs/files.ts'
import { type ApiServer, connect } from './api-server.ts'
import { Children } from './children.ts'
import { startLock, startWebhook } from './servers.ts'

/** What stands while the demo plays: the lock of a node, the webhook, and the API server's connection to it. */
export interface Stage {
  readonly children: Children
  readonly lockPort: number
  readonly apiServer: ApiServer
  /** Ends the webhook, and the connection. */
  stopWebhook(): Promise<void>
}

/**
 * Sets the stage, plays on it, and takes it down again, whatever happens: no process and no file stays.
 *
 * @param command how `usher` is run here, such as `[node, launch.js]`.
 * @param interrupted ends the play early.
 * @throws what interrupted it, or what the play throws, or which process failed.
 */
export async function withStage<T>(
  command: readonly string[],
  interrupted: AbortSignal,
  play: (stage: Stage) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'usher-demo-'))
  const children = new Children(interrupted)
  try {
    const stage = await setStage(children, command, folder)
    try {
      return await play(stage)
    } finally {
      stage.apiServer.close()
    }
  } catch (error) {
    // What goes wrong after an interruption, or after the end of a process, goes wrong because of it.
    await hasEnded(children.signal)
    children.signal.throwIfAborted()
    throw error
  } finally {
    await children.close()
    await rm(folder, { recursive: true, force: true })
  }
}

// That a process has ended is known a moment after its connections are closed.
const knownWithinMs = 300

async function hasEnded(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, knownWithinMs)
  signal.addEventListener('abort', () => resolve(), { once: true })
  await promise
  clearTimeout(timer)
}

async function setStage(children: Children, command: readonly string[], folder: string): Promise<Stage> {
  const state = join(folder, 'state')
  await mkdir(state)
  const lock = await startLock(children, command, state)
  const config = join(folder, 'usher.yaml')
  await writeFile(config, `lock:\n  port: ${lock.port}\n`)
  const webhook = await startWebhook(children, command, folder, config)
  const apiServer = connect(webhook.port, await readFile(filesIn(folder).ca, 'utf8'))
  return {
    children,
    lockPort: lock.port,
    apiServer,
    async stopWebhook() {
      apiServer.close()
      const code = await webhook.stop()
      if (code !== 0) throw new Error(`the webhook ended with ${code}`)
    },
  }
}
