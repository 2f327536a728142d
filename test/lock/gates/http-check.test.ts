import t from 'tap'
import { guarded, httpTarget } from '../../support/check-target.ts'
import { at, run } from '../../support/run-check.ts'
import { until } from '../../support/until.ts'

t.test('passes on 2xx alone', async (t) => {
  const target = await httpTarget(t, ({ url = '' }, response) => void response.writeHead(Number(url.slice(1))).end('body'))
  for (const status of [200, 201, 204, 299]) {
    t.strictSame(await run(`${at(target)}/${status}`), { passed: true, reason: `answers ${status}` })
  }
  for (const status of [300, 304, 400, 401, 412, 423, 500, 503]) {
    t.strictSame(await run(`${at(target)}/${status}`), { passed: false, reason: `answers ${status}` })
  }
  await target.quiet()
})

t.test('asks by GET, with path and query, and keeps no connection', async (t) => {
  const asked: unknown[] = []
  const target = await httpTarget(t, ({ method, url, headers }, response) => {
    asked.push({ method, url, connection: headers.connection, authorization: headers.authorization })
    response.end('fine')
  })
  t.ok((await run(`${at(target)}/ready?x=1#y`)).passed)
  t.strictSame(asked, [{ method: 'GET', url: '/ready?x=1', connection: 'close', authorization: undefined }])
  await target.quiet()
})

t.test('reads a body to its end, if it is short', async (t) => {
  let isFinished = false
  const target = await httpTarget(t, (_request, response) => {
    response.on('close', () => (isFinished = response.writableFinished))
    response.write('a')
    setImmediate(() => response.end('b'.repeat(5_000)))
  })
  t.ok((await run(at(target))).passed)
  await until('the answer was taken', () => isFinished)
})

t.test('sends user info as basic authentication', async (t) => {
  const target = await httpTarget(t, guarded('us er:pä:ss', (response) => response.end()))
  t.strictSame(await run(`http://us%20er:p%C3%A4:ss@127.0.0.1:${target.port}/`), { passed: true, reason: 'answers 200' })
  t.strictSame(await run(`http://other@127.0.0.1:${target.port}/`), { passed: false, reason: 'answers 401' })
})
