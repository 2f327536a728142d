import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { missingCommand } from '../support/commands.ts'
import { granted, inTurn, queued, startLock } from './support/lock.ts'
import { isDisguised, isStatic, runWait } from './support/program.ts'

t.jobs = 2

// A static program brings its own clocks, and AddressSanitizer wants to be loaded first.
const skip = missingCommand('cc') || (isStatic() && 'is static') || isDisguised()
const source = fileURLToPath(new URL('support/clocks.c', import.meta.url))

/** The environment of a program whose clocks are ours. */
function clocks(t: Test, env: Readonly<Record<string, string>>) {
  // Not t.testdir(): it is the same for two runs at once, and a library that is gone is only passed over.
  const folder = mkdtempSync(join(tmpdir(), 'usher-clocks-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const library = join(folder, 'clocks.so')
  const { status, stderr } = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', library, source], { encoding: 'utf8' })
  t.equal(status, 0, stderr)
  return { env: { ...env, LD_PRELOAD: library } }
}

for (const WALL_CLOCK of ['frozen', 'jumping']) {
  t.test(`a ${WALL_CLOCK} wall clock changes nothing`, { skip }, async (t) => {
    const starting = clocks(t, { WALL_CLOCK })
    const lock = await startLock(t, inTurn(queued('2 ahead'), queued('1 ahead'), granted()))
    const found = await runWait(t, [...lock.args, '--pause=50ms'], starting)
    t.match([found.code, found.lines], [0, [/^asking/, /2 ahead$/, /1 ahead$/, /^got the startup lock of this node after \d{2,4} m?s$/]])
    const held = await startLock(t, inTurn(queued('1 ahead', { 'Retry-After': '0' }), undefined))
    const start = performance.now()
    const over = await runWait(t, [...held.args, '--max-wait=400ms'], starting)
    t.match([over.code, over.lines.at(-1)], [0, /^the wait is over after 400 ms/])
    t.ok(performance.now() - start >= 400)
    const missing = await runWait(t, ['--host=127.0.0.1', '--port=1', '--connect-wait=300ms', '--pause=10ms'], starting)
    t.match([missing.code, missing.lines.at(-1)], [0, /^no lock has answered .* for 300 ms/])
  })
}

for (const [UPTIME, seconds] of [
  ['0', 90],
  ['299', 90],
  ['300', 15],
  ['3000000', 15],
] as const) {
  t.test(`${UPTIME} s after the host’s start a lock may be silent for ${seconds} s`, { skip }, async (t) => {
    const starting = clocks(t, { UPTIME, SPEED: '100' })
    const { code, lines } = await runWait(t, ['--host=127.0.0.1', '--port=1'], starting)
    t.equal(code, 0)
    t.equal(lines.at(-1), `no lock has answered at 127.0.0.1:1 for ${seconds} s (connection refused): the pod starts without the startup lock`)
  })
}

t.test('a lock that has answered may be silent for 60 s, for it is probably being restarted', { skip }, async (t) => {
  const starting = clocks(t, { UPTIME: '3000', SPEED: '20' })
  const lock = await startLock(t, (_request, count, socket) => {
    if (count > 1) socket.destroy()
    return count > 1 ? undefined : queued('1 ahead')
  })
  const { code, lines } = await runWait(t, lock.args, starting)
  t.match([code, lines.at(-1)], [0, /^no lock has answered at .* for 60 s .*: the pod starts without the startup lock$/])
})

t.test('what is said beats the host’s uptime', { skip }, async (t) => {
  const starting = clocks(t, { UPTIME: '10', SPEED: '100' })
  const { lines } = await runWait(t, ['--host=127.0.0.1', '--port=1', '--connect-wait=20'], starting)
  t.match(lines.at(-1), / for 20 s /)
})

t.test('by default the wait is over after 240 s', { skip }, async (t) => {
  const starting = clocks(t, { SPEED: '100' })
  const lock = await startLock(t, () => queued('1 ahead'))
  // To a clock that is so fast, a lock on a busy machine may be silent for too long.
  const { code, lines } = await runWait(t, [...lock.args, '--connect-wait=0'], starting)
  t.match([code, lines.at(-1)], [0, /^the wait is over after 240 s .*: the pod starts without the startup lock$/])
})

t.test('pauses after failures do not grow for ever', { skip }, async (t) => {
  const starting = clocks(t, { SPEED: '10' })
  const lock = await startLock(t, (_request, _count, socket) => void socket.destroy())
  const { code } = await runWait(t, [...lock.args, '--connect-wait=60s'], starting)
  t.equal(code, 0)
  // After 1, 2 and 4 s at most each 5 s; doubled for ever, and halved by chance, there would be 8 tries in a minute.
  t.ok(lock.connections() >= 10, `${lock.connections()} tries`)
})
