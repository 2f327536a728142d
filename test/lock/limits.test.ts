import t, { type Test } from 'tap'
import { ask, askHeld, connectTo, jsonOf, type LockProcess, requestOf, startLock, stateOf, waiters, type WireAnswer } from '../support/lock-process.ts'
import { isProblem } from '../support/problem.ts'
import { until } from '../support/until.ts'
import { readMetric } from '../support/webhook.ts'

t.jobs = 2

const strict = ['--strict', '--timeout', '1h', '--lease', '1h']

/** Sends bytes, reads the answer, and checks that it is a problem after which the connection ends. */
async function refused(t: Test, lock: LockProcess, bytes: string, code: Parameters<typeof isProblem>[2], message: string): Promise<void> {
  const connection = await connectTo(t, lock)
  connection.send(bytes)
  const answer = await connection.answer()
  isProblem(t, typed(answer), code, message)
  t.equal(answer.headers['connection'], 'close', `${message}: says that it closes`)
  await connection.closed()
}

function typed({ status, headers, body }: WireAnswer) {
  return { status, type: headers['content-type'], body }
}

const grants = async (t: Test, lock: LockProcess): Promise<number> =>
  readMetric((await ask(t, lock, '/metrics')).body, 'usher_lock_grants_total{grant="floor",client="anonymous"}')

t.test('what is too large is refused, and asks for nothing', async (t) => {
  const lock = await startLock(t)
  const post = 'POST / HTTP/1.1\r\nHost: a\r\n'
  await refused(t, lock, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(16_384)}\r\n\r\n`, 'headers-too-large', 'a long header')
  await refused(t, lock, `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(4_000)}\r\n`, 'headers-too-large', 'many headers')
  await refused(t, lock, requestOf(`GET /${'x'.repeat(4_096)}`), 'uri-too-long', 'a long path')
  await refused(t, lock, requestOf(`GET /v1/state?${'x'.repeat(4_096)}`), 'uri-too-long', 'a long query of another route')
  await refused(t, lock, requestOf(`GET /${'x'.repeat(20_000)}`), 'headers-too-large', 'a path longer than all headers')
  await refused(t, lock, `${post}Content-Length: 4097\r\n\r\n`, 'payload-too-large', 'a body that is announced, and never comes')
  await refused(t, lock, `${post}Content-Length: 99999999999\r\n\r\nabc`, 'payload-too-large', 'a huge one, of which some comes')
  await refused(t, lock, `${post}Transfer-Encoding: chunked\r\n\r\n1001\r\n${'x'.repeat(0x1001)}\r\n`, 'payload-too-large', 'chunks that do not end')
  await refused(t, lock, `POST /v1/leases HTTP/1.1\r\nHost: a\r\nContent-Length: 4097\r\n\r\n`, 'payload-too-large', 'a body of another route')
  t.equal(await grants(t, lock), 0)

  t.equal((await ask(t, lock, `/${'x'.repeat(4_094)}`)).status, 200, 'the longest path')
  t.equal((await ask(t, lock, '/', { method: 'POST', body: 'x'.repeat(4_096) })).status, 423, 'the longest body')
  t.equal((await ask(t, lock, '/', { headers: { X: 'x'.repeat(15_000) } })).status, 423, 'long headers')
})

t.test('what is not HTTP is refused, and the next request is answered', async (t) => {
  const lock = await startLock(t)
  const garbage: readonly (readonly [what: string, bytes: string])[] = [
    ['noise', '\u0001\u0002\u0003\u0004\r\n\r\n'],
    ['a TLS handshake', '\u0016\u0003\u0001\u0000\u00a5\u0001\u0000\u0000\u00a1\u0003\u0003'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['no method', ' / HTTP/1.1\r\n\r\n'],
    ['an unknown method', 'FROBNICATE / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a space in a header', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a length and chunks', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a negative length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n'],
    ['a chunk of no size', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ['HTTP/9.9', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n'],
  ]
  for (const [what, bytes] of garbage) {
    const connection = await connectTo(t, lock)
    connection.send(Buffer.from(bytes, 'latin1'))
    isProblem(t, typed(await connection.answer()), 'bad-request', what)
    await connection.closed()
  }
  const withoutHost = await connectTo(t, lock)
  withoutHost.send('GET / HTTP/1.1\r\n\r\n')
  t.equal((await withoutHost.answer()).status, 400, 'no host')
  t.equal(await grants(t, lock), 0)
  t.equal((await ask(t, lock, '/')).status, 200)
})

t.test('who sends slowly is cut off', async (t) => {
  const lock = await startLock(t)
  const slow: readonly (readonly [what: string, start: string, drip: string])[] = [
    ['nothing', '', ''],
    ['half a request line', 'GET /', 'x'],
    ['headers without an end', 'GET / HTTP/1.1\r\nHost: a\r\n', 'X: y\r\n'],
    ['a body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n', 'x'],
    ['chunks', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\nx\r\n'],
  ]
  await Promise.all(
    slow.map(async ([what, start, drip]) => {
      const connection = await connectTo(t, lock)
      const at = performance.now()
      connection.socket.on('error', () => {})
      if (start !== '') connection.send(start)
      const dripping = setInterval(() => drip !== '' && connection.socket.writable && connection.send(drip), 300)
      t.teardown(() => clearInterval(dripping))
      await connection.closed()
      const seconds = (performance.now() - at) / 1_000
      t.ok(seconds < 25, `${what}: cut off after ${seconds} s`)
      t.ok(seconds > 4, `${what}: it has its time`)
      t.match(connection.rest(), /^HTTP\/1\.1 408 Request Timeout\r\n/, `${what}: it is told`)
    }),
  )
  t.equal(await grants(t, lock), 0)
})

t.test('a request that is held is not taken for a slow one', async (t) => {
  const lock = await startLock(t, strict)
  await ask(t, lock, '/?uid=holder')
  const held = await askHeld(t, lock, '/?uid=waiter&duration=1', { wait: 12 })
  const at = performance.now()
  const answer = await held.answer()
  t.equal(answer.status, 423)
  t.ok(performance.now() - at > 11_900, 'it was held to its end')
  held.send(requestOf('DELETE /v1/leases/waiter'))
  t.equal((await held.answer('DELETE')).status, 204, 'the connection is kept')
})

t.test('no more wait than may; those who do are granted in order', async (t) => {
  const lock = await startLock(t, [...strict, '--max-waiting', '5', '--max-waiting-per-peer', '3'])
  await ask(t, lock, '/?uid=holder')
  const held = []
  for (const [index, from] of ['127.0.0.1', '127.0.0.2', '127.0.0.1', '127.0.0.1', '127.0.0.2'].entries()) {
    held.push(await askHeld(t, lock, `/?uid=w${index}`, { from }))
    await waiters(t, lock, index + 1)
    if (index !== 3) continue
    const full = await ask(t, lock, '/?uid=more')
    isProblem(t, typed(full), 'too-many-waiting-from-peer', 'a fourth of one address')
    t.equal(full.headers['retry-after'], '2')
  }
  for (const [target, asking] of [
    ['/?uid=more', { from: '127.0.0.3' }],
    ['/?uid=more', { from: '127.0.0.3', headers: { Prefer: 'wait=60', Accept: 'application/problem+json' } }],
    ['/', { from: '127.0.0.3', headers: { Prefer: 'wait=60' } }],
  ] as const) {
    const full = await ask(t, lock, target, asking)
    isProblem(t, typed(full), 'too-many-waiting', `one more: ${target}`)
    t.equal(full.headers['retry-after'], '2')
  }
  t.equal((await ask(t, lock, '/', { from: '127.0.0.3' })).body, 'Locked', 'an older client wants no place')
  t.equal((await ask(t, lock, '/?uid=w2')).status, 423, 'who has a place may ask again')
  t.equal((await ask(t, lock, '/?uid=holder')).status, 200, 'so may who has a lease')
  const from = ['127.0.0.1', '127.0.0.2', '127.0.0.1', '127.0.0.1', '127.0.0.2']
  await ask(t, lock, '/v1/leases/holder', { method: 'DELETE' })
  for (const [index, connection] of held.entries()) {
    t.equal((await connection.answer()).status, 200, `waiter ${index}`)
    const others = (await stateOf(t, lock)).waiters.length
    t.equal(others, held.length - 1 - index, 'the others wait')
    t.equal((await ask(t, lock, `/v1/leases/w${index}`, { method: 'DELETE', from: from[index] ?? '' })).status, 204)
  }
})

t.test('a flood of connections hurts nobody of another address', async (t) => {
  const lock = await startLock(t, strict)
  await ask(t, lock, '/?uid=holder')
  const held = await askHeld(t, lock, '/?uid=waiter', { from: '127.0.0.3' })
  await waiters(t, lock, 1)
  const flood = await Promise.allSettled(Array.from({ length: 530 }, () => connectTo(t, lock, '127.0.0.2')))
  const open = flood.flatMap((each) => (each.status === 'fulfilled' ? [each.value.socket] : []))
  for (const socket of open) socket.on('error', () => {})
  await until('those beyond the limit are closed', () => open.filter(({ closed, readableEnded }) => !closed && !readableEnded).length <= 512)
  t.equal((await ask(t, lock, '/healthz', { from: '127.0.0.3' })).status, 200)
  await t.rejects(ask(t, lock, '/healthz', { from: '127.0.0.2' }), 'nobody else of that address')
  await ask(t, lock, '/v1/leases/holder', { method: 'DELETE' })
  t.equal((await held.answer()).status, 200)
  for (const socket of open) socket.destroy()
  await until('there is room again', async () => await ask(t, lock, '/healthz', { from: '127.0.0.2' }).then(({ status }) => status === 200, () => false))
})

t.test('who sends request upon request without waiting for answers is cut off', async (t) => {
  const lock = await startLock(t, strict)
  const connection = await connectTo(t, lock)
  connection.socket.on('error', () => {})
  connection.send(requestOf('GET /v1/openapi.json').repeat(1_000))
  await until('it is cut off', () => connection.socket.closed || connection.socket.destroyed)
  t.equal((await ask(t, lock, '/healthz')).status, 200)
})

t.test('who does not read its answers is cut off', async (t) => {
  const lock = await startLock(t, strict)
  const connection = await connectTo(t, lock)
  connection.socket.on('error', () => {})
  // Nothing is read from here on, so requests go out as long as the lock takes them.
  connection.socket.pause()
  await until('it is cut off', () => {
    for (let count = 0; count < 4; count++) connection.send(requestOf('GET /v1/openapi.json'))
    return connection.socket.closed
  })
  t.equal((await ask(t, lock, '/healthz')).status, 200)
})

t.test('a CONNECT is answered and its connection ended, so that it holds up nothing', async (t) => {
  const lock = await startLock(t, strict)
  const open = await Promise.all(Array.from({ length: 20 }, () => connectTo(t, lock)))
  for (const { socket, send } of open) {
    socket.on('error', () => {})
    send('CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n')
  }
  await until('they are ended by the lock', () => open.every(({ socket }) => socket.readableEnded || socket.closed))
  lock.kill('SIGTERM')
  t.equal((await lock.ended).code, 0)
  t.ok(lock.lines('closed').length === 1)
})

t.test('a DELETE behind a poll that is held gives back the place, and ends the poll', async (t) => {
  const lock = await startLock(t, strict)
  await ask(t, lock, '/?uid=holder')
  const held = await askHeld(t, lock, '/?uid=waiter&pod=shop/api')
  await waiters(t, lock, 1)
  held.send(requestOf('DELETE /v1/leases/waiter?pod=shop/api'))
  t.equal((await held.answer()).status, 423)
  t.equal((await held.answer('DELETE')).status, 204)
  await waiters(t, lock, 0)

  const both = await connectTo(t, lock)
  both.send(requestOf('GET /?uid=both', { Prefer: 'wait=60' }) + requestOf('DELETE /v1/leases/both'))
  both.socket.end()
  await until('its place is gone', async () => (await ask(t, lock, '/v1/leases/both')).status === 404)
})

t.test('requests in a row are answered in their order', async (t) => {
  const lock = await startLock(t, ['--locks', '2', '--strict', '--timeout', '1h'])
  const connection = await connectTo(t, lock)
  connection.send(requestOf('GET /') + requestOf('HEAD /') + requestOf('GET /') + requestOf('GET /healthz') + requestOf('POST /a', { 'Content-Length': 3 }) + 'abc')
  t.equal((await connection.answer()).status, 200)
  t.equal((await connection.answer('HEAD')).status, 200)
  t.equal((await connection.answer()).status, 423)
  t.equal((await connection.answer()).body, 'ok\n')
  t.equal((await connection.answer()).status, 423)
  t.equal(connection.rest(), '')
})

t.test('who leaves while it waits frees its place: at once an anonymous one, later one that is known', async (t) => {
  const lock = await startLock(t, strict)
  await ask(t, lock, '/?uid=holder')
  const ways = [
    (socket: { destroy(): unknown }) => void socket.destroy(),
    (socket: { resetAndDestroy(): unknown }) => void socket.resetAndDestroy(),
    (socket: { end(): unknown }) => void socket.end(),
  ] as const
  for (const [index, leave] of ways.entries()) {
    const { socket } = await askHeld(t, lock, '/')
    await waiters(t, lock, 1)
    leave(socket)
    await waiters(t, lock, 0)
    t.pass(`way ${index}`)
  }
  const { socket } = await askHeld(t, lock, '/?uid=known')
  await waiters(t, lock, 1)
  socket.destroy()
  await until('it is seen to be away', async () => (await stateOf(t, lock)).waiters[0]?.connected === false)
  t.equal((await waiters(t, lock, 1)).waiters.length, 1, 'its place is kept')
  await waiters(t, lock, 0)
  t.match(await lock.line('left the queue', { cause: 'left' }), { level: 'info' })
})

t.test('a half-closed connection that asks without waiting gets its answer', async (t) => {
  const lock = await startLock(t)
  const connection = await connectTo(t, lock)
  connection.socket.end(requestOf('GET /'))
  t.equal((await connection.answer()).status, 200)
  await connection.closed()
})

t.test('connections that break at any moment do no harm', async (t) => {
  const lock = await startLock(t, ['--locks', '10000'])
  const beginnings = [
    'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
    'CONNECT a:1?uid=%20 HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET / HT',
    'garbage\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n',
    'GET /v1/events HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /v1/state HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(50),
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
  ]
  for (let round = 0; round < 10; round++) {
    for (const bytes of beginnings) {
      const { socket } = await connectTo(t, lock)
      socket.on('error', () => {})
      const written = Promise.withResolvers<void>()
      socket.write(bytes, () => written.resolve())
      await written.promise
      if (round % 2 === 0) await until('something has come, or nothing will', () => socket.bytesRead > 0 || bytes.includes('HT') || socket.closed)
      socket.resetAndDestroy()
    }
  }
  t.equal((await ask(t, lock, '/healthz')).status, 200)
  t.same([lock.lines('ending after a failure'), lock.lines('request failed')], [[], []])
})

t.test('a CONNECT that cannot be understood is told so', async (t) => {
  const lock = await startLock(t)
  const connection = await connectTo(t, lock)
  connection.send('CONNECT a:1?uid=%20 HTTP/1.1\r\nHost: a\r\n\r\n')
  const answer = await connection.answer()
  t.equal(answer.status, 400)
  t.match(jsonOf(answer), { status: 400 })
  await connection.closed()
})
