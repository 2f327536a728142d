import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { missingCommand } from '../support/commands.ts'
import { granted, type Lock, queued, type Script, startLock } from './support/lock.ts'
import { type Running, startWait } from './support/program.ts'

t.jobs = 4

const hold = { 'Retry-After': '0' }
const identity = ['--pod=shop/api-7f9', '--uid=0b1f-2']
const stopped = 'stopped while waiting for the startup lock of this node'
const givenBack = `${stopped}: its place is given back`

/** A wait that is held by its lock. */
async function held(t: Test, args: readonly string[], by: readonly string[] = []): Promise<{ lock: Lock; waiting: Running }> {
  const lock = await startLock(t, (_request, count) => (count === 1 ? queued('1 ahead', hold) : undefined))
  const waiting = startWait(t, [...lock.args, ...args], { by })
  await lock.request(2)
  return { lock, waiting }
}

t.test('SIGTERM gives the place back, behind the request that is held, and ends with 143', async (t) => {
  const { lock, waiting } = await held(t, identity)
  waiting.kill('SIGTERM')
  const { code, lines } = await waiting.finish()
  t.same([code, lines.at(-1)], [143, givenBack])
  const request = await lock.request(3)
  t.match(request, { method: 'DELETE', path: '/v1/leases/0b1f-2', connection: 1 })
  t.match(request.text, /^DELETE \/v1\/leases\/0b1f-2\?pod=shop\/api-7f9 HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\nUser-Agent: usher-wait\/[\d.]+\r\n\r\n$/)
  await lock.closed()
})

t.test('so does SIGINT, with 130', async (t) => {
  const { lock, waiting } = await held(t, identity)
  waiting.kill('SIGINT')
  t.equal((await waiting.finish()).code, 130)
  t.equal((await lock.request(3)).method, 'DELETE')
})

t.test('what needs it is encoded', async (t) => {
  const { lock, waiting } = await held(t, ['--uid=a/b?c', '--pod=ä/b'])
  waiting.kill('SIGTERM')
  await waiting.finish()
  t.match((await lock.request(3)).text, /^DELETE \/v1\/leases\/a%2Fb%3Fc\?pod=%C3%A4\/b HTTP/)
})

t.test('the token is shown for it', async (t) => {
  const file = `${t.testdir({ token: 'se.cret' })}/token`
  const { lock, waiting } = await held(t, [...identity, `--token-file=${file}`])
  waiting.kill('SIGTERM')
  await waiting.finish()
  t.equal((await lock.request(3)).headers.get('authorization'), 'Bearer se.cret')
})

t.test('in a pause, the place is given back on the connection that is kept', async (t) => {
  const lock = await startLock(t, () => queued('1 ahead'))
  const waiting = startWait(t, [...lock.args, ...identity, '--pause=60s'])
  await waiting.line(/1 ahead/)
  waiting.kill('SIGTERM')
  t.equal((await waiting.finish()).code, 143)
  t.equal((await lock.request(2)).method, 'DELETE')
})

t.test('without a uid there is nothing to give back', async (t) => {
  const { lock, waiting } = await held(t, ['--pod=shop/api'])
  waiting.kill('SIGTERM')
  const { code, lines } = await waiting.finish()
  t.same([code, lines.at(-1)], [143, stopped])
  await lock.closed()
  t.equal(lock.requests.length, 2)
})

t.test('without a connection nothing is sent', async (t) => {
  const lock = await startLock(t, () => queued('1 ahead', { Connection: 'close' }))
  const waiting = startWait(t, [...lock.args, ...identity, '--pause=60s'])
  await waiting.line(/1 ahead/)
  await lock.closed()
  waiting.kill('SIGTERM')
  const { code, lines } = await waiting.finish()
  t.same([code, lines.at(-1), lock.requests.length], [143, stopped, 1])
})

const behaviours: readonly (readonly [what: string, script: Script])[] = [
  ['says nothing', () => undefined],
  ['has sent half an answer', () => 'HTTP/1.1 423 Locked\r\nContent-Length: 10\r\n\r\nLock'],
  ['has sent more than was asked for', () => `${queued()}${granted().repeat(20)}`],
]

for (const [what, script] of behaviours) {
  t.test(`SIGTERM ends a wait for a server that ${what}`, async (t) => {
    const lock = await startLock(t, script)
    const waiting = startWait(t, [...lock.args, ...identity, '--pause=60s'])
    await lock.request(1)
    waiting.kill('SIGTERM')
    const { code, lines } = await waiting.finish()
    t.equal(code, 143)
    t.match(lines.at(-1), /^stopped/)
  })
}

t.test('SIGTERM ends a wait for a lock that is not there', async (t) => {
  const waiting = startWait(t, ['--host=127.0.0.1', '--port=1', ...identity])
  await waiting.line(/connection refused/)
  waiting.kill('SIGTERM')
  const { code, lines } = await waiting.finish()
  t.same([code, lines.at(-1)], [143, stopped])
})

t.test('the termination log tells that it was stopped', async (t) => {
  const log = `${t.testdir({ log: '' })}/log`
  const { waiting } = await held(t, [...identity, `--termination-log=${log}`, '--quiet'])
  waiting.kill('SIGTERM')
  const { lines } = await waiting.finish()
  t.same([lines, readFileSync(log, 'utf8')], [[givenBack], `${givenBack}\n`])
})

t.test('SIGTERM ends it whenever it comes, also where a parent had it ignored', async (t) => {
  const lock = await startLock(t, () => queued('1 ahead', hold))
  // The signals come all the time by then, from before the program is there.
  const by = ['sh', '-c', 'trap "" TERM; echo ready; sleep 0.05; exec "$0" "$@"']
  for (let run = 0; run < 10; run++) {
    const waiting = startWait(t, [...lock.args, ...identity, '--pause=0'], { by })
    await waiting.line(/ready/)
    const timer = setInterval(() => waiting.kill('SIGTERM'), 1)
    const { code } = await waiting.finish()
    clearInterval(timer)
    t.equal(code, 143)
  }
})

t.test('SIGTERM ends it where a parent had it blocked', { skip: missingCommand('env') }, async (t) => {
  const { lock, waiting } = await held(t, identity, ['env', '--block-signal=TERM'])
  waiting.kill('SIGTERM')
  t.equal((await waiting.finish()).code, 143)
  t.equal((await lock.request(3)).method, 'DELETE')
})

t.test('--hold sleeps until SIGTERM, which is its regular end', async (t) => {
  const holding = startWait(t, ['--hold'])
  await holding.line(/^holds this image on its node until SIGTERM$/)
  holding.kill('SIGALRM')
  holding.kill('SIGPIPE')
  holding.kill('SIGTERM')
  const { code, lines } = await holding.finish()
  t.same([code, lines.at(-1)], [0, 'stopped'])
})

const asRoot = process.getuid?.() === 0 ? false : 'is not root'

// The kernel keeps from pid 1 of a namespace every signal that it has no handler for.
const asInit = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']

t.test('as pid 1 it ends as well', { skip: asRoot || missingCommand('unshare', 'pkill') }, async (t) => {
  const lock = await startLock(t, (_request, count) => (count === 1 ? queued('1 ahead', hold) : undefined))
  for (const [args, code] of [[['--hold'], 0], [[...lock.args, ...identity], 143]] as const) {
    const init = startWait(t, args, { by: asInit, env: { PATH: process.env['PATH'] ?? '' } })
    await init.line(/^(holds|waiting)/)
    spawnSync('pkill', ['-TERM', '-P', String(init.pid)])
    t.equal((await init.finish()).code, code, args.join(' '))
  }
})

t.test('an alarm from elsewhere means nothing', async (t) => {
  const { waiting } = await held(t, identity)
  waiting.kill('SIGALRM')
  waiting.kill('SIGTERM')
  t.equal((await waiting.finish()).code, 143)
})
