import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { until } from '../../support/until.ts'
import { missingCommand } from '../support/commands.ts'
import { traced } from '../support/system-calls.ts'
import { granted, queued, startLock } from './support/lock.ts'
import { missingNameServer, startNameServer } from './support/name-server.ts'
import { isDisguised, program, runWait, startWait } from './support/program.ts'

t.jobs = 4

const skip = missingNameServer()
const name = 'lock.test'
const without = 'the pod starts without the startup lock'

t.test('a name is found in /etc/hosts', { skip }, async (t) => {
  const lock = await startLock(t, granted)
  const server = await startNameServer(t, () => 'silence', `127.0.0.1 ${name}\n`)
  const { code, lines } = await runWait(t, [`--host=${name}`, `--port=${lock.port}`, '--max-wait=20'], server)
  t.match([code, lines.at(-1)], [0, /^got/])
  t.equal(lock.requests[0]?.headers.get('host'), `${name}:${lock.port}`)
  t.same(server.queries, [])
})

t.test('a name is found by DNS', { skip }, async (t) => {
  const lock = await startLock(t, granted)
  const server = await startNameServer(t, () => ['127.0.0.1'])
  const { code, lines } = await runWait(t, [`--host=${name}`, `--port=${lock.port}`, '--max-wait=20'], server)
  t.match([code, lines.at(-1)], [0, /^got/])
  t.ok(server.queries.includes(name))
})

t.test('each address of a name is tried', { skip }, async (t) => {
  const lock = await startLock(t, granted, '127.0.0.9')
  const addresses = ['127.0.0.7', '127.0.0.9', '127.0.0.8']
  const server = await startNameServer(t, () => addresses)
  const { code, lines } = await runWait(t, [`--host=${name}`, `--port=${lock.port}`, '--max-wait=20'], server)
  t.match([code, lines], [0, [/^asking/, /^got/]])
})

t.test('of more addresses than are kept, the others are not', { skip }, async (t) => {
  const addresses = Array.from({ length: 20 }, (_, index) => `127.0.1.${index + 1}`)
  const server = await startNameServer(t, () => addresses)
  const { code, lines } = await runWait(t, [`--host=${name}`, '--port=1', '--connect-wait=300ms'], server)
  t.match([code, lines.at(-1)], [0, /^no lock has answered/])
})

t.test('a name that is not there yet is looked up again', { skip }, async (t) => {
  const lock = await startLock(t, granted)
  const server = await startNameServer(t, (_, count) => (count <= 2 ? 'no such name' : ['127.0.0.1']))
  const { code, lines } = await runWait(t, [`--host=${name}`, `--port=${lock.port}`, '--pause=10ms'], server)
  t.equal(code, 0)
  t.match(lines, [/^asking/, `waiting for the startup lock of this node: no lock answers at ${name}:${lock.port} (no such host)`, /^got/])
})

for (const [limit, line] of [
  ['--max-wait=500ms', `the wait is over after 500 ms (the lookup of its name takes too long): ${without}`],
  ['--connect-wait=500ms', `no lock has answered at ${name}:8888 for 500 ms (the lookup of its name takes too long): ${without}`],
] as const) {
  t.test(`${limit} ends a lookup that takes too long`, { skip }, async (t) => {
    const log = `${t.testdir({ log: '' })}/log`
    const server = await startNameServer(t, () => 'silence')
    const start = performance.now()
    const { code, lines } = await runWait(t, [`--host=${name}`, limit, `--termination-log=${log}`], server)
    t.same([code, lines.at(-1)], [0, line])
    t.ok(performance.now() - start < 4_000, 'not when the resolver gives up')
  })

  t.test(`${limit} does so when it was stopped past its end`, { skip }, async (t) => {
    const server = await startNameServer(t, () => 'silence')
    const waiting = startWait(t, [`--host=${name}`, limit], server)
    await until('it is in the lookup', () => server.queries.length > 0)
    waiting.kill('SIGSTOP')
    await pause(600) // past the end
    waiting.kill('SIGCONT')
    const { code, lines } = await waiting.finish()
    t.same([code, lines.at(-1)], [0, line])
  })
}

t.test('SIGTERM ends a lookup at once', { skip }, async (t) => {
  const server = await startNameServer(t, () => 'silence')
  const waiting = startWait(t, [`--host=${name}`, '--uid=a'], server)
  await until('it is in the lookup', () => server.queries.length > 0)
  const start = performance.now()
  waiting.kill('SIGTERM')
  const { code, lines } = await waiting.finish()
  t.same([code, lines.at(-1)], [143, 'stopped while waiting for the startup lock of this node'])
  t.ok(performance.now() - start < 2_000, 'musl’s resolver alone would go on for 4 s')
})

t.test('SIGTERM in a lookup does not give the place back to the name server', { skip }, async (t) => {
  const lock = await startLock(t, () => queued('1 ahead', { Connection: 'close' }))
  let looking = false
  const server = await startNameServer(t, () => (lock.requests.length > 0 ? ((looking = true), 'silence') : ['127.0.0.1']))
  const waiting = startWait(t, [`--host=${name}`, `--port=${lock.port}`, '--uid=a', '--pause=10ms'], server)
  await until('it is in the second lookup', () => looking)
  waiting.kill('SIGTERM')
  const { code, lines } = await waiting.finish()
  t.same([code, lines.at(-1)], [143, 'stopped while waiting for the startup lock of this node'])
})

t.test('the end of a lookup is the end of its alarm', { skip }, async (t) => {
  const lock = await startLock(t, (_request, count, socket) => {
    if (count > 1) setTimeout(() => socket.write(granted()), 1_500)
    return count > 1 ? undefined : queued('1 ahead', { 'Retry-After': '0' })
  })
  const server = await startNameServer(t, async () => {
    await pause(200)
    return ['127.0.0.1']
  })
  const { code, lines } = await runWait(t, [`--host=${name}`, `--port=${lock.port}`, '--connect-wait=1s'], server)
  t.match([code, lines.at(-1)], [0, /^got/])
})

t.test('an address is not looked up', { skip }, async (t) => {
  const lock = await startLock(t, granted, '::')
  const server = await startNameServer(t, () => 'silence')
  for (const host of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
    const { code, lines } = await runWait(t, [`--host=${host}`, `--port=${lock.port}`, '--max-wait=20'], server)
    t.match([code, lines.at(-1)], [0, /^got/], host)
  }
  t.same(server.queries, [])
})

t.test('nor are the resolver’s files read for it', { skip: missingCommand('strace') || isDisguised() }, async (t) => {
  const lock = await startLock(t, granted)
  const { code, calls } = await traced(t, ['-e', 'trace=open,openat'], [program(), ...lock.args])
  t.equal(code, 0)
  t.same(calls.filter((call) => /hosts|resolv|nsswitch|services/.test(call)), [])
})

t.test('the longest names and lines are whole', { skip }, async (t) => {
  const host = `${`${'a'.repeat(60)}.`.repeat(4)}test`
  const server = await startNameServer(t, () => 'no such name')
  const { code, lines } = await runWait(t, [`--host=${host}`, '--connect-wait=300ms'], server)
  t.equal(code, 0)
  t.equal(lines.at(-1), `no lock has answered at ${host}:8888 for 300 ms (no such host): ${without}`)
})
