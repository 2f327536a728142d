import { Validator } from '@seriousme/openapi-schema-validator'
import t from 'tap'
import { httpTarget } from '../support/check-target.ts'
import { ask, askHeld, asDocument, type Asking, jsonOf, startLock, type WireAnswer, waiters } from '../support/lock-process.ts'
import { conforms, documentOf } from '../support/openapi-document.ts'
import { until } from '../support/until.ts'

t.jobs = 2

t.test('the document is sound, and names all routes', async (t) => {
  const lock = await startLock(t)
  const document = await documentOf(t, lock)
  const result = await new Validator().validate(structuredClone(document) as unknown as Record<string, unknown>)
  t.equal(result.valid, true, JSON.stringify(result.errors))
  t.match(document, { openapi: '3.1.0', info: { title: 'usher lock', version: String } })
  t.same(
    Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)).filter((each) => !each.startsWith('HEAD')).toSorted(),
    [
      'DELETE /v1/leases/{uid}',
      'GET /',
      'GET /healthz',
      'GET /metrics',
      'GET /readyz',
      'GET /v1/events',
      'GET /v1/leases/{uid}',
      'GET /v1/state',
      'POST /v1/leases',
    ],
  )
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { summary = '' }] of Object.entries(methods)) t.ok(method === 'head' || summary.length > 5, `${method} ${path} has a summary`)
  }
  const names = document.paths['/']?.['get']?.parameters?.map((each) => `${each.in} ${each.name}`)
  t.same(names?.toSorted(), ['header prefer', 'header usher-pod', 'header usher-uid', 'header usher-weight', 'query duration', 'query max-wait', 'query pod', 'query uid', 'query weight'])
})

t.test('real answers are as the document says', async (t) => {
  let status = 503
  const target = await httpTarget(t, (_request, response) => void response.writeHead(status).end())
  const flags = ['--lease', '1h', '--max-waiting', '4', '--strict', '--check', `http://127.0.0.1:${target.port}`, '--failHc', '0', '--readers', '127.0.0.1']
  const lock = await startLock(t, flags)
  const document = await documentOf(t, lock)
  const seen = new Set<string>()

  /** Asks, and checks status and body against the document. */
  async function check(path: string, expected: number, sent: string, asking: Asking = {}): Promise<WireAnswer> {
    const method = asking.method ?? 'GET'
    const answer = await ask(t, lock, sent, asking)
    const name = conforms(t, document, answer, { method, path, status: expected }, sent)
    if (name !== undefined) seen.add(name)
    return answer
  }

  const post = (body: object): Asking => ({ method: 'POST', body: JSON.stringify(body), headers: { ...asDocument, 'Content-Type': 'application/json' } })
  await until('the failure is known', async () => JSON.stringify(jsonOf(await ask(t, lock, '/v1/state'))).includes('answers 503'))
  await check('/', 423, '/?uid=early&pod=shop/early', { headers: asDocument })
  await check('/v1/leases', 423, '/v1/leases', post({ uid: 'early', pod: 'shop/early', maxWait: 3_600 }))
  await check('/v1/state', 200, '/v1/state')
  await ask(t, lock, '/v1/leases/early', { method: 'DELETE' })
  status = 200
  await until('the lock is free', async () => (await ask(t, lock, '/?uid=holder&pod=shop/holder')).status === 200)
  await check('/', 200, '/?uid=holder', { headers: asDocument })
  await check('/v1/leases', 200, '/v1/leases', post({ uid: 'holder' }))
  await check('/', 400, '/?uid=%20')
  await check('/v1/leases', 400, '/v1/leases', post({}))
  await askHeld(t, lock, '/?uid=w0&pod=shop/w0&weight=3&max-wait=3000')
  await askHeld(t, lock, '/?uid=w1&duration=60')
  await askHeld(t, lock, '/')
  await askHeld(t, lock, '/?uid=w3')
  await waiters(t, lock, 4)
  await check('/', 423, '/?uid=w3&pod=shop/w3', { headers: asDocument })
  await check('/', 503, '/?uid=more')
  await check('/v1/leases', 503, '/v1/leases', post({ uid: 'more' }))
  await check('/v1/leases/{uid}', 200, '/v1/leases/holder')
  await check('/v1/leases/{uid}', 200, '/v1/leases/w0')
  await check('/v1/leases/{uid}', 404, '/v1/leases/nobody')
  await until('the node is read', async () => jsonOf(await ask(t, lock, '/v1/state'))['load'] !== undefined)
  const full = jsonOf(await check('/v1/state', 200, '/v1/state'))
  t.match(full, { holders: [{ pod: 'shop/holder', until: 'lease-end' }], waiters: [{ pod: 'shop/w0', weight: 3, leftSeconds: Number }, {}, { pod: null }, {}], gates: [{ open: true }], load: { idleCores: Number }, pods: { state: 'none', known: 0 } })
  await check('/v1/state', 403, '/v1/state', { from: '127.0.0.2' })
  await check('/v1/events', 403, '/v1/events', { from: '127.0.0.2' })
  await check('/v1/leases/{uid}', 403, '/v1/leases/holder?pod=a/b', { method: 'DELETE' })
  await check('/v1/leases/{uid}', 204, '/v1/leases/holder', { method: 'DELETE' })
  await check('/v1/leases/{uid}', 404, '/v1/leases/holder', { method: 'DELETE' })
  t.match(jsonOf(await check('/v1/state', 200, '/v1/state')), { starts: [{ pod: 'shop/holder', cause: 'given-back' }, { pod: 'shop/w0' }] })
  for (const path of ['/healthz', '/readyz', '/metrics']) await check(path, 200, path)
  for (let count = 0; count < 64; count++) {
    const stream = await askHeld(t, lock, '/v1/events')
    await until('it begins', () => stream.rest().includes(': usher'))
  }
  await check('/v1/events', 503, '/v1/events')

  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) => Object.keys(responses).map((each) => `${method.toUpperCase()} ${path} ${each}`)),
  )
  // A stream is not one answer: test/lock/events.test.ts. Who asks is checked where there is a cluster: test/lock/pods-wire.test.ts; so
  // is what it depends on: test/lock/depends-on/gate.test.ts.
  const elsewhere = ['GET /v1/events 200', 'GET / 403', 'POST /v1/leases 403', 'GET / 424', 'POST /v1/leases 424']
  const unseen = documented.filter((each) => !seen.has(each) && !each.startsWith('HEAD') && !elsewhere.includes(each))
  t.same(unseen, [], 'every documented answer was tried')
})
