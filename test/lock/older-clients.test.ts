import { METHODS } from 'node:http'
import t, { type Test } from 'tap'
import { httpTarget } from '../support/check-target.ts'
import { ask, connectTo, type LockProcess, startLock, stateOf, type WireAnswer, type WireConnection } from '../support/lock-process.ts'
import { until } from '../support/until.ts'

t.jobs = 2

// What Go's net/http sends for the older client's http.Get.
const goRequest = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: 10.0.0.1:8888\r\nUser-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n\r\n`

// What the fork's client sends: its wish as a form in the body of a GET.
const forkRequest = (form: string, target = '/'): string =>
  `GET ${target} HTTP/1.1\r\nHost: 10.0.0.1:8080\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: ${form.length}\r\n` +
  `Content-Type: application/x-www-form-urlencoded\r\nAccept-Encoding: gzip\r\n\r\n${form}`

/** Checks an answer to the byte. */
function isGrant(t: Test, { line, headers, body }: WireAnswer, message: string, method = 'GET'): void {
  t.equal(line, 'HTTP/1.1 200 OK', `${message}: status`)
  t.equal(headers['content-type'], 'text/plain; charset=utf-8', `${message}: type`)
  t.equal(headers['content-length'], '13', `${message}: length`)
  t.equal(body, method === 'HEAD' ? '' : 'Lock acquired', `${message}: body`)
}

function isLocked(t: Test, { line, headers, body }: WireAnswer, message: string, method = 'GET'): void {
  t.equal(line, 'HTTP/1.1 423 Locked', `${message}: status`)
  t.equal(headers['content-type'], 'text/plain; charset=utf-8', `${message}: type`)
  t.equal(headers['content-length'], '6', `${message}: length`)
  t.equal(body, method === 'HEAD' ? '' : 'Locked', `${message}: body`)
}

/** The client's loop: asks on one connection until it has the lock. */
async function poll(connection: WireConnection, request: string): Promise<readonly WireAnswer[]> {
  const answers: WireAnswer[] = []
  await until('the lock is granted', async () => {
    connection.send(request)
    const answer = await connection.answer()
    answers.push(answer)
    return answer.status === 200
  })
  return answers
}

for (const [client, request] of [
  ['pod-startup-lock’s client', goRequest('/')],
  ['its client with a duration', goRequest('/?duration=30')],
  ['the fork’s client', forkRequest('duration=30')],
] as const) {
  t.test(`${client} polls on one connection until the lease before it ends`, async (t) => {
    const lock = await startLock(t, ['--timeout', '1'])
    const [first, second] = [await connectTo(t, lock), await connectTo(t, lock)]
    first.send(goRequest('/'))
    isGrant(t, await first.answer(), 'first')
    const answers = await poll(second, request)
    t.ok(answers.length > 1, 'it had to wait')
    for (const answer of answers.slice(0, -1)) isLocked(t, answer, 'while the lease holds')
    const [last] = answers.slice(-1)
    if (last !== undefined) isGrant(t, last, 'then')
    t.equal(second.rest(), '')
    for (const { headers } of answers) t.not(headers['connection'], 'close')
  })
}

t.test('a lease without a duration lasts for --timeout, and no shorter', async (t) => {
  const lock = await startLock(t, ['-locks', '1', '-timeout=2'])
  const at = performance.now()
  const connection = await connectTo(t, lock)
  connection.send(goRequest('/'))
  isGrant(t, await connection.answer(), 'first')
  await poll(connection, goRequest('/'))
  const took = performance.now() - at
  t.ok(took > 1_990, `ends after ${took} ms`)
  t.ok(took < 15_000, `ends after ${took} ms`)
  t.same(await leases(lock, 2), [2_000, 2_000])
})

t.test('--locks 3 gives three, and two asks of one client take two', async (t) => {
  const lock = await startLock(t, ['--locks', '3'])
  const connection = await connectTo(t, lock)
  for (const expected of [200, 200, 200, 423, 423]) {
    connection.send(goRequest('/'))
    t.equal((await connection.answer()).status, expected)
  }
  const { permits, holders } = await stateOf(t, lock)
  t.strictSame(permits, { floor: 3, used: 3, strict: false })
  t.equal(holders.length, 3)
  t.same(holders.map(({ pod, identified }) => [pod, identified]), Array.from({ length: 3 }, () => [null, false]))
})

// Each asks a lock with many permits, and its lease is read from the log.
const durations: readonly (readonly [what: string, request: string, leaseMs: number])[] = [
  ['none', goRequest('/'), 10_000],
  ['30', goRequest('/?duration=30'), 30_000],
  ['0', goRequest('/?duration=0'), 0],
  ['+5, encoded', goRequest('/?duration=%2B5'), 5_000],
  ['+5, whose plus means a space', goRequest('/?duration=+5'), 10_000],
  ['007', goRequest('/?duration=007'), 7_000],
  ['abc', goRequest('/?duration=abc'), 10_000],
  ['1.5', goRequest('/?duration=1.5'), 10_000],
  ['nothing', goRequest('/?duration='), 10_000],
  ['nothing at all', goRequest('/?duration'), 10_000],
  ['1e3', goRequest('/?duration=1e3'), 10_000],
  ['a space before', goRequest('/?duration=%205'), 10_000],
  ['a space behind', goRequest('/?duration=5%20'), 10_000],
  ['hexadecimal', goRequest('/?duration=0x10'), 10_000],
  ['with underscores', goRequest('/?duration=1_0'), 10_000],
  ['digits of another script', goRequest('/?duration=%D9%A5'), 10_000],
  ['20 digits', goRequest('/?duration=12345678901234567890'), 10_000],
  ['more than 64 bits', goRequest('/?duration=9223372036854775808'), 10_000],
  ['less than 64 bits', goRequest('/?duration=-9223372036854775809'), 10_000],
  ['negative', goRequest('/?duration=-5'), 0],
  ['the first of two', goRequest('/?duration=5&duration=6'), 5_000],
  ['the first of two, which makes no sense', goRequest('/?duration=x&duration=6'), 10_000],
  ['in capitals', goRequest('/?Duration=5'), 10_000],
  ['encoded', goRequest('/?d%75ration=%35'), 5_000],
  ['at another path', goRequest('/some/path?a=b&duration=5'), 5_000],
  ['in a form', forkRequest('duration=30'), 30_000],
  ['the first of a form', forkRequest('duration=30&duration=40'), 30_000],
  ['nonsense in a form', forkRequest('duration=1m'), 10_000],
  ['an empty form', forkRequest(''), 10_000],
  ['query beats form', forkRequest('duration=30', '/?duration=5'), 5_000],
  ['a query of nothing leaves it to the form', forkRequest('duration=30', '/?duration='), 30_000],
  ['more than an hour', goRequest('/?duration=86400'), 3_600_000],
]

t.test('reads durations as the older service does', async (t) => {
  const lock = await startLock(t, ['--locks', '100'])
  const connection = await connectTo(t, lock)
  for (const [what, request] of durations) {
    connection.send(request)
    isGrant(t, await connection.answer(), what)
  }
  const granted = await leases(lock, durations.length)
  for (const [index, [what, , leaseMs]] of durations.entries()) t.equal(granted[index], leaseMs, what)
})

/** How long the first leases last, by the log, which comes a little later. */
function leases(lock: LockProcess, count: number): Promise<readonly unknown[]> {
  return until(`the log names ${count} grants`, () => {
    const lines = lock.lines('granted')
    return lines.length >= count && lines.map(({ leaseMs }) => leaseMs)
  })
}

t.test('a duration of 0, or less, ends at once', async (t) => {
  const lock = await startLock(t)
  const connection = await connectTo(t, lock)
  for (const duration of ['0', '0', '-5', '-0']) {
    connection.send(goRequest(`/?duration=${duration}`))
    isGrant(t, await connection.answer(), duration)
  }
  t.equal((await stateOf(t, lock)).permits.used, 0)
})

t.test('every method asks for the lock', async (t) => {
  const lock = await startLock(t, ['--locks', '2'])
  for (const method of METHODS) {
    for (const target of method === 'CONNECT' ? ['db:5432?duration=0'] : ['/?duration=0', '/a/b?duration=0', '/v1/typo?duration=0']) {
      isGrant(t, await ask(t, lock, target, { method }), `${method} ${target}`, method)
    }
  }
  await ask(t, lock, '/')
  await ask(t, lock, '/')
  for (const method of METHODS) isLocked(t, await ask(t, lock, method === 'CONNECT' ? 'db:5432' : '/', { method }), method, method)
})

t.test('every path that is not usher’s own asks for the lock', async (t) => {
  const lock = await startLock(t, ['--locks', '1000'])
  const targets = [
    '/', '//', '///a', '/a', '/a/b?x', '/%C3%A4', '/%2F', '/%20', '/a%00b', '/../..', '/./', '/?', '/?duration', '/#', '/;a=b', '/*', '*',
    '/healthz/x', '/healthz/', '/HEALTHZ', '/metrics/', '/v1', '/v1/', '/v1/typo', '/v1/leases', '/v1/leases/a/b',
    '/v1/state/x', '/v1/openapi', '/v2/leases', '/__proto__', '/constructor', '/:uid',
    'http://lock:8888/', 'http://lock:8888/a?b', `/${'a'.repeat(2_000)}`, `/?a=${'b'.repeat(3_900)}`, '/a?b=%', '/?%zz=%C3',
  ]
  for (const target of targets) isGrant(t, await ask(t, lock, target), `GET ${target.slice(0, 40)}`)
  for (const target of ['*', '/healthz', '/readyz', '/metrics', '/status', '/v1/state', '/v1/events', '/v1/openapi.json', '/v1/leases/a']) {
    for (const method of ['OPTIONS', 'POST', 'PURGE']) isGrant(t, await ask(t, lock, target, { method }), `${method} ${target}`)
  }
  const wrong = await ask(t, lock, '/%zz')
  t.same([wrong.status, wrong.headers['content-type']?.split(';', 1)[0]], [400, 'application/problem+json'])
})

t.test('whatever body comes, of whatever type, it asks for the lock', async (t) => {
  const lock = await startLock(t, ['--locks', '1000'])
  const bodies: readonly (readonly [type: string | undefined, body: string, leaseMs?: number])[] = [
    [undefined, 'duration=7'],
    ['application/json', '{"duration":7}'],
    ['application/json', '{"duration":'],
    ['application/json', ''],
    ['application/xml', '<a/>'],
    ['text/plain', 'duration=7'],
    ['multipart/form-data; boundary=x', '--x--'],
    ['application/x-www-form-urlencoded', 'duration=7', 7_000],
    ['Application/X-WWW-Form-URLencoded; charset=UTF-8', 'duration=7', 7_000],
    ['application/x-www-form-urlencoded', '%%%=&&&'],
    ['nonsense', 'a'],
    ['/', 'a'],
    [';', 'a'],
    ['a/b; c', 'a'],
    ['', 'a'],
    ['application/grpc', '\0\0\0\0\0'],
  ]
  const methods = ['GET', 'POST', 'DELETE', 'PROPFIND']
  for (const method of methods) {
    for (const [type, body] of bodies) {
      const headers: Record<string, string> = type === undefined ? {} : { 'Content-Type': type }
      isGrant(t, await ask(t, lock, '/', { method, body, headers }), `${method} with ${type}: ${JSON.stringify(body)}`)
    }
  }
  const expected = methods.flatMap(() => bodies.map(([, , leaseMs = 10_000]) => leaseMs))
  t.same(await leases(lock, expected.length), expected)
})

t.test('a body in chunks, HTTP/1.0, and wishes that no lock can grant', async (t) => {
  const lock = await startLock(t, ['--locks', '1000'])
  const form = 'Content-Type: application/x-www-form-urlencoded\r\n'
  const requests: readonly (readonly [what: string, bytes: string])[] = [
    ['a form in chunks', `GET / HTTP/1.1\r\nHost: a\r\n${form}Transfer-Encoding: chunked\r\n\r\n4\r\ndura\r\n6\r\ntion=7\r\n0\r\n\r\n`],
    ['a type without a body', `GET / HTTP/1.1\r\nHost: a\r\n${form}\r\n`],
    ['an upgrade', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n'],
    ['the upgrade to HTTP/2', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n'],
    ['types that it does not want', 'GET / HTTP/1.1\r\nHost: a\r\nAccept: image/png\r\nAccept-Encoding: identity;q=0\r\n\r\n'],
    ['conditions', 'GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\nRange: bytes=0-1\r\n\r\n'],
  ]
  for (const [what, bytes] of requests) {
    const connection = await connectTo(t, lock)
    connection.send(bytes)
    isGrant(t, await connection.answer(), what)
  }
  const oldest = await connectTo(t, lock)
  oldest.send('GET / HTTP/1.0\r\n\r\n')
  isGrant(t, await oldest.answer(), 'HTTP/1.0')
  await oldest.closed()

  const expecting = await connectTo(t, lock)
  expecting.send(`POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n${form}Content-Length: 10\r\n\r\n`)
  t.equal((await expecting.answer()).status, 100)
  expecting.send('duration=7')
  isGrant(t, await expecting.answer('POST'), '100-continue')
})

t.test('a client that asks for no problem document gets none', async (t) => {
  const lock = await startLock(t, ['--timeout', '1h'])
  await ask(t, lock, '/')
  for (const accept of ['*/*', 'text/plain', 'application/json', 'text/html,application/xhtml+xml,*/*;q=0.8']) {
    isLocked(t, await ask(t, lock, '/', { headers: { Accept: accept } }), accept)
  }
})

t.test('423 until the first check has passed, and again from when it fails', async (t) => {
  let status: number | undefined
  const pending: (() => void)[] = []
  const target = await httpTarget(t, (_request, response) => {
    const answer = (): void => void response.writeHead(status ?? 500).end()
    if (status === undefined) pending.push(answer)
    else answer()
  })
  const flags = ['--locks', '1000', '--check', `http://127.0.0.1:${target.port}/ready`, '-failHc', '0', '-passHc=0']
  const lock = await startLock(t, flags)
  const connection = await connectTo(t, lock)
  const asked = async (): Promise<WireAnswer> => {
    connection.send(goRequest('/'))
    return await connection.answer()
  }
  await until('the check is under way', () => pending.length === 1)
  isLocked(t, await asked(), 'before the first outcome')
  status = 503
  for (const answer of pending) answer()
  await until('the failure is known', async () => (await stateOf(t, lock)).gates[0]?.reason === 'answers 503')
  isLocked(t, await asked(), 'after a failure')
  status = 204
  await until('it is granted', async () => (await asked()).status === 200)
  status = 500
  await until('it is locked', async () => (await asked()).status === 423)
  isLocked(t, await asked(), 'after the next failure')
  await lock.line('gate', { open: false, reason: 'answers 500' })
  t.match(lock.lines('gate').map(({ open }) => open), [false, true, false])
  status = 200
  await until('it is granted again', async () => (await asked()).status === 200)
})

t.test('all checks have to pass', async (t) => {
  let isReady = false
  const ready = await httpTarget(t, (_request, response) => void response.end())
  const slow = await httpTarget(t, (_request, response) => void response.writeHead(isReady ? 200 : 404).end())
  const checks = [ready, slow].flatMap(({ port }) => ['-check', `http://127.0.0.1:${port}`])
  const lock = await startLock(t, [...checks, '--failHc', '0', '--locks', '1000', '--check', `tcp://127.0.0.1:${ready.port}`])
  await lock.line('gate', { gate: `http://127.0.0.1:${ready.port}`, open: true })
  await lock.line('gate', { gate: `tcp://127.0.0.1:${ready.port}`, open: true })
  isLocked(t, await ask(t, lock, '/'), 'while one fails')
  isReady = true
  await until('it is granted', async () => (await ask(t, lock, '/')).status === 200)
})
