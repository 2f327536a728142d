import { createServer } from 'node:http'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import manifest from '../../../package.json' with { type: 'json' }
import { answer, granted, inTurn, queued, startLock } from './support/lock.ts'
import { runWait } from './support/program.ts'

t.jobs = 4

const fast = ['--pause=10ms']
const now = { 'Retry-After': '0' }

t.test('is this, byte by byte', async (t) => {
  const lock = await startLock(t, inTurn(queued('1 ahead', now), granted()))
  const said = ['--duration=120s', '--max-wait=0', '--pod=shop/api-7f9', '--uid=0b1f-2', '--weight=2', '--wait=20s']
  t.equal((await runWait(t, [...lock.args, ...said])).code, 0)
  const lines = (wait: number) => [
    'GET /?duration=120&pod=shop/api-7f9&uid=0b1f-2&weight=2 HTTP/1.1',
    `Host: 127.0.0.1:${lock.port}`,
    `User-Agent: usher-wait/${manifest.version}`,
    `Prefer: wait=${wait}`,
    'Accept: application/problem+json, text/plain;q=0.5',
    '\r\n',
  ]
  t.same(lock.requests.map(({ text }) => text), [lines(0).join('\r\n'), lines(20).join('\r\n')])
})

t.test('says only what is known', async (t) => {
  const lock = await startLock(t, granted)
  t.equal((await runWait(t, [...lock.args, '--max-wait=0'])).code, 0)
  t.match(lock.requests[0]?.text, /^GET \/ HTTP\/1\.1\r\n/)
})

t.test('encodes what does not stand in a query', async (t) => {
  const lock = await startLock(t, granted)
  const odd = 'a b?&=#%+"é\u{1f600}'.replace(' ', '')
  t.equal((await runWait(t, [...lock.args, '--max-wait=0', `--pod=${odd}/ü`, `--uid=1/2${odd}`])).code, 0)
  t.match(lock.requests[0]?.text, /^GET \/\?pod=[\w.~%-]+\/%C3%BC&uid=1\/2[\w.~%-]+ HTTP\/1\.1\r\n/)
  t.same(Object.fromEntries(lock.requests[0]?.query ?? []), { pod: `${odd}/ü`, uid: `1/2${odd}` })
})

t.test('has room for the longest names', async (t) => {
  const lock = await startLock(t, granted)
  const pod = `${'ä'.repeat(31)}x/${'ö'.repeat(126)}y`
  const uid = 'ü'.repeat(64)
  const file = join(t.testdir({}), 'token')
  writeFileSync(file, 't'.repeat(4095))
  const args = [`--pod=${pod}`, `--uid=${uid}`, '--weight=1000000', '--duration=1000000000', `--token-file=${file}`]
  t.match(await runWait(t, [...lock.args, ...args]), { code: 0, problems: { length: 0 } })
  t.match(Object.fromEntries(lock.requests[0]?.query ?? []), { pod, uid, weight: '1000000', duration: '1000000000' })
  t.equal(lock.requests[0]?.headers.get('authorization')?.length, 'Bearer '.length + 4095)
})

t.test('all go over one kept connection', async (t) => {
  const lock = await startLock(t, (_request, count) => (count < 6 ? queued() : granted()))
  t.equal((await runWait(t, [...lock.args, ...fast])).code, 0)
  t.same([lock.requests.length, lock.connections()], [6, 1])
})

t.test('a connection that the lock wants closed is made anew', async (t) => {
  const lock = await startLock(t, (_request, count) => (count < 4 ? queued(undefined, { Connection: 'close' }) : granted()))
  t.equal((await runWait(t, [...lock.args, ...fast])).code, 0)
  t.same([lock.requests.length, lock.connections()], [4, 4])
})

t.test('a connection that was closed between two requests is made anew, and that is no failure', async (t) => {
  const lock = await startLock(t, (_request, count, socket) => {
    if (count < 3) setImmediate(() => socket.end())
    return count < 3 ? queued() : granted()
  })
  const { code, lines } = await runWait(t, [...lock.args, '--pause=100ms'])
  t.equal(code, 0)
  t.equal(lock.connections(), 3)
  t.notMatch(lines.join(), /no lock answers/)
})

t.test('so is one that is closed just when it is used again', async (t) => {
  const lock = await startLock(t, (request, count, socket) => {
    if (request.connection < 3 && count % 2 === 0) {
      socket.destroy()
      return undefined
    }
    return request.connection < 3 ? queued() : granted()
  })
  const { code, lines } = await runWait(t, [...lock.args, ...fast])
  t.equal(code, 0)
  t.notMatch(lines.join(), /no lock answers/)
})

t.test('asks how long it may be held for no longer than what is left', async (t) => {
  const lock = await startLock(t, inTurn(queued(undefined, now), granted()))
  t.equal((await runWait(t, [...lock.args, '--max-wait=8500ms', '--wait=30'])).code, 0)
  t.match(lock.requests[1]?.headers.get('prefer'), /^wait=[5-8]$/)
  t.match(lock.requests[1]?.query.get('max-wait'), /^[5-8]$/)
})

t.test('--wait=0 never asks to be held', async (t) => {
  const lock = await startLock(t, inTurn(queued(), queued(), granted()))
  t.equal((await runWait(t, [...lock.args, ...fast, '--wait=0'])).code, 0)
  t.same(lock.requests.map(({ headers }) => headers.get('prefer')), ['wait=0', 'wait=0', 'wait=0'])
})

for (const [host, authority] of [['::1', '[::1]'], ['[::1]', '[::1]'], ['127.0.0.1', '127.0.0.1'], ['::ffff:127.0.0.1', '[::ffff:127.0.0.1]']]) {
  t.test(`goes to ${host}`, async (t) => {
    const lock = await startLock(t, granted, '::')
    const { code, lines } = await runWait(t, [`--host=${host}`, `--port=${lock.port}`, '--max-wait=20'])
    t.equal(code, 0)
    t.match(lines.at(-1), /^got the startup lock/)
    t.equal(lock.requests[0]?.headers.get('host'), `${authority}:${lock.port}`)
  })
}

t.test('takes an address with a zone, which is not shown to the lock', async (t) => {
  const { code, lines, problems } = await runWait(t, ['--host=fe80::1%lo', '--max-wait=1ms'])
  t.same([code, problems], [0, []])
  t.equal(lines[0], 'asking for the startup lock of this node at [fe80::1]:8888')
})

t.test('carries the token of a file, read anew for each connection', async (t) => {
  const file = join(t.testdir({}), 'token')
  writeFileSync(file, '\n first.to-ken_1 \n')
  const lock = await startLock(t, (_request, count, socket) => {
    if (count === 2) {
      writeFileSync(file, 'second')
      socket.end()
    }
    return count < 4 ? queued() : granted()
  })
  const { code, problems } = await runWait(t, [...lock.args, ...fast, `--token-file=${file}`])
  t.same([code, problems], [0, []])
  t.same(lock.requests.map(({ headers }) => headers.get('authorization')), [
    'Bearer first.to-ken_1',
    'Bearer first.to-ken_1',
    'Bearer second',
    'Bearer second',
  ])
})

const noTokens: readonly (readonly [what: string, content: string | undefined, fault: string])[] = [
  ['no file', undefined, 'cannot be opened'],
  ['an empty one', '\n\n', 'is empty'],
  ['one with a line inside', 'a\r\nX-Evil: 1', 'holds no token'],
  ['one with a NUL inside', 'a\0b', 'holds no token'],
  ['one with other letters', 'tökén', 'holds no token'],
  ['one that is too long', 't'.repeat(4096), 'is too long'],
]

for (const [what, content, fault] of noTokens) {
  t.test(`asks without a token, and says so once, for ${what}`, async (t) => {
    const file = join(t.testdir({}), 'token')
    if (content !== undefined) writeFileSync(file, content)
    const lock = await startLock(t, (_request, count) => (count < 3 ? queued(undefined, { Connection: 'close' }) : granted()))
    const { code, problems } = await runWait(t, [...lock.args, ...fast, `--token-file=${file}`])
    t.same([code, problems], [0, [`usher-wait: asks without a token: the file ${fault}`]])
    t.same(lock.requests.map(({ headers }) => [...headers.keys()].toSorted()), Array.from({ length: 3 }, () => ['accept', 'host', 'prefer', 'user-agent']))
  })
}

t.test('a folder is no token', async (t) => {
  const lock = await startLock(t, granted)
  const { code, problems } = await runWait(t, [...lock.args, `--token-file=${t.testdir({})}`])
  t.same([code, problems], [0, ['usher-wait: asks without a token: the file cannot be read']])
})

t.test('Node’s own server understands it, and is understood', async (t) => {
  let count = 0
  const server = createServer((request, response) => {
    request.resume()
    if (++count === 3) {
      response.end('Lock acquired')
      return
    }
    response.statusCode = 423
    // Without a length, so in chunks; and as a problem, in pieces.
    response.setHeader('Content-Type', 'application/problem+json; charset=utf-8')
    response.write('{"title":"Locked",')
    setImmediate(() => response.end(`"detail":"${3 - count} ahead"}`))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => void server.close())
  const { port } = server.address() as AddressInfo
  const { code, lines } = await runWait(t, ['--host=127.0.0.1', `--port=${port}`, ...fast, '--pod=shop/api', '--uid=a'])
  t.equal(code, 0)
  t.match(lines, [
    /^asking/,
    'waiting for the startup lock of this node: 2 ahead',
    'waiting for the startup lock of this node: 1 ahead',
    /^got the startup lock/,
  ])
})

t.test('an older lock is asked once a --pause, whatever it is told to hold', async (t) => {
  // What pod-startup-lock answers, its headers included.
  const older = { Date: 'Thu, 01 Jan 2026 00:00:00 GMT', 'Content-Type': 'text/plain; charset=utf-8' }
  const lock = await startLock(t, (_request, count) => (count < 5 ? answer('423 Locked', older, 'Locked') : answer('200 OK', older, 'Lock acquired')))
  // Of the whole run: on a busy machine the first request may be seen late, and the last one at once.
  const began = performance.now()
  const { code, lines } = await runWait(t, [...lock.args, '--pause=100ms', '--duration=10'])
  t.equal(code, 0)
  t.same(lines.slice(1, -1), ['waiting for the startup lock of this node'])
  t.ok(performance.now() - began >= 400, 'four pauses')
})
