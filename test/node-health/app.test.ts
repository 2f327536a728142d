import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { buildNodeHealth } from '../../src/node-health/app.ts'
import { ask, connectTo, requestOf } from '../support/lock-process.ts'
import { portOf } from '../../src/cli/serve-until-ended.ts'

async function serve(t: Test, isHealthy: () => boolean): Promise<{ readonly port: number }> {
  const app = buildNodeHealth({ isHealthy })
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  return { port: portOf(app) ?? 0 }
}

t.test('answers as k8s-health did, to the byte', async (t) => {
  let isHealthy = false
  const health = await serve(t, () => isHealthy)
  for (const [is, line, body] of [
    [false, 'HTTP/1.1 412 Precondition Failed', 'HealthCheck Failed'],
    [true, 'HTTP/1.1 200 OK', 'HealthCheck OK'],
  ] as const) {
    isHealthy = is
    const answer = await ask(t, health, '/')
    t.match(answer, { line, body, headers: { 'content-type': 'text/plain; charset=utf-8', 'content-length': String(body.length) } })
    t.equal(answer.body, body)
  }
})

t.test('whatever is asked, and however', async (t) => {
  const health = await serve(t, () => true)
  for (const target of ['/healthz', '/metrics', '/a/b?c=d', '//x/../y', '/%', '/%zz', '*', 'http://other/']) {
    t.match(await ask(t, health, target), { status: 200, body: 'HealthCheck OK' }, target)
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'QUERY', 'PROPFIND']) {
    t.match(await ask(t, health, '/', { method, body: '{"a":', headers: { 'content-type': 'application/json' } }), { status: 200, body: 'HealthCheck OK' }, method)
  }
  t.match(await ask(t, health, '/', { method: 'HEAD' }), { status: 200, headers: { 'content-length': '14' }, body: '' })
})

t.test('CONNECT is answered like anything else', async (t) => {
  const health = await serve(t, () => false)
  const connection = await connectTo(t, health)
  connection.send(requestOf('CONNECT host:1'))
  t.match(await connection.answer(), { status: 412, body: 'HealthCheck Failed' })
  await connection.closed()
})

t.test('a body is read away, so that the next request of the connection is answered', async (t) => {
  const health = await serve(t, () => true)
  const connection = await connectTo(t, health)
  const body = 'x'.repeat(100_000)
  connection.send(requestOf('POST /', { 'Content-Length': body.length }) + body + requestOf('GET /'))
  t.match(await connection.answer('POST'), { status: 200 })
  t.match(await connection.answer(), { status: 200 })
})

t.test('what is no HTTP is refused, and harms nobody', async (t) => {
  const health = await serve(t, () => true)
  const connection = await connectTo(t, health)
  connection.send('hello\r\n\r\n')
  t.match(await connection.answer(), { status: 400 })
  await connection.closed()
  connect(health.port, '127.0.0.1').destroy()
  t.match(await ask(t, health, '/'), { status: 200 })
})
