import t, { type Test } from 'tap'
import { ask, askHeld, asDocument, type Asking, jsonOf, type LockProcess, startBareLock, startLock, stateFolder, stateOf, waiters, type WireAnswer } from '../support/lock-process.ts'
import { isProblem } from '../support/problem.ts'
import { until } from '../support/until.ts'
import { runUsher } from '../support/usher-process.ts'

t.jobs = 2

const strict = ['--strict', '--timeout', '1h', '--lease', '1h']

function typed({ status, headers, body }: WireAnswer) {
  return { status, type: headers['content-type'], body }
}

const lease = (t: Test, lock: LockProcess, uid: string) => ask(t, lock, `/v1/leases/${uid}`)
const remove = (t: Test, lock: LockProcess, uid: string, asking: Asking = {}) => ask(t, lock, `/v1/leases/${uid}`, { method: 'DELETE', ...asking })

t.test('who a client is stands in the query, or else in headers', async (t) => {
  const lock = await startLock(t, [...strict, '--locks', '100'])
  const headers = { 'Usher-Uid': 'by-header', 'Usher-Pod': 'shop/header', 'Usher-Weight': '3' }
  t.equal((await ask(t, lock, '/', { headers })).status, 200)
  t.match(jsonOf(await lease(t, lock, 'by-header')), { state: 'holding', pod: 'shop/header', grant: 'floor' })
  t.equal((await stateOf(t, lock)).permits.used, 3)
  t.equal((await ask(t, lock, '/?uid=by-query&pod=shop/query&weight=2', { headers })).status, 200)
  t.match(jsonOf(await lease(t, lock, 'by-query')), { pod: 'shop/query' })
  t.equal((await stateOf(t, lock)).permits.used, 5)
  t.equal((await ask(t, lock, '/?uid=&pod=&weight=', { headers })).status, 200)
  t.equal((await stateOf(t, lock)).permits.used, 5, 'an empty query leaves it to the headers')
  t.equal((await ask(t, lock, '/any/path?uid=posted', { method: 'POST', headers: { 'Usher-Pod': 'shop/mixed' } })).status, 200)
  t.match(jsonOf(await lease(t, lock, 'posted')), { pod: 'shop/mixed' })
  t.equal((await ask(t, lock, '/', { body: 'uid=formed&pod=a/b&duration=5', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })).status, 200)
  t.equal((await lease(t, lock, 'formed')).status, 404, 'a form holds no identity')
})

t.test('a uid that is none is refused, and asks for nothing', async (t) => {
  const lock = await startLock(t)
  for (const [uid, what] of [
    ['x'.repeat(129), 'too long'],
    ['a%20b', 'a space'],
    ['+', 'a plus is a space'],
    ['a%00', 'a NUL'],
    ['a%0D%0Ab', 'a line break'],
    ['%C3%A4', 'a letter beyond ASCII'],
    ['%FF', 'no UTF-8'],
    ['a%7F', 'a DEL'],
  ] as const) {
    isProblem(t, typed(await ask(t, lock, `/?uid=${uid}`)), 'bad-request', what)
    isProblem(t, typed(await ask(t, lock, `/?uid=${uid}`, { headers: { Prefer: 'wait=10' } })), 'bad-request', `${what}, waiting`)
  }
  isProblem(t, typed(await ask(t, lock, '/', { headers: { 'Usher-Uid': 'a b' } })), 'bad-request', 'a header with a space')
  isProblem(t, typed(await ask(t, lock, '/', { headers: { 'Usher-Uid': 'x'.repeat(129) } })), 'bad-request', 'a long header')
  t.equal((await stateOf(t, lock)).permits.used, 0)
  const longest = `${'%21'.repeat(127)}~`
  t.equal((await ask(t, lock, `/?uid=${longest}`)).status, 200)
  t.equal((await remove(t, lock, longest)).status, 204, 'the longest is found again')
})

t.test('a pod’s name that is none is not known', async (t) => {
  const lock = await startLock(t, ['--locks', '100'])
  const names = ['shop', '/', 'shop/', '/api', 'a/b/c', 'a%0Ab/c', 'a/b%00', `a/${'b'.repeat(400)}`, 'x'.repeat(500), '']
  for (const [index, pod] of names.entries()) {
    t.equal((await ask(t, lock, `/?uid=u${index}&pod=${pod}`)).status, 200)
    t.equal(jsonOf(await lease(t, lock, `u${index}`))['pod'], null, pod.slice(0, 30))
  }
  await ask(t, lock, '/?uid=odd&pod=%3Cb%3E%22/%F0%9F%98%80')
  t.equal(jsonOf(await lease(t, lock, 'odd'))['pod'], '<b>"/\u{1f600}')
  await ask(t, lock, '/?uid=turned&pod=a/%E2%80%AEb')
  t.equal(jsonOf(await lease(t, lock, 'turned'))['pod'], null, 'nothing that turns the text around it')
})

t.test('a pod has one lease, however often it asks', async (t) => {
  const lock = await startLock(t, ['--strict', '--locks', '2', '--lease', '1h'])
  for (let count = 0; count < 5; count++) t.equal((await ask(t, lock, '/?uid=a&pod=shop/a&duration=30')).body, 'Lock acquired')
  const { holders, permits } = await stateOf(t, lock)
  t.equal(permits.used, 1)
  t.match(holders, [{ pod: 'shop/a', identified: true }])
  t.ok((holders[0]?.leftSeconds ?? 99) <= 30)
  await ask(t, lock, '/?uid=b')
  const older = await askHeld(t, lock, '/?uid=c')
  await waiters(t, lock, 1)
  const newer = await askHeld(t, lock, '/?uid=c')
  const superseded = await older.answer()
  t.same([superseded.status, superseded.headers['retry-after']], [423, '1'], 'one request of a pod is held, the newest')
  await remove(t, lock, 'a')
  t.equal((await newer.answer()).status, 200)
  t.equal((await stateOf(t, lock)).holders.length, 2)
})

t.test('leases, weights and waits have their bounds', async (t) => {
  const lock = await startLock(t, [...strict, '--locks', '2000'])
  await ask(t, lock, '/?uid=long&duration=999999999')
  const left = Number(jsonOf(await lease(t, lock, 'long'))['leftSeconds'])
  t.ok(left > 3_500 && left <= 3_600, `at most an hour: ${left}`)
  await ask(t, lock, '/?uid=none&duration=0')
  t.equal((await lease(t, lock, 'none')).status, 404, 'a lease of 0 s has ended')
  for (const [weight, used] of [['999999999', 1_000], ['0', 1], ['-7', 1], ['abc', 1], ['1.5', 1], ['5', 5], ['99999999999999999999', 1]] as const) {
    const before = (await stateOf(t, lock)).permits.used
    t.equal((await ask(t, lock, `/?uid=w&weight=${weight}`)).status, 200)
    t.equal((await stateOf(t, lock)).permits.used - before, used, `weight ${weight}`)
    await remove(t, lock, 'w')
  }
  await ask(t, lock, '/?uid=fill1&weight=1000')
  await ask(t, lock, '/?uid=fill2&weight=1000')
  for (const [prefer, applied] of [
    ['wait=0', 'wait=0'],
    ['respond-async, wait=0', 'wait=0'],
    ['wait="0"; a=b', 'wait=0'],
    ['wait=x', undefined],
    ['wait=-1', undefined],
    ['await=5', undefined],
    ['handling=lenient', undefined],
  ] as const) {
    const answer = await ask(t, lock, '/?uid=polls', { headers: { Prefer: prefer } })
    t.same([answer.status, answer.headers['preference-applied']], [423, applied], prefer)
  }
  const short = await ask(t, lock, '/?uid=waits', { headers: { Prefer: 'wait=1' } })
  t.same([short.status, short.headers['preference-applied'], short.headers['retry-after']], [423, 'wait=1', '0'])
  const capped = await askHeld(t, lock, '/?uid=capped', { wait: 99_999 })
  await until('it waits', async () => (await lease(t, lock, 'capped')).status === 200)
  await remove(t, lock, 'capped')
  t.equal((await capped.answer()).headers['preference-applied'], 'wait=300')
  t.equal((await ask(t, lock, '/')).headers['retry-after'], '1', 'an anonymous client polls')
})

t.test('a place and a lease are given back by their pod alone', async (t) => {
  const lock = await startLock(t, strict)
  await ask(t, lock, '/?uid=holder&pod=shop/api')
  const waiting = await askHeld(t, lock, '/?uid=waiter&pod=shop/web', { from: '127.0.0.2' })
  await waiters(t, lock, 1)
  for (const uid of ['unknown', 'x'.repeat(129), 'a%20b', '%C3%A4']) {
    isProblem(t, typed(await remove(t, lock, uid)), 'no-such-lease', `unknown: ${uid.slice(0, 20)}`)
  }
  isProblem(t, typed(await remove(t, lock, 'holder?pod=shop/web')), 'not-your-lease', 'another pod')
  isProblem(t, typed(await remove(t, lock, 'holder?pod=shop/api', { from: '127.0.0.2' })), 'not-your-lease', 'another address')
  isProblem(t, typed(await remove(t, lock, 'holder', { from: '127.0.0.2' })), 'not-your-lease', 'another address without a name')
  isProblem(t, typed(await remove(t, lock, 'waiter?pod=shop/web')), 'not-your-lease', 'another address than the waiter’s')
  t.equal((await stateOf(t, lock)).holders.length, 1)
  const gone = await remove(t, lock, 'waiter?pod=shop/web', { from: '127.0.0.2' })
  t.same([gone.status, gone.body, gone.headers['content-type']], [204, '', undefined])
  t.equal((await waiting.answer()).status, 423, 'who waited is told')
  t.equal((await remove(t, lock, 'holder?pod=shop/api')).status, 204)
  isProblem(t, typed(await remove(t, lock, 'holder?pod=shop/api')), 'no-such-lease', 'once more')
  const { holders, waiters: left } = await stateOf(t, lock)
  t.same([holders, left], [[], []])
})

t.test('a lease and a place can be looked at by who knows the uid', async (t) => {
  const lock = await startLock(t, strict)
  await ask(t, lock, '/?uid=holder&pod=shop/api&duration=100')
  await askHeld(t, lock, '/?uid=first')
  await waiters(t, lock, 1)
  await askHeld(t, lock, '/?uid=second&pod=shop/web')
  await waiters(t, lock, 2)
  const held = jsonOf(await lease(t, lock, 'holder'))
  t.match(held, { state: 'holding', pod: 'shop/api', grant: 'floor', waitedSeconds: 0, heldSeconds: Number, leftSeconds: Number })
  t.ok(Math.abs(Number(held['heldSeconds']) + Number(held['leftSeconds']) - 100) < 0.01)
  t.match(jsonOf(await lease(t, lock, 'first')), { state: 'waiting', pod: null, position: 1, waitedSeconds: Number })
  t.match(jsonOf(await lease(t, lock, 'second')), { state: 'waiting', pod: 'shop/web', position: 2 })
  isProblem(t, typed(await lease(t, lock, 'third')), 'no-such-lease', 'unknown')
  t.equal((await ask(t, lock, '/v1/leases/holder', { method: 'HEAD' })).status, 200)
})

t.test('POST /v1/leases asks as GET / does', async (t) => {
  const lock = await startLock(t, [...strict, '--locks', '4'])
  const post = (body: string, headers: Asking['headers'] = {}) =>
    ask(t, lock, '/v1/leases', { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } })
  const good = await post(JSON.stringify({ uid: 'a', pod: 'shop/api', weight: 2, duration: 50, maxWait: 100 }))
  t.same([good.status, good.body], [200, 'Lock acquired'])
  t.match(jsonOf(await lease(t, lock, 'a')), { pod: 'shop/api', state: 'holding' })
  t.equal((await stateOf(t, lock)).permits.used, 2)
  t.equal((await post('{"uid":"a"}')).status, 200, 'again')
  t.equal((await post('{"uid":"b","weight":2,"unknown":[1]}', { 'Content-Type': 'text/plain' })).status, 200, 'another type, more members')
  const locked = await post('{"uid":"c","pod":"shop/c"}', { ...asDocument, Prefer: 'wait=0' })
  isProblem(t, typed(locked), 'locked', 'locked')
  for (const [body, what] of [
    ['', 'nothing'],
    ['{', 'no JSON'],
    ['[]', 'a list'],
    ['null', 'null'],
    ['"a"', 'a string'],
    ['{}', 'no uid'],
    ['{"uid":""}', 'an empty uid'],
    ['{"uid":7}', 'a number'],
    ['{"uid":"a b"}', 'a uid with a space'],
    [`{"uid":"${'x'.repeat(129)}"}`, 'a long uid'],
    ['{"uid":"z","pod":7}', 'a pod of a number'],
    ['{"uid":"z","weight":"2"}', 'a weight of text'],
    ['{"uid":"z","weight":1.5}', 'half a weight'],
    ['{"uid":"z","duration":null}', 'no duration'],
    ['{"uid":"z","duration":1e300}', 'a huge duration'],
    ['{"uid":"z","maxWait":true}', 'a flag'],
    ['{"uid":"z","__proto__":{"weight":1},"weight":{}}', 'an object'],
  ] as const) {
    isProblem(t, typed(await post(body)), 'bad-request', what)
  }
  t.equal((await lease(t, lock, 'z')).status, 404)
})

t.test('no uid is told to anybody but its owner', async (t) => {
  const secrets = ['SECRET-holder', 'SECRET-waiter', 'SECRET-gone', 'SECRET-bad']
  const lock = await startLock(t, [...strict, '--log-level', 'debug'])
  const events = await ask(t, lock, '/v1/state')
  await ask(t, lock, '/?uid=SECRET-gone&pod=shop/gone')
  await remove(t, lock, 'SECRET-gone?pod=shop/gone')
  await ask(t, lock, '/?uid=SECRET-holder&pod=shop/api')
  await askHeld(t, lock, '/?uid=SECRET-waiter')
  await waiters(t, lock, 1)
  const seen = [
    events,
    await ask(t, lock, '/?uid=SECRET-bad%20'),
    await ask(t, lock, '/?uid=other&pod=shop/other', { headers: asDocument }),
    await remove(t, lock, 'SECRET-holder?pod=a/b'),
    await remove(t, lock, 'SECRET-none'),
    ...(await Promise.all(['/v1/state', '/status', '/metrics', '/v1/openapi.json', '/v1/leases/SECRET-holder'].map((path) => ask(t, lock, path)))),
  ]
  const stream = await askHeld(t, lock, '/v1/events', { headers: { 'Last-Event-ID': '0' } })
  await until('the events are there', () => stream.rest().includes('event: released') && stream.rest().includes('event: waiting'))
  const answers = seen.map(({ headers, body }) => JSON.stringify(headers) + body).join('\n') + stream.rest()
  await lock.line('released')
  lock.kill('SIGTERM')
  await lock.ended
  t.match(lock.text(), 'shop/api')
  for (const text of [answers, lock.text(), lock.stderr()]) t.notMatch(text, /SECRET/)
  for (const secret of secrets) t.notOk(answers.includes(secret), secret)
})

t.test('the names of those who start are shown within their namespace only', async (t) => {
  const lock = await startLock(t, [...strict, '--locks', '3'])
  for (const pod of ['shop/api', 'bank/vault', 'shop/web']) await ask(t, lock, `/?uid=${pod}&pod=${pod}`)
  const shown = async (target: string) => jsonOf(await ask(t, lock, target, { headers: asDocument }))
  const own = await shown('/?uid=x&pod=shop/x')
  t.match(own['detail'], /^next \(holder shop\/api, \d+ s and 2 more\)$/)
  t.match(own, { position: 1, ahead: 0, reason: 'permits-taken', gates: [], status: 423 })
  t.same((own['holders'] as { pod?: string }[]).map(({ pod }) => pod), ['shop/api', undefined, 'shop/web'])
  const bank = await shown('/?uid=y&pod=bank/y')
  t.match(bank['detail'], /^1 ahead \(holder bank\/vault, \d+ s and 2 more\)$/)
  for (const target of ['/?uid=z&pod=ban/z', '/?uid=z', '/?pod=nonsense', '/']) {
    const body = JSON.stringify(await shown(target))
    t.match(body, 'holder not shown')
    t.notMatch(body, /api|vault|web/, target)
  }
})

t.test('a priority that a client names itself has no effect', async (t) => {
  const lock = await startLock(t, strict)
  await ask(t, lock, '/?uid=holder')
  const first = await askHeld(t, lock, '/?uid=first')
  await waiters(t, lock, 1)
  await askHeld(t, lock, '/?uid=second&priority=1000000', { headers: { 'Usher-Priority': '1000000', Priority: 'u=0' } })
  const { waiters: both } = await waiters(t, lock, 2)
  t.same(both.map(({ priority }) => priority), [0, 0])
  t.match(jsonOf(await lease(t, lock, 'second')), { position: 2 })
  await remove(t, lock, 'holder')
  t.equal((await first.answer()).status, 200)
  t.match(jsonOf(await lease(t, lock, 'second')), { state: 'waiting', position: 1 })
})

const readable = ['/v1/state', '/v1/events', '/status']

/** What an address gets of each of the readers' paths. */
async function read(t: Test, lock: { readonly port: number }, from: string): Promise<readonly number[]> {
  const statuses: number[] = []
  for (const path of readable) {
    const connection = await askHeld(t, lock, path, { from })
    statuses.push(Number((await until('an answer begins', () => /^HTTP\/1\.1 (\d+) /.exec(connection.rest()) ?? undefined))[1]))
    connection.socket.destroy()
  }
  return statuses
}

for (const [readers, allowed, others] of [
  [['--readers', '10.0.0.0/8'], [], ['127.0.0.1', '127.0.0.2']],
  [['--readers', '127.0.0.2, 10.0.0.0/8'], ['127.0.0.2'], ['127.0.0.1', '127.0.0.3']],
  [['--readers', '127.0.0.2/31'], ['127.0.0.2', '127.0.0.3'], ['127.0.0.1', '127.0.0.4']],
  [['--readers', ''], [], ['127.0.0.1']],
  [['--readers', 'all'], ['127.0.0.1', '127.0.0.2'], []],
  [['--readers=::1,node'], ['127.0.0.1', '127.0.0.2'], []],
  [[], ['127.0.0.1', '127.0.0.2'], []],
] as const) {
  t.test(`with ${readers.join(' ') || 'no --readers'} read: ${allowed.join(', ') || 'nobody'}`, async (t) => {
    // On all interfaces, as by default: addresses are then those of IPv6, where there is one.
    const lock = await startBareLock(t, ['--port', '0', '--state-dir', stateFolder(t), ...readers])
    for (const from of allowed) t.same(await read(t, lock, from), [200, 200, 200], from)
    for (const from of others) {
      t.same(await read(t, lock, from), [403, 403, 403], from)
      const refused = await ask(t, lock, '/v1/state', { from })
      isProblem(t, typed(refused), 'not-a-reader', from)
      t.equal(jsonOf(refused)['detail'], `${from} is not among the readers (--readers)`)
      t.equal((await ask(t, lock, '/v1/state', { from, method: 'HEAD' })).status, 403)
      t.equal((await ask(t, lock, `/?uid=${from}`, { from })).status === 403, false, 'the lock is for everybody')
      t.equal((await ask(t, lock, '/healthz', { from })).status, 200)
    }
  })
}

for (const readers of ['nodes', '10.0.0.0/33', '::1/129', '10.0.0.0/']) {
  t.test(`--readers ${readers} ends with 2`, async (t) => {
    const { code, stderr } = await runUsher(t, ['lock', '--port', '0', '--state-dir', '', '--readers', readers])
    t.equal(code, 2)
    t.match(stderr, `--readers: "${readers}" is not node, all, an address or a network`)
  })
}
