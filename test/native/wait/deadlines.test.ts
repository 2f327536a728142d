import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { granted, inTurn, queued, startLock } from './support/lock.ts'
import { runWait, startWait } from './support/program.ts'

t.jobs = 4

const without = 'the pod starts without the startup lock'
const hold = { 'Retry-After': '0' }

async function timed<T>(work: () => Promise<T>): Promise<T & { ms: number }> {
  const start = performance.now()
  const result = await work()
  return { ...result, ms: performance.now() - start }
}

t.test('--max-wait ends the wait for a lock that is held by others', async (t) => {
  const lock = await startLock(t, () => queued('3 ahead (holder shop/api-7f9, 12 s)'))
  const { code, lines, ms } = await timed(() => runWait(t, [...lock.args, '--max-wait=500ms', '--pause=100ms']))
  t.equal(code, 0)
  t.equal(lines.at(-1), `the wait is over after 500 ms (3 ahead (holder shop/api-7f9, 12 s)): ${without}`)
  t.ok(ms >= 500)
  t.ok(lock.requests.length >= 3)
})

t.test('--max-wait ends a request that is held', async (t) => {
  const lock = await startLock(t, inTurn(queued('1 ahead', hold), undefined))
  const { code, lines, ms } = await timed(() => runWait(t, [...lock.args, '--max-wait=500ms']))
  t.equal(code, 0)
  t.equal(lines.at(-1), `the wait is over after 500 ms (1 ahead): ${without}`)
  t.ok(ms >= 500)
  t.equal(lock.requests.length, 2)
})

t.test('--max-wait ends a pause that a lock has asked for', async (t) => {
  const lock = await startLock(t, () => queued(undefined, { 'Retry-After': '3600' }))
  const { code, lines } = await runWait(t, [...lock.args, '--max-wait=300ms'])
  t.same([code, lines.at(-1)], [0, `the wait is over after 300 ms: ${without}`])
  t.equal(lock.requests.length, 1)
})

t.test('--max-wait ends the wait for a lock that does not answer, if it is the shorter one', async (t) => {
  const { code, lines } = await runWait(t, ['--host=127.0.0.1', '--port=1', '--max-wait=300ms', '--connect-wait=10s'])
  t.same([code, lines.at(-1)], [0, `the wait is over after 300 ms (connection refused): ${without}`])
})

t.test('--max-wait=0 and --connect-wait=0 wait for ever', async (t) => {
  const waiting = startWait(t, ['--host=127.0.0.1', '--port=1', '--max-wait=0', '--connect-wait=0', '--pause=10ms'])
  await waiting.line(/connection refused/)
  await pause(500) // nothing can be waited for that does not happen
  t.equal(waiting.lines().length, 2)
  waiting.kill('SIGTERM')
  t.equal((await waiting.finish()).code, 143)
})

t.test('--connect-wait ends the wait where there is no lock', async (t) => {
  const { code, lines, ms } = await timed(() => runWait(t, ['--host=127.0.0.1', '--port=1', '--connect-wait=400ms', '--pause=10ms']))
  t.equal(code, 0)
  t.same(lines, [
    'asking for the startup lock of this node at 127.0.0.1:1',
    'waiting for the startup lock of this node: no lock answers at 127.0.0.1:1 (connection refused)',
    `no lock has answered at 127.0.0.1:1 for 400 ms (connection refused): ${without}`,
  ])
  t.ok(ms >= 400)
})

t.test('--connect-wait does not end the wait for a lock that answers', async (t) => {
  const lock = await startLock(t, (_request, count) => (count < 8 ? queued() : granted()))
  const { code, lines } = await runWait(t, [...lock.args, '--connect-wait=200ms', '--pause=100ms'])
  t.equal(code, 0)
  t.match(lines.at(-1), /^got/)
})

t.test('--connect-wait does not end a request that a lock holds', async (t) => {
  const lock = await startLock(t, (_request, count, socket) => {
    if (count > 1) setTimeout(() => socket.write(granted()), 800)
    return count > 1 ? undefined : queued('1 ahead', hold)
  })
  const { code, lines } = await runWait(t, [...lock.args, '--connect-wait=200ms'])
  t.equal(code, 0)
  t.match(lines.at(-1), /^got the startup lock of this node after/)
})

t.test('--connect-wait ends the wait for a lock that goes away, counted from there', async (t) => {
  let gone = false
  const lock = await startLock(t, (_request, count, socket) => {
    if (count > 5) {
      gone = true
      socket.destroy()
    }
    return gone ? undefined : queued('1 ahead')
  })
  const { code, lines } = await runWait(t, [...lock.args, '--connect-wait=400ms', '--pause=100ms'])
  t.equal(code, 0)
  t.match(lines, [/^asking/, /: 1 ahead$/, /no lock answers at .* \((closed without an answer|connection reset)\)$/, /^no lock has answered at .* for 400 ms/])
})

t.test('a lock that comes late is found', async (t) => {
  const lock = await startLock(t, (_request, count, socket) => {
    if (count < 3) socket.resetAndDestroy()
    return count < 3 ? undefined : granted()
  })
  const { code, lines } = await runWait(t, [...lock.args, '--pause=10ms'])
  t.same([code, lines.length], [0, 3])
})

t.test('pauses after failures grow, at random, up to 5 s', async (t) => {
  const at: number[] = []
  const lock = await startLock(t, (_request, _count, socket) => {
    at.push(performance.now())
    socket.destroy()
    return undefined
  })
  t.equal((await runWait(t, [...lock.args, '--pause=100ms', '--connect-wait=3s'])).code, 0)
  // Of 100, 200, 400, 800, 1600 and 3200 ms each is taken to a half at least: in 3 s there are four to six tries.
  t.ok(at.length >= 4 && at.length <= 7, `${at.length} tries`)
  const pauses = at.slice(1).map((moment, index) => moment - (at[index] ?? 0))
  pauses.forEach((ms, index) => t.ok(ms >= 45 * 2 ** index, `pause ${index} of ${ms} ms`))
})

t.test('Retry-After beats a shorter --pause', async (t) => {
  const at: number[] = []
  const lock = await startLock(t, (_request, count) => {
    at.push(performance.now())
    return count === 1 ? queued(undefined, { 'Retry-After': '1' }) : granted()
  })
  t.equal((await runWait(t, [...lock.args, '--pause=10ms'])).code, 0)
  t.ok((at[1] ?? 0) - (at[0] ?? 0) >= 995)
})

t.test('a Retry-After that is no number is as good as none', async (t) => {
  for (const value of ['Fri, 31 Dec 1999 23:59:59 GMT', '-1', '1.5', '', '1s']) {
    const lock = await startLock(t, inTurn(queued(undefined, { 'Retry-After': value }), granted()))
    const { code, ms } = await timed(() => runWait(t, [...lock.args, '--pause=20ms', '--max-wait=20s']))
    t.equal(code, 0, value)
    t.ok(ms < 15_000, value)
  }
})

t.test('a Retry-After past all integers is a long one', async (t) => {
  const lock = await startLock(t, inTurn(queued(undefined, { 'Retry-After': '9'.repeat(200) }), granted()))
  const { code, lines } = await runWait(t, [...lock.args, '--max-wait=200ms', '--pause=10ms'])
  t.same([code, lines.at(-1)], [0, `the wait is over after 200 ms: ${without}`])
})

t.test('a lock that says Retry-After: 0 at once is asked to hold at once, and then once a --pause', async (t) => {
  const at: number[] = []
  const lock = await startLock(t, (_request, count) => {
    at.push(performance.now())
    return count < 5 ? queued(undefined, hold) : granted()
  })
  t.equal((await runWait(t, [...lock.args, '--pause=300ms'])).code, 0)
  const [first = 0, second = 0, third = 0] = at
  t.ok(second - first < 250, 'the first one to be held')
  t.ok(third - second >= 295, 'no loop without a pause, whatever the lock says')
})

t.test('a lock that has held a request is asked again at once', async (t) => {
  const at: number[] = []
  const lock = await startLock(t, (_request, count, socket) => {
    at.push(performance.now())
    if (count === 2) setTimeout(() => socket.write(queued(undefined, hold)), 600)
    return count === 1 ? queued(undefined, hold) : count === 2 ? undefined : granted()
  })
  t.equal((await runWait(t, [...lock.args, '--pause=500ms'])).code, 0)
  t.ok((at[2] ?? 0) - (at[1] ?? 0) < 950, 'the pause was over while it was held')
})

t.test('no connection within 1 s is given up, and tried again', async (t) => {
  const port = await startDeafServer(t)
  const { code, lines, ms } = await timed(() => runWait(t, ['--host=127.0.0.1', `--port=${port}`, '--connect-wait=1500ms', '--pause=10ms']))
  t.equal(code, 0)
  t.equal(lines[1], `waiting for the startup lock of this node: no lock answers at 127.0.0.1:${port} (no connection within 1 s)`)
  t.match(lines.at(-1), /^no lock has answered at .* for 1500 ms \(no connection within 1 s\)/)
  t.ok(ms >= 1_500)
})

/** Listens, but is stopped, and its queue is full: the kernel drops what tries to connect. */
async function startDeafServer(t: Test): Promise<number> {
  const script = `
    const server = require('node:net').createServer()
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port))`
  const child: ChildProcess = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => void child.kill('SIGKILL'))
  if (child.stdout === null) throw new Error('no stdout')
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  const port = Number(line)
  child.kill('SIGSTOP')
  const fill = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      t.teardown(() => void socket.destroy())
      socket.on('error', () => resolve(false))
      socket.on('connect', () => resolve(true))
      setTimeout(() => resolve(false), 300)
    })
  while (await fill());
  return port
}

t.test('a wait that was stopped goes on, and is granted', async (t) => {
  const lock = await startLock(t, (_request, count, socket) => {
    if (count > 1) void later(() => socket.write(granted()))
    return count > 1 ? undefined : queued('1 ahead', hold)
  })
  const waiting = startWait(t, lock.args)
  await lock.request(2)
  waiting.kill('SIGSTOP')
  release()
  await pause(100)
  waiting.kill('SIGCONT')
  const { code, lines } = await waiting.finish()
  t.equal(code, 0)
  t.match(lines.at(-1), /^got/)
})

let release: () => void = () => {}

/** Does it when the test says so. */
async function later(work: () => void): Promise<void> {
  await new Promise<void>((resolve) => (release = resolve))
  work()
}

for (const [what, args] of [
  ['held', ['--max-wait=500ms']],
  ['in a pause', ['--max-wait=500ms', '--pause=10s']],
] as const) {
  t.test(`a wait that was stopped past its end ends when it goes on: ${what}`, async (t) => {
    const lock = await startLock(t, (_request, count) => (count > 1 ? undefined : queued('1 ahead', what === 'held' ? hold : {})))
    const waiting = startWait(t, [...lock.args, ...args])
    await waiting.line(/1 ahead/)
    waiting.kill('SIGSTOP')
    await pause(700) // past the end
    t.notMatch(waiting.lines().at(-1), /over/)
    const start = performance.now()
    waiting.kill('SIGCONT')
    const { code, lines } = await waiting.finish()
    t.equal(code, 0)
    t.match(lines.at(-1), /^the wait is over after 500 ms/)
    t.ok(performance.now() - start < 5_000, 'no new pause begins')
  })
}

t.test('a program that is stopped and continued all the time is not confused', async (t) => {
  const lock = await startLock(t, (_request, count) => (count < 20 ? queued() : granted()))
  const waiting = startWait(t, [...lock.args, '--pause=30ms'])
  const timer = setInterval(() => {
    waiting.kill('SIGSTOP')
    waiting.kill('SIGCONT')
  }, 5)
  t.teardown(() => clearInterval(timer))
  const { code, lines } = await waiting.finish()
  t.equal(code, 0)
  t.same(lines.slice(1, -1), ['waiting for the startup lock of this node'])
  t.equal(lock.connections(), 1)
})

t.test('a free lock is granted at once', async (t) => {
  const lock = await startLock(t, granted)
  const { code, lines } = await runWait(t, lock.args)
  t.equal(code, 0)
  t.match(lines, [/^asking for the startup lock of this node at 127\.0\.0\.1:\d+$/, /^got the startup lock of this node after (?:\d+ m|0 )s$/])
  t.equal(lock.requests.length, 1)
})
