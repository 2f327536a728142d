import t, { type Test } from 'tap'
import { httpTarget } from '../support/check-target.ts'
import { ask, askHeld, connectTo, jsonOf, type LockProcess, requestOf, startLock, waiters, type WireConnection } from '../support/lock-process.ts'
import { isProblem } from '../support/problem.ts'
import { until } from '../support/until.ts'
import { readMetric } from '../support/webhook.ts'

t.jobs = 2

const strict = ['--strict', '--timeout', '1h', '--lease', '1h']

interface Event {
  readonly id: number
  readonly kind: string
  readonly data: Readonly<Record<string, unknown>>
}

interface Stream extends WireConnection {
  events(): readonly Event[]
  /** Waits for so many events. */
  some(count: number): Promise<readonly Event[]>
}

/** Follows the events, and reads them as a browser does. */
async function follow(t: Test, lock: { readonly port: number }, lastId?: string): Promise<Stream> {
  const connection = await connectTo(t, lock)
  connection.socket.on('error', () => {})
  connection.send(requestOf('GET /v1/events', { Accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'Last-Event-ID': lastId }) }))
  await until('the stream begins', () => connection.rest().includes(': usher\n\n'))
  const events = (): readonly Event[] => readEvents(connection.rest())
  return {
    ...connection,
    events,
    some: (count) => until(() => `${count} events come: ${connection.rest()}`, () => events().length >= count && events()),
  }
}

/** By the rules of the HTML standard, of the chunks of a whole answer. */
function readEvents(text: string): readonly Event[] {
  const stream = unchunk(Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4)))
  return stream
    .split('\n\n')
    .slice(0, -1)
    .map((block) => block.split('\n').filter((line) => !line.startsWith(':')))
    .filter((lines) => lines.length > 0)
    .map((lines) => {
      const found = /^id: (\d+)\nevent: (\w+)\ndata: ([^\n]*)$/.exec(lines.join('\n'))
      if (found === null) throw new Error(`no event: ${lines.join('|')}`)
      return { id: Number(found[1]), kind: String(found[2]), data: JSON.parse(String(found[3])) }
    })
}

function unchunk(bytes: Buffer): string {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) break
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString(), 16)
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
  return Buffer.concat(parts).toString()
}

const remove = (t: Test, lock: LockProcess, uid: string) => ask(t, lock, `/v1/leases/${uid}`, { method: 'DELETE' })

/** A holder and a waiter come and go: six events. */
async function play(t: Test, lock: LockProcess): Promise<void> {
  await ask(t, lock, '/?uid=a&pod=shop/a')
  const waiting = await askHeld(t, lock, '/?uid=b&pod=shop/b')
  await waiters(t, lock, 1)
  await askHeld(t, lock, '/?uid=c')
  await waiters(t, lock, 2)
  await remove(t, lock, 'a')
  await waiting.answer()
  await remove(t, lock, 'c')
}

t.test('tells who waits, starts, ends and leaves', async (t) => {
  const lock = await startLock(t, strict)
  const stream = await follow(t, lock)
  t.match(stream.rest(), /^HTTP\/1\.1 200 OK\r\n/)
  t.match(stream.rest(), /\r\ncontent-type: text\/event-stream\r\n/)
  t.match(stream.rest(), /\r\ncache-control: no-store\r\n/)
  await play(t, lock)
  const events = await stream.some(6)
  t.match(
    events.map(({ kind, data }) => [kind, data]),
    [
      ['granted', { pod: 'shop/a', grant: 'floor', waitedSeconds: 0 }],
      ['waiting', { pod: 'shop/b' }],
      ['waiting', { pod: null }],
      ['released', { pod: 'shop/a', cause: 'given-back', heldSeconds: Number }],
      ['granted', { pod: 'shop/b', grant: 'floor', waitedSeconds: Number }],
      ['left', { pod: null, cause: 'given-back' }],
    ],
  )
  t.same(events.map(({ id }) => id), [1, 2, 3, 4, 5, 6])
})

t.test('tells of gates', async (t) => {
  let status = 503
  const target = await httpTarget(t, (_request, response) => void response.writeHead(status).end())
  const gate = `http://127.0.0.1:${target.port}`
  const lock = await startLock(t, [...strict, '--check', gate, '--failHc', '0', '--passHc', '0'])
  const stream = await follow(t, lock, '0')
  status = 200
  await stream.some(2)
  status = 500
  const events = await stream.some(3)
  t.match(
    events.map(({ kind, data }) => [kind, data]),
    [
      ['gate', { pod: null, gate, open: false, reason: 'not checked yet' }],
      ['gate', { gate, open: true, overdue: false, reason: 'answers 200' }],
      ['gate', { gate, open: false, reason: 'answers 500' }],
    ],
  )
})

t.test('a gate that is closed for too long counts as open, and that is told', async (t) => {
  const lock = await startLock(t, [...strict, '--check', 'tcp://127.0.0.1:1', '--failHc', '0', '--gate-max-wait', '1s'])
  const stream = await follow(t, lock, '0')
  const waiting = await askHeld(t, lock, '/?uid=a')
  t.equal((await waiting.answer()).status, 200)
  const overdue = await until('it is told', () => stream.events().find(({ data }) => data['overdue'] === true))
  t.match(overdue, { kind: 'gate', data: { open: true, reason: String } })
  t.match(await lock.line('the gate has been closed for too long; it counts as open'), { level: 'warn' })
  const metrics = (await ask(t, lock, '/metrics')).body
  t.equal(readMetric(metrics, 'usher_lock_gate_overdue_total{gate="tcp://127.0.0.1:1"}'), 1)
  t.equal(readMetric(metrics, 'usher_lock_gate_open{gate="tcp://127.0.0.1:1"}'), 1)
})

t.test('goes on behind the last one that was seen', async (t) => {
  const lock = await startLock(t, strict)
  await play(t, lock)
  for (const [lastId, ids] of [
    ['0', [1, 2, 3, 4, 5, 6]],
    ['4', [5, 6]],
    ['6', []],
    ['999', []],
    ['', []],
    ['-1', []],
    ['abc', []],
    ['1e9', []],
    [undefined, []],
  ] as const) {
    const stream = await follow(t, lock, lastId)
    await ask(t, lock, `/?uid=mark-${lastId ?? 'none'}&duration=0`)
    stream.socket.destroy()
    t.same(stream.events().map(({ id }) => id).filter((id) => id <= 6), ids, `Last-Event-ID: ${lastId}`)
  }
})

t.test('of many events the last ones are kept', async (t) => {
  const lock = await startLock(t, strict)
  const connection = await connectTo(t, lock)
  for (let count = 0; count < 200; count++) {
    connection.send(requestOf('GET /?duration=0'))
    t.equal((await connection.answer()).status, 200)
  }
  const stream = await follow(t, lock, '0')
  const ids = (await stream.some(256)).map(({ id }) => id)
  t.same(ids, Array.from({ length: 256 }, (_each, index) => 145 + index))
})

t.test('only so many may follow, and who leaves makes room', async (t) => {
  const lock = await startLock(t, strict)
  const streams = await Promise.all(Array.from({ length: 64 }, () => follow(t, lock)))
  const refused = await ask(t, lock, '/v1/events')
  isProblem(t, { status: refused.status, type: refused.headers['content-type'], body: refused.body }, 'too-many-readers', 'one more')
  t.equal(readMetric((await ask(t, lock, '/metrics')).body, 'usher_lock_event_followers'), 64)
  await ask(t, lock, '/?uid=a&pod=shop/a')
  for (const stream of streams) t.match(await stream.some(1), [{ kind: 'granted' }])
  streams[0]?.socket.destroy()
  streams[1]?.socket.resetAndDestroy()
  streams[2]?.socket.end()
  await until('there is room', async () => readMetric((await ask(t, lock, '/metrics')).body, 'usher_lock_event_followers') === 61)
  await follow(t, lock)
})

t.test('hostile names stay within their event', async (t) => {
  const lock = await startLock(t, [...strict, '--locks', '100'])
  const stream = await follow(t, lock)
  const names = ['a/<script>alert(1)', 'a/"}', 'a/\\n', 'a/\u2028\u2029b', 'a/\u{1f600}', 'a/event: granted', ' a/ b ']
  for (const [index, name] of names.entries()) await ask(t, lock, `/?uid=u${index}&pod=${encodeURIComponent(name)}`)
  const impossible = ['a/\n\nevent: gate\ndata: {}\n\n', 'a/\r\rid: 7', 'a/\0', '\u0085/a', 'a/\ufeff', 'a/\u202e']
  for (const [index, name] of impossible.entries()) await ask(t, lock, `/?uid=x${index}&pod=${encodeURIComponent(name)}`)
  const events = await stream.some(names.length + impossible.length)
  t.same(events.map(({ data }) => data['pod']), [...names, ...impossible.map(() => null)])
  t.same(events.map(({ id }) => id), events.map((_event, index) => index + 1))
})

t.test('who does not read is cut off in the end, and the others are served', async (t) => {
  const lock = await startLock(t, strict)
  const lazy = await follow(t, lock)
  lazy.socket.pause()
  const stream = await follow(t, lock)
  const pod = `a/${encodeURIComponent('\u20ac'.repeat(300))}`
  const connection = await connectTo(t, lock)
  const followers = async (): Promise<number> => readMetric((await ask(t, lock, '/metrics')).body, 'usher_lock_event_followers')
  await until('it is cut off', async () => {
    for (let count = 0; count < 200; count++) {
      connection.send(requestOf(`GET /?duration=0&pod=${pod}`))
      await connection.answer()
    }
    return (await followers()) === 1
  })
  t.ok(stream.events().length > 200)
})

t.test('the end of the lock is the end of the stream', async (t) => {
  const lock = await startLock(t, strict)
  const stream = await follow(t, lock)
  lock.kill('SIGTERM')
  t.equal((await lock.ended).code, 0)
  await stream.closed()
  t.match(stream.rest(), /0\r\n\r\n$/, 'it ends as a whole')
})

t.test('a HEAD of the events asks for the lock, as an unknown path does', async (t) => {
  const lock = await startLock(t, strict)
  t.equal((await ask(t, lock, '/v1/events', { method: 'HEAD' })).headers['content-length'], '13')
  t.match(jsonOf(await ask(t, lock, '/v1/state')), { permits: { used: 1 } })
})
