import t from 'tap'
import { type Answer, answer, granted, inTurn, queued, type Script, startLock } from './support/lock.ts'
import { runWait } from './support/program.ts'

t.jobs = 4

const fast = ['--pause=10ms']
const kilobytes = (count: number, text = 'x') => text.repeat(count * 1024)
const problem = (body: string) => answer('423 Locked', { 'Content-Type': 'application/problem+json' }, body)

/** What a misbehaving server does for the first connection, and what is said of it. */
const misbehaviours: readonly (readonly [what: string, script: Script, reason: string])[] = [
  ['closes at once', (_request, _count, socket) => void socket.end(), 'closed without an answer'],
  ['resets', (_request, _count, socket) => void socket.resetAndDestroy(), 'connection reset'],
  ['answers 500', () => answer('500 Internal Server Error', {}, 'oops'), 'status 500'],
  ['answers 404', () => answer('404 Not Found'), 'status 404'],
  ['answers 204', () => 'HTTP/1.1 204 No Content\r\n\r\n', 'status 204'],
  ['answers 201', () => answer('201 Created'), 'status 201'],
  ['answers 429', () => answer('429 Too Many Requests', { 'Retry-After': '3600' }), 'status 429'],
  ['answers 503', () => answer('503 Service Unavailable', { 'Retry-After': '3600' }), 'status 503'],
  ['redirects', () => answer('302 Found', { Location: 'http://127.0.0.1:1/' }), 'status 302'],
  ['wants another protocol', () => 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', 'is not HTTP'],
  ['speaks HTTP/2', () => 'HTTP/2 200 OK\r\n\r\n', 'is not HTTP'],
  ['speaks HTTP/1.2', () => 'HTTP/1.2 200 OK\r\n\r\n', 'is not HTTP'],
  ['speaks TLS', () => Buffer.from('15030300020250', 'hex'), 'is not HTTP'],
  ['speaks SSH', () => 'SSH-2.0-OpenSSH_9.2p1\r\n', 'is not HTTP'],
  ['sends NULs', () => '\0'.repeat(1000), 'is not HTTP'],
  ['echoes', ({ text }) => text, 'is not HTTP'],
  ['has no status', () => 'HTTP/1.1 OK\r\n\r\n', 'is not HTTP'],
  ['has a status of four digits', () => 'HTTP/1.1 2000\r\n\r\n', 'is not HTTP'],
  ['has a status of letters', () => 'HTTP/1.1 2OO OK\r\n\r\n', 'is not HTTP'],
  ['has a header without a colon', () => 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n', 'is not HTTP'],
  ['folds a header', () => 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n', 'is not HTTP'],
  ['has a space before the colon', () => 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n', 'is not HTTP'],
  ['has a NUL in a header', () => 'HTTP/1.1 200 OK\r\nA: b\0c\r\nContent-Length: 0\r\n\r\n', 'is not HTTP'],
  ['has a carriage return in a header', () => 'HTTP/1.1 200 OK\r\nA: b\rContent-Length: 0\r\n\r\n', 'is not HTTP'],
  ['has a length of letters', () => 'HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n', 'is not HTTP'],
  ['has a negative length', () => 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', 'is not HTTP'],
  ['has no length behind its name', () => 'HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n', 'is not HTTP'],
  ['has two lengths', () => 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 'is not HTTP'],
  ['has a length past all integers', () => `HTTP/1.1 200 OK\r\nContent-Length: 1${'0'.repeat(40)}\r\n\r\n`, 'is too long'],
  ['has a length in a line too long', () => `HTTP/1.1 200 OK\r\nContent-Length: ${'0'.repeat(400)}1\r\n\r\na`, 'is too long'],
  ['announces a long body', () => 'HTTP/1.1 200 OK\r\nContent-Length: 16385\r\n\r\n', 'is too long'],
  ['sends a long body without a length', () => `HTTP/1.1 200 OK\r\n\r\n${kilobytes(17)}`, 'is too long'],
  ['sends huge headers', () => `HTTP/1.1 200 OK\r\n${`A: ${kilobytes(1)}\r\n`.repeat(200)}\r\n`, 'is too long'],
  ['sends one huge header', () => `HTTP/1.1 200 OK\r\nA: ${kilobytes(200)}\r\n\r\n`, 'is too long'],
  ['sends a huge status line', () => `HTTP/1.1 200 ${kilobytes(200)}\r\n\r\n`, 'is too long'],
  ['sends many heads before the last', () => 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(10_000), 'is too long'],
  ['closes in mid-head', (_request, _count, socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-'), 'was cut short'],
  ['closes in mid-body', (_request, _count, socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nLock'), 'was cut short'],
  ['closes in a chunk', (_request, _count, socket) => void socket.end(chunked('200 OK', 'a\r\nLock')), 'was cut short'],
  ['closes before the last chunk', (_request, _count, socket) => void socket.end(chunked('200 OK', '4\r\nLock\r\n')), 'was cut short'],
  ['sends a chunk of no size', () => chunked('200 OK', '\r\n'), 'is not HTTP'],
  ['sends a chunk of a wrong size', () => chunked('200 OK', 'x\r\n'), 'is not HTTP'],
  ['sends a chunk longer than its size', () => chunked('200 OK', '1\r\nab\r\n0\r\n\r\n'), 'is not HTTP'],
  ['announces a long chunk', () => chunked('200 OK', 'ffffffffffffffffffff\r\n'), 'is too long'],
  ['sends long chunks', () => chunked('200 OK', `2000\r\n${kilobytes(8)}\r\n`.repeat(3)), 'is too long'],
  ['sends chunks with long extensions', () => chunked('200 OK', `1;${kilobytes(64)}\r\nx\r\n`.repeat(3)), 'is too long'],
  ['sends long trailers', () => chunked('200 OK', `0\r\n${`A: ${kilobytes(1)}\r\n`.repeat(200)}`), 'is too long'],
  ['compresses', () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 'has an unknown encoding'],
  ['encodes twice', () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'has an unknown encoding'],
]

function chunked(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\nTransfer-Encoding: chunked\r\n\r\n${body}`
}

for (const [what, script, reason] of misbehaviours) {
  t.test(`"not yet" is all that is understood of a server that ${what}`, async (t) => {
    const lock = await startLock(t, (request, count, socket) => (count < 2 ? script(request, count, socket) : granted()))
    const { code, lines, problems } = await runWait(t, [...lock.args, ...fast])
    t.same([code, problems], [0, []])
    t.match(lines, [
      /^asking/,
      `waiting for the startup lock of this node: no lock answers at 127.0.0.1:${lock.port} (${reason})`,
      /^got the startup lock of this node after/,
    ])
    t.same([lines.length, lock.connections()], [3, 2])
  })
}

/** What takes its time: each is given up, within --connect-wait, as nothing that it says is an answer of a lock. */
const slow: readonly (readonly [what: string, script: Script, reason: string])[] = [
  ['says nothing', () => undefined, 'no answer in time'],
  ['sends half a head', () => 'HTTP/1.1 200 OK\r\n', 'no answer in time'],
  ['sends half a body', () => 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nLock', 'no answer in time'],
  ['never closes', () => 'HTTP/1.1 200 OK\r\n\r\nLock acquired', 'no answer in time'],
  ['drips', drip, 'no answer in time'],
]

function drip(_request: unknown, _count: number, socket: Parameters<Script>[2]): undefined {
  const text = `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(1000)}`
  let at = 0
  const timer = setInterval(() => void socket.write(text.charAt(at++)), 20)
  socket.on('close', () => clearInterval(timer))
  return undefined
}

for (const [what, script, reason] of slow) {
  t.test(`a server that ${what} is given up`, async (t) => {
    const lock = await startLock(t, script)
    const { code, lines } = await runWait(t, [...lock.args, ...fast, '--connect-wait=300ms'])
    t.equal(code, 0)
    t.equal(lines.at(-1), `no lock has answered at 127.0.0.1:${lock.port} for 300 ms (${reason}): the pod starts without the startup lock`)
    t.equal(lock.connections(), 1)
  })
}

t.test('an answer has 5 s beyond what may be held; then it is asked for again', async (t) => {
  const lock = await startLock(t, inTurn(queued('1 ahead'), undefined, granted()))
  const start = performance.now()
  const { code, lines } = await runWait(t, [...lock.args, ...fast, '--wait=0', '--connect-wait=1s'])
  t.equal(code, 0)
  t.ok(performance.now() - start > 5_000, 'a lock that has answered before is not silent while it holds a request')
  t.match(lines, [
    /^asking/,
    'waiting for the startup lock of this node: 1 ahead',
    /no lock answers at .* \(no answer in time\)$/,
    /^got the startup lock of this node after \d+ m?s$/,
  ])
  t.same(lock.requests.map(({ headers }) => headers.get('prefer')), ['wait=0', 'wait=0', 'wait=0'])
})

t.test('after a failure it does not ask to be held, until a lock has answered', async (t) => {
  const bad = answer('500 Internal Server Error')
  const lock = await startLock(t, inTurn(queued(), queued(), bad, queued(), granted()))
  t.equal((await runWait(t, [...lock.args, ...fast])).code, 0)
  t.same(lock.requests.map(({ headers }) => headers.get('prefer')), ['wait=0', 'wait=30', 'wait=30', 'wait=0', 'wait=30'])
})

/** What is unusual, but right. */
const unusual: readonly (readonly [what: string, answer: string])[] = [
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['no phrase', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n'],
  ['an empty phrase', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n'],
  ['lone line feeds', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
  ['headers in capitals', 'HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 2\r\n\r\nok'],
  ['no space behind a colon', 'HTTP/1.1 200 OK\r\nContent-Length:2\r\n\r\nok'],
  ['spaces around a value', 'HTTP/1.1 200 OK\r\nContent-Length: \t 2 \t\r\n\r\nok'],
  ['an empty header', 'HTTP/1.1 200 OK\r\nServer:\r\nContent-Length: 2\r\n\r\nok'],
  ['the same length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok'],
  ['a long header of no interest', `HTTP/1.1 200 OK\r\nSet-Cookie: ${kilobytes(4)}\r\nContent-Length: 2\r\n\r\nok`],
  ['a head of 30 KiB', `HTTP/1.1 200 OK\r\n${`A: ${'x'.repeat(1000)}\r\n`.repeat(30)}Content-Length: 2\r\n\r\nok`],
  ['the longest body', answer('200 OK', {}, kilobytes(16))],
  ['early hints', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 99\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['chunks', chunked('200 OK', '1\r\no\r\n1\r\nk\r\n0\r\n\r\n')],
  ['chunks with extensions and trailers', chunked('200 OK', '2;a=b\r\nok\r\n0;c\r\nD: e\r\n\r\n')],
  ['chunks of a byte each', chunked('200 OK', `${'1\r\nx\r\n'.repeat(16_384)}0\r\n\r\n`)],
  ['chunk sizes with zeros before', chunked('200 OK', '0002\r\nok\r\n000\r\n\r\n')],
  ['both lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
]

for (const [what, bytes] of unusual) {
  t.test(`a grant is understood with ${what}`, async (t) => {
    const lock = await startLock(t, () => bytes)
    const { code, lines } = await runWait(t, [...lock.args, '--max-wait=20'])
    t.equal(code, 0)
    t.match(lines.at(-1), /^got the startup lock/)
    t.equal(lock.requests.length, 1)
  })

  t.test(`and so is "not yet"`, async (t) => {
    const locked = bytes.replace(/ 200\b/, ' 423')
    const lock = await startLock(t, (_request, count) => (count < 3 ? locked : granted()))
    const { code, lines } = await runWait(t, [...lock.args, ...fast])
    t.equal(code, 0)
    t.same(lines.slice(1, -1), ['waiting for the startup lock of this node'])
  })
}

t.test('an answer in single bytes is understood', async (t) => {
  const lock = await startLock(t, (_request, count, socket) => {
    socket.setNoDelay()
    const text = count < 2 ? queued('1 ahead') : granted()
    let at = 0
    const next = (): void => {
      if (at < text.length) socket.write(text.charAt(at++), () => setImmediate(next))
    }
    next()
    return undefined
  })
  const { code, lines } = await runWait(t, [...lock.args, ...fast])
  t.equal(code, 0)
  t.match(lines, [/^asking/, 'waiting for the startup lock of this node: 1 ahead', /^got/])
})

t.test('a body without a length ends with the connection', async (t) => {
  const lock = await startLock(t, (_request, count, socket) => {
    socket.end(count < 3 ? 'HTTP/1.1 423 Locked\r\n\r\nLocked' : 'HTTP/1.0 200 OK\r\n\r\nLock acquired')
    return undefined
  })
  const { code, lines } = await runWait(t, [...lock.args, ...fast])
  t.equal(code, 0)
  t.match(lines, [/^asking/, 'waiting for the startup lock of this node', /^got/])
  t.equal(lock.connections(), 3)
})

t.test('a connection of HTTP/1.0 is kept if the lock says so', async (t) => {
  const locked = (connection: string) => `HTTP/1.0 423 Locked\r\n${connection}Content-Length: 0\r\n\r\n`
  const lock = await startLock(t, inTurn(locked('Connection: Upgrade, Keep-Alive\r\n'), locked(''), granted()))
  t.equal((await runWait(t, [...lock.args, ...fast])).code, 0)
  t.same(lock.requests.map(({ connection }) => connection), [1, 1, 2])
})

t.test('a connection over which both lengths came is not used again', async (t) => {
  const both = 'HTTP/1.1 423 Locked\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'
  const lock = await startLock(t, inTurn(both, queued(), granted()))
  t.equal((await runWait(t, [...lock.args, ...fast])).code, 0)
  t.same(lock.requests.map(({ connection }) => connection), [1, 2, 2])
})

t.test('what a server says unasked ends its connection', async (t) => {
  const lock = await startLock(t, inTurn(`${queued()}${granted()}`, granted()))
  t.equal((await runWait(t, [...lock.args, ...fast])).code, 0)
  t.same([lock.requests.length, lock.connections()], [2, 2])
})

t.test('what a server says unasked later on does, too', async (t) => {
  const lock = await startLock(t, (_request, count, socket) => {
    if (count === 1) setTimeout(() => socket.write(granted()), 20)
    return count < 2 ? queued() : granted()
  })
  t.equal((await runWait(t, [...lock.args, '--pause=200ms'])).code, 0)
  t.same([lock.requests.length, lock.connections()], [2, 2])
})

const details: readonly (readonly [what: string, body: string, shown: string | undefined])[] = [
  ['the member', '{"detail":"3 ahead (holder shop/api-7f9, 12 s)"}', '3 ahead (holder shop/api-7f9, 12 s)'],
  ['one among others', '{"a":{"detail":"no"},"b":[{"detail":"no"},1.5e-7,-0,true,false,null,""],"detail":"yes","c":{}}', 'yes'],
  ['space everywhere', ' \t\r\n{ "a" : [ 1 , { } , [ ] ] , "detail" : "yes" , "b" : { "c" : 0 } } \n', 'yes'],
  ['the first of two', '{"detail":"one","detail":"two"}', 'one'],
  ['the one that is a string', '{"detail":1,"detail":"two"}', 'two'],
  ['a name in escapes', String.raw`{"d\u0065tail":"yes"}`, 'yes'],
  ['every escape', String.raw`{"detail":"\"\\\/ \u00e9 \ud83d\ude00 é"}`, '"\\/ é \u{1f600} é'],
  ['control characters', String.raw`{"detail":"a\u0000\b\f\n\r\t\u001b[2J\u007f\u0085\u2028\u202eb"}`, 'a??????[2J????b'.replace('??????[', '???????[')],
  ['lone halves of a character', String.raw`{"detail":"\ud800 \udc00 \ud800\ud800 \ud800x \ud800\u0041"}`, '? ? ?? ?x ?A'],
  ['a long one, cut', `{"detail":"${'y'.repeat(201)}"}`, `${'y'.repeat(197)}...`],
  ['the longest', `{"detail":"${'y'.repeat(200)}"}`, 'y'.repeat(200)],
  ['a very long one', `{"detail":"${'y'.repeat(10_000)}"}`, `${'y'.repeat(197)}...`],
  ['one that is cut between characters', `{"detail":"${'é'.repeat(101)}"}`, `${'é'.repeat(98)}...`],
  ['an empty one', '{"detail":""}', undefined],
  ['no member', '{"title":"Locked"}', undefined],
  ['an empty object', '{}', undefined],
  ['an array', '[{"detail":"no"}]', undefined],
  ['a string', '"detail"', undefined],
  ['no body', '', undefined],
  ['no JSON', 'Locked', undefined],
  ['a longer name', '{"details":"no","detail ":"no","Detail":"no"}', undefined],
  ['a document that is cut', '{"detail":"no"', undefined],
  ['more than a document', '{"detail":"no"}{}', undefined],
  ['a comma too many', '{"detail":"no",}', undefined],
  ['a comma too few', '{"detail":"no" "a":1}', undefined],
  ['no colon', '{"detail" "no"}', undefined],
  ['a name without quotes', '{detail:"no"}', undefined],
  ['a wrong word', '{"detail":"no","a":nul}', undefined],
  ['a wrong number', '{"detail":"no","a":01}', undefined],
  ['half a number', '{"detail":"no","a":1.}', undefined],
  ['a wrong exponent', '{"detail":"no","a":1e}', undefined],
  ['a wrong escape', String.raw`{"detail":"no\x"}`, undefined],
  ['half an escape', String.raw`{"detail":"no\u12`, undefined],
  ['a wrong unit', String.raw`{"detail":"no\u12g4"}`, undefined],
  ['a raw line feed', '{"detail":"n\no"}', undefined],
  ['a string without an end', '{"detail":"no', undefined],
  ['16 levels', `{"a":${'['.repeat(16)}${']'.repeat(16)},"detail":"yes"}`, 'yes'],
  ['17 levels', `{"a":${'['.repeat(17)}${']'.repeat(17)},"detail":"no"}`, undefined],
  ['thousands of levels', `{"a":${'['.repeat(15_000)}`, undefined],
]

for (const [what, body, shown] of details) {
  t.test(`of a problem document is shown: ${what}`, async (t) => {
    const lock = await startLock(t, inTurn(problem(body), granted()))
    const { code, lines } = await runWait(t, [...lock.args, ...fast])
    t.equal(code, 0)
    t.equal(lines[1], `waiting for the startup lock of this node${shown === undefined ? '' : `: ${shown}`}`)
  })
}

t.test('what is not UTF-8 in a document is not shown', async (t) => {
  const parts: Answer[] = [
    Buffer.from('{"detail":"a'),
    Buffer.from([0xff, 0xc0, 0xaf, 0xed, 0xa0, 0x80, 0xf5, 0x80, 0xe2, 0x82, 0xc2]),
    Buffer.from('b"}'),
  ]
  const body = Buffer.concat(parts.map((part) => Buffer.from(part ?? '')))
  const head = `HTTP/1.1 423 Locked\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\n\r\n`
  const lock = await startLock(t, (_request, count) => (count < 2 ? Buffer.concat([Buffer.from(head), body]) : granted()))
  const { lines } = await runWait(t, [...lock.args, ...fast])
  t.equal(lines[1], `waiting for the startup lock of this node: a${'?'.repeat(11)}b`)
})

for (const type of ['application/problem+json;charset=utf-8', 'APPLICATION/PROBLEM+JSON ; a=b']) {
  t.test(`${type} is the type of a problem document`, async (t) => {
    const lock = await startLock(t, inTurn(answer('423 Locked', { 'Content-Type': type }, '{"detail":"yes"}'), granted()))
    t.match((await runWait(t, [...lock.args, ...fast])).lines[1], /: yes$/)
  })
}

for (const type of ['application/json', 'text/plain', 'application/problem+jsonx', '', 'x; application/problem+json']) {
  t.test(`"${type}" is not`, async (t) => {
    const lock = await startLock(t, inTurn(answer('423 Locked', { 'Content-Type': type }, '{"detail":"no"}'), granted()))
    t.match((await runWait(t, [...lock.args, ...fast])).lines[1], /node$/)
  })
}
