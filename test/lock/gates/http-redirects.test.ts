import t from 'tap'
import { guarded, httpTarget } from '../../support/check-target.ts'
import { at, run } from '../../support/run-check.ts'

t.test('follows redirects', async (t) => {
  const last = await httpTarget(t, (_request, response) => void response.writeHead(204).end())
  const target = await httpTarget(t, ({ url = '' }, response) => {
    const [, status = '', to = ''] = /^\/(\d+)\/(.*)$/.exec(url) ?? []
    response.writeHead(Number(status), { location: to === 'far' ? at(last) : '../302/far' }).end('moved')
  })
  for (const status of [301, 302, 303, 307, 308]) {
    for (const to of ['far', 'near']) {
      t.strictSame(await run(`${at(target)}/${status}/${to}`), { passed: true, reason: 'answers 204' })
    }
  }
  await Promise.all([target.quiet(), last.quiet()])
})

t.test('does not pass on a redirect that cannot be followed', async (t) => {
  const places = ['', 'ftp://127.0.0.1:21/', 'http://127.0.0.1:99999/', 'http://u%zz@127.0.0.1/', 'mailto:me@example.com']
  const target = await httpTarget(t, ({ url = '' }, response) => {
    const location = places[Number(url.slice(1))]
    response.writeHead(302, location === undefined ? {} : { location }).end()
  })
  const reasons: string[] = []
  for (const place of [...places.keys(), places.length]) {
    const { passed, reason } = await run(`${at(target)}/${place}`)
    t.notOk(passed)
    reasons.push(reason)
  }
  const [none, bad] = ['answers 302 without a Location', 'redirects to what is no HTTP address']
  t.strictSame(reasons, [none, bad, bad, bad, bad, none])
})

t.test('gives up on redirects that go round, after as many requests as Go does', async (t) => {
  let requests = 0
  const target = await httpTarget(t, (_request, response) => {
    requests++
    response.writeHead(302, { location: '/' }).end()
  })
  t.strictSame(await run(at(target)), { passed: false, reason: 'still redirects after 10 requests' })
  t.equal(requests, 10)
  await target.quiet()
})

t.test('takes user info along within a host, and not to another that the answer names', async (t) => {
  const target = await httpTarget(t, guarded('u:secret', (response, url) => {
    const locations: Readonly<Record<string, string>> = { '/near': '/end', '/far': `http://127.0.0.1:${target.port}/end` }
    response.writeHead(url === '/end' ? 200 : 302, { location: locations[url] ?? '' }).end()
  }))
  t.strictSame(await run(`http://u:secret@127.0.0.1:${target.port}/near`), { passed: true, reason: 'answers 200' })
  t.strictSame(await run(`http://u:secret@127.0.0.1:${target.port}/far`), { passed: false, reason: 'answers 401' })
})

t.test('does not wait for the body of a redirect', async (t) => {
  const target = await httpTarget(t, ({ url }, response) => {
    if (url === '/end') response.end()
    else response.writeHead(302, { location: '/end' }).write('more to come')
  })
  t.strictSame(await run(at(target)), { passed: true, reason: 'answers 200' })
  await target.quiet()
})
