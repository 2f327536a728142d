import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { launcher } from '../../support/usher-process.ts'
import type { ApiServer } from '../../tools/api-server.ts'
import { plannedWorkload } from './stage.ts'

/** One run of the command. */
export interface CommandRun {
  readonly seconds: number
  /** The most that was resident at once. */
  readonly mebibytes: number
}

// Tells the memory of a process when it ends.
const tellMemory = "data:text/javascript,process.on('exit',()=>process._rawDebug('maxRSS '+process.resourceUsage().maxRSS))"

/** Runs `usher plan` once; throws where it does not find room. */
export async function measureCommand({ kubeconfig }: ApiServer, instances: number): Promise<CommandRun> {
  const startMs = performance.now()
  const child = spawn(process.execPath, [`--import=${tellMemory}`, launcher, 'plan', '-f', '-', '-o', 'json', '--kubeconfig', kubeconfig], { env: { PATH: process.env['PATH'] } })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  child.stdout.resume()
  child.stdin.end(JSON.stringify(plannedWorkload('plain', instances)))
  const [code] = await once(child, 'close')
  const seconds = (performance.now() - startMs) / 1_000
  if (code !== 0) throw new Error(`usher plan ended with ${String(code)}: ${stderr}`)
  const kibibytes = Number(/^maxRSS (\d+)$/m.exec(stderr)?.[1])
  return { seconds, mebibytes: kibibytes / 1_024 }
}
