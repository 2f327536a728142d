import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import type { LoadReports } from './load-client.ts'

/** A load that goes on until it is ended. */
export interface Load {
  readonly end: () => Promise<LoadReports>
}

/** Lets so many clients with fresh connections, and as many with kept ones, ask a server from this machine. */
export function startLoad(t: Test, url: string, clients: number): Load {
  const script = `${import.meta.dirname}/load-client.ts`
  const child = spawn(process.execPath, [script, url, String(clients)], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => void child.kill('SIGKILL'))
  const output = text(child.stdout)
  const closed = once(child, 'close')
  return {
    end: async () => {
      child.stdin.end()
      await closed
      return JSON.parse(await output) as LoadReports
    },
  }
}
