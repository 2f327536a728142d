import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** What one of the native programs said and how it ended. */
export interface ProgramRun {
  /** As a shell would call it. */
  readonly command: string
  readonly lines: readonly string[]
  readonly code: number | null
}

/** The programs, played; or why they cannot be here. */
export type ProgramsOutcome = { readonly kind: 'played'; readonly runs: readonly ProgramRun[] } | { readonly kind: 'skipped'; readonly reason: string }

const sources = fileURLToPath(new URL('../native/', import.meta.url))
const programs = fileURLToPath(new URL('../../dist/native/host/', import.meta.url))

/**
 * Builds what runs inside the pods for this machine, and runs it: usher-wait against a lock that is held for a
 * moment, and nap.
 *
 * @param signal ends it early.
 */
export async function playPrograms(signal: AbortSignal): Promise<ProgramsOutcome> {
  const missing = ['make', 'cc', 'objcopy'].filter((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).error !== undefined)
  if (missing.length > 0) return { kind: 'skipped', reason: `${missing.join(' and ')} not found; a C compiler builds them` }
  const { status, stderr } = spawnSync('make', ['-s', '-C', sources], { encoding: 'utf8' })
  if (status !== 0) return { kind: 'skipped', reason: `they cannot be built here: ${stderr.trim().split('\n').at(-1) ?? ''}` }
  const lock = await startLock()
  try {
    const address = lock.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const runs = [
      await run('usher-wait', ['--host=127.0.0.1', `--port=${port}`, '--pod=shop/web-0', '--uid=00000000-0000-4000-8000-000000000000'], signal),
      await run('nap', ['1'], signal),
    ]
    return { kind: 'played', runs }
  } finally {
    lock.closeAllConnections()
    lock.close()
  }
}

// How long the other pod of the play still starts.
const heldMs = 800

/** A lock that is taken at first: whoever asks is told so, and granted when it is free, as the node's service will do. */
async function startLock(): Promise<Server> {
  let asked = 0
  const server = createServer((request, response) => {
    if (request.method === 'DELETE') response.end()
    else if (asked++ > 0) setTimeout(() => response.end('Lock acquired'), heldMs)
    else {
      response.writeHead(423, { 'content-type': 'application/problem+json', 'retry-after': '0' })
      response.end(JSON.stringify({ title: 'Locked', status: 423, detail: '1 ahead (holder shop/db-0, 12 s)' }))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function run(name: string, args: readonly string[], signal: AbortSignal): Promise<ProgramRun> {
  // Nothing of our environment: its variables would be settings.
  const child = spawn(`${programs}${name}`, args, { stdio: ['ignore', 'pipe', 'pipe'], env: {}, signal })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', (line) => lines.push(line))
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.on('error', (error) => reject(signal.aborted ? signal.reason : error))
  child.on('close', resolve)
  return { command: `${name} ${args.join(' ')}`, lines, code: await promise }
}
