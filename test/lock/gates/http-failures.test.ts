import t from 'tap'
import { closedPort, httpTarget, tcpTarget } from '../../support/check-target.ts'
import { at, patienceMs, run } from '../../support/run-check.ts'
import { until } from '../../support/until.ts'

const shortMs = 200

t.test('gives up on who never answers', async (t) => {
  const silent = await tcpTarget(t)
  t.strictSame(await run(at(silent), shortMs), { passed: false, reason: 'no answer within 0.2 s' })
  await silent.quiet()
})

t.test('gives up on a body that drips for ever, though its status is 200', async (t) => {
  const target = await httpTarget(t, (_request, response) => {
    const drip = setInterval(() => response.write('.'), 10)
    response.on('close', () => clearInterval(drip))
  })
  t.strictSame(await run(at(target), shortMs), { passed: false, reason: 'no answer within 0.2 s' })
  await target.quiet()
})

t.test('cuts off a body that pours for ever, and takes its status', async (t) => {
  let bytes = 0
  const target = await httpTarget(t, (_request, response) => {
    const pour = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536))) bytes += 65_536
    }
    response.on('drain', pour)
    pour()
  })
  t.strictSame(await run(at(target)), { passed: true, reason: 'answers 200' })
  await target.quiet()
  t.ok(bytes < 64 * 1_024 * 1_024, `${bytes} were taken before`)
})

t.test('fails on an answer that breaks off, is none, or switches the protocol', async (t) => {
  const answers: Readonly<Record<string, string>> = {
    '': 'connection closed by the other side',
    'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf': 'connection closed by the other side',
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n': 'connection closed by the other side',
    'SSH-2.0-OpenSSH_9.9\r\n': 'does not speak HTTP',
    [`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`]: 'headers of the answer too long',
  }
  for (const [answer, reason] of Object.entries(answers)) {
    const target = await tcpTarget(t, (socket) => socket.once('data', () => socket.end(answer)))
    t.strictSame(await run(at(target)), { passed: false, reason })
    await target.quiet()
  }
})

t.test('fails where nobody listens', async (t) => {
  t.strictSame(await run(`http://u:secret@127.0.0.1:${await closedPort(t)}`), { passed: false, reason: 'connection refused' })
})

t.test('ends what is on its way when it is given up', async (t) => {
  const silent = await tcpTarget(t)
  const ending = new AbortController()
  const outcome = run(at(silent), patienceMs, ending.signal)
  await until('it has connected', () => silent.opened() === 1)
  ending.abort()
  t.strictSame(await outcome, { passed: false, reason: 'given up' })
  await silent.quiet()
})
