import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../support/until.ts'
import { isAlive } from '../tools/alive.ts'

const state = t.testdir({})
process.env['XDG_STATE_HOME'] = state
const { isRunning, recordedParts, startPart, stopPart } = await import('./processes.ts')

t.test('starts a part with its output in a log, records it, and stops it', async (t) => {
  const part = startPart({ name: 'box/talker', command: ['sh', '-c', 'echo hello; exec sleep 600'], cgroupFiles: [] })
  t.teardown(() => stopPart(part))
  t.strictSame(recordedParts(), [part])
  t.ok(isRunning(part))
  const log = join(state, 'usher/cluster/logs/box.talker.log')
  await until('it has spoken', () => existsSync(log) && readFileSync(log, 'utf8') === 'hello\n')
  await stopPart(part)
  t.notOk(isRunning(part))
  t.strictSame(recordedParts(), [])
})

t.test('puts a part into its cgroups before it runs', async (t) => {
  const file = join(state, 'cgroup.procs')
  const part = startPart({ name: 'box/member', command: ['sleep', '600'], cgroupFiles: [file] })
  t.teardown(() => stopPart(part))
  // The shell opens the file before it writes into it: for a moment it is there, and empty.
  await until('it has joined', () => existsSync(file) && readFileSync(file, 'utf8') === `${part.pid}\n`)
})

t.test('does not end a process that was given the pid of one that has ended', async (t) => {
  const stranger = spawn('sleep', ['600'], { stdio: 'ignore' })
  t.teardown(() => void stranger.kill('SIGKILL'))
  const part = { name: 'box/recycled', pid: stranger.pid ?? 0, startTicks: '1' }
  t.notOk(isRunning(part))
  await stopPart(part)
  t.ok(isAlive(part.pid))
})

t.test('what has been stopped has no socket any more, though the kernel ends its threads one after the other', async () => {
  // Threads that hold much memory, which takes a while to be given back after the first one has ended.
  const script = `
    const { Worker } = require('node:worker_threads')
    for (let count = 0; count < 8; count++) new Worker('globalThis.kept = Buffer.alloc(64_000_000, 1); setInterval(() => {}, 60_000)', { eval: true })
    const server = require('node:net').createServer().listen(0, '127.0.0.1', () => setTimeout(() => console.log('port ' + server.address().port), 300))
  `
  const log = join(state, 'usher/cluster/logs/box.server.log')
  for (let round = 0; round < 5; round++) {
    rmSync(log, { force: true })
    const part = startPart({ name: 'box/server', command: [process.execPath, '-e', script], cgroupFiles: [] })
    const port = await until('it listens', () => (existsSync(log) ? Number(/port (\d+)/.exec(readFileSync(log, 'utf8'))?.[1]) || undefined : undefined))
    await stopPart(part)
    const server = createServer()
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
  }
})
