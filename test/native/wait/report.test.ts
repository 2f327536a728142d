import { constants, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { missingCommand } from '../support/commands.ts'
import { granted, inTurn, queued, startLock } from './support/lock.ts'
import { runWait, startWait } from './support/program.ts'

t.jobs = 4

const fast = ['--pause=10ms']
const node = 'the startup lock of this node'

t.test('says a line at the start, when the place or the reason changes, and at the end', async (t) => {
  const lock = await startLock(
    t,
    inTurn(
      queued('3 ahead (holder shop/api-7f9, 12 s)'),
      queued('3 ahead (holder shop/api-7f9, 13 s)'),
      queued('3 ahead (holder shop/api-7f9, 140 s)'),
      queued('2 ahead (holder shop/api-7f9, 141 s)'),
      queued('2 ahead (holder shop/web-12, 1 s)'),
      queued('2 ahead (holder shop/web-13, 1 s)'),
      queued('2 ahead (holder shop/web-13, 1 s)'),
      queued('2 ahead (gate dns: closed)'),
      queued(),
      queued(),
      granted(),
    ),
  )
  const { code, lines, problems } = await runWait(t, [...lock.args, ...fast])
  t.same([code, problems], [0, []])
  t.match(lines, [
    `asking for ${node} at 127.0.0.1:${lock.port}`,
    `waiting for ${node}: 3 ahead (holder shop/api-7f9, 12 s)`,
    `waiting for ${node}: 2 ahead (holder shop/api-7f9, 141 s)`,
    `waiting for ${node}: 2 ahead (holder shop/web-12, 1 s)`,
    `waiting for ${node}: 2 ahead (holder shop/web-13, 1 s)`,
    `waiting for ${node}: 2 ahead (gate dns: closed)`,
    `waiting for ${node}`,
    /^got the startup lock of this node after \d+ (ms|s)$/,
  ])
  t.equal(lines.length, 8)
})

const changes: readonly (readonly [one: string, other: string, isNews: boolean])[] = [
  ['1 s', '2 s', false],
  ['9 s', '10 s', false],
  ['in 9 s, of 10 s', 'in 8 s, of 12 s', false],
  ['1 s', '1 second', true],
  ['1 starter', '2 starters', true],
  ['1 seconds', '2 seconds', true],
  ['1 ms', '2 ms', true],
  ['1', '2', true],
  ['1 s', '1', true],
  ['1 s', '2 s more', true],
  ['api-1 s', 'api-2 s', false],
  ['01 s', '1 s', false],
]

t.test('a change of seconds alone is no news', async (t) => {
  for (const [one, other, isNews] of changes) {
    const lock = await startLock(t, inTurn(queued(one), queued(other), granted()))
    const { lines } = await runWait(t, [...lock.args, ...fast])
    t.equal(lines.length, isNews ? 4 : 3, `${one} and ${other}`)
  }
})

t.test('--quiet says nothing of a wait that ends well', async (t) => {
  const lock = await startLock(t, inTurn(queued('1 ahead'), granted()))
  t.match(await runWait(t, [...lock.args, ...fast, '--quiet']), { code: 0, lines: { length: 0 }, problems: { length: 0 } })
})

t.test('--quiet says what went wrong', async (t) => {
  const { code, lines, problems } = await runWait(t, ['--host=127.0.0.1', '--port=1', '--connect-wait=1ms', '--quiet', '--nonsense'])
  t.equal(code, 0)
  t.match(lines, [/^no lock has answered .*: the pod starts without the startup lock$/])
  t.same([lines.length, problems], [1, ['usher-wait: ignored --nonsense: it is not known']])
})

t.test('the same last line stands in the termination log', async (t) => {
  const log = join(t.testdir({ log: 'left by an earlier start, and longer than any line of this one is: '.repeat(20) }), 'log')
  const kept = () => readFileSync(log, 'utf8')
  const lock = await startLock(t, (_request, count, socket) => {
    if (count === 3) setTimeout(() => socket.write(granted()), 300)
    return count === 3 ? undefined : queued(`${3 - count} ahead`)
  })
  const waiting = startWait(t, [...lock.args, ...fast, `--termination-log=${log}`])
  await lock.request(3)
  t.equal(kept(), `waiting for ${node}: 1 ahead\n`)
  const { lines } = await waiting.finish()
  t.equal(kept(), `${lines.at(-1)}\n`)
  t.match(kept(), /^got/)
  t.equal((await runWait(t, ['--host=127.0.0.1', '--port=1', '--connect-wait=1ms', '--quiet'], { env: { USHER_TERMINATION_LOG: log } })).code, 0)
  t.match(kept(), /^no lock has answered/)
  await runWait(t, ['--no-lock'], { env: { USHER_TERMINATION_LOG: log } })
  t.match(kept(), /^does not ask/)
})

t.test('a termination log that is not there is not made', async (t) => {
  const folder = t.testdir({})
  const lock = await startLock(t, granted)
  t.match(await runWait(t, [...lock.args, `--termination-log=${folder}/log`]), { code: 0, problems: { length: 0 } })
  t.throws(() => readFileSync(join(folder, 'log')))
  t.match(await runWait(t, [...lock.args, `--termination-log=${folder}`]), { code: 0, problems: { length: 0 } }, 'nor is a folder')
})

const asRoot = process.getuid?.() === 0 ? false : 'is not root'

t.test('the termination log is the kubelet’s, unless said otherwise', { skip: asRoot || missingCommand('unshare', 'mount') }, async (t) => {
  const folder = t.testdir({ 'termination-log': 'empty' })
  const lock = await startLock(t, granted)
  const script = `mount --bind "$0" /dev && exec env -u USHER_TERMINATION_LOG "$@"`
  // /dev with nothing but the log.
  const by = ['unshare', '-m', 'sh', '-c', script, folder]
  const { code, lines } = await runWait(t, lock.args, { by, env: { PATH: process.env['PATH'] ?? '' } })
  t.equal(code, 0)
  t.equal(readFileSync(join(folder, 'termination-log'), 'utf8'), `${lines.at(-1)}\n`)
})

t.test('a reader that is stuck does not hold the pod up', { skip: missingCommand('mkfifo') }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'usher-wait-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const pipe = join(folder, 'pipe')
  spawnSync('mkfifo', [pipe])
  const filling = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK)
  t.throws(() => {
    for (;;) writeSync(filling, 'x'.repeat(4096))
  }, /EAGAIN/)
  const full = openSync(pipe, constants.O_RDWR)
  const lock = await startLock(t, inTurn(queued('1 ahead'), queued('2 ahead'), granted()))
  const { code } = await runWait(t, [...lock.args, ...fast], { stdout: full })
  t.equal(code, 0)
  t.equal(lock.requests.length, 3)
  const held = await startLock(t, () => undefined)
  const waiting = startWait(t, held.args, { stdout: full })
  await held.request(1)
  waiting.kill('SIGTERM')
  t.equal((await waiting.finish()).code, 143, 'nor its end')
})

t.test('a reader that has died does not end the wait', async (t) => {
  const lock = await startLock(t, inTurn(queued('1 ahead'), queued('2 ahead'), granted()))
  const script = '("$0" "$@"; echo "$?" >&2) | true'
  const { problems } = await runWait(t, [...lock.args, ...fast], { by: ['sh', '-c', script] })
  t.same(problems, ['0'])
  t.equal(lock.requests.length, 3)
})

for (const [which, closed] of [['0', '<&-'], ['1', '>&-'], ['2', '2>&-'], ['0 and 1', '<&- >&-'], ['0 to 2', '<&- >&- 2>&-']]) {
  t.test(`closed descriptors do not bring its lines to the lock: ${which}`, async (t) => {
    const folder = t.testdir({ log: '' })
    const lock = await startLock(t, inTurn(queued('1 ahead'), queued('2 ahead'), granted()))
    // A token that is missing is said when the connection is there.
    const args = [...lock.args, ...fast, '--nonsense', `--termination-log=${folder}/log`, `--token-file=${folder}/token`]
    const { code } = await runWait(t, args, { by: ['sh', '-c', `exec "$0" "$@" ${closed}`] })
    t.equal(code, 0)
    t.match(readFileSync(join(folder, 'log'), 'utf8'), /^got/)
    t.same([lock.connections(), lock.requests.length], [1, 3])
    t.ok(lock.requests.every(({ text }) => text.startsWith('GET /')))
  })
}

t.test('what stands in the log goes out line by line', async (t) => {
  const lock = await startLock(t, inTurn(queued('1 ahead'), queued('2 ahead'), granted()))
  const { problems } = await runWait(t, [...lock.args, ...fast, '-a', '-b'], { by: ['sh', '-c', 'exec "$0" "$@" >&2'] })
  t.match(problems, [/-a: it is not known$/, /-b: it is not known$/, /^asking/, /1 ahead$/, /2 ahead$/, /^got/])
})
