import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
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
  t.equal(await until('it has joined', () => existsSync(file) && readFileSync(file, 'utf8').trim()), String(part.pid))
})

t.test('does not end a process that was given the pid of one that has ended', async (t) => {
  const stranger = spawn('sleep', ['600'], { stdio: 'ignore' })
  t.teardown(() => void stranger.kill('SIGKILL'))
  const part = { name: 'box/recycled', pid: stranger.pid ?? 0, startTicks: '1' }
  t.notOk(isRunning(part))
  await stopPart(part)
  t.ok(isAlive(part.pid))
})
