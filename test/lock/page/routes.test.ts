import t from 'tap'
import { ask, startLock, stateOf } from '../../support/lock-process.ts'

const paths = ['/status', '/status/style.css', '/status/script.js', '/status/icon.svg', '/status/']

t.test('serves the page and its files with a policy that allows nothing else', async (t) => {
  const lock = await startLock(t)
  const types = ['text/html; charset=utf-8', 'text/css; charset=utf-8', 'text/javascript; charset=utf-8', 'image/svg+xml']
  for (const [index, type] of types.entries()) {
    const path = paths[index] ?? ''
    t.match(await ask(t, lock, path), {
      status: 200,
      headers: {
        'content-type': type,
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      },
    }, path)
  }
})

t.test('a browser that looks around takes no permit', async (t) => {
  const lock = await startLock(t)
  t.match(await ask(t, lock, '/status/'), { status: 308, headers: { location: '../status' } })
  t.equal((await ask(t, lock, '/favicon.ico')).status, 204)
  for (const path of paths) await ask(t, lock, path, { method: 'HEAD' })
  t.match(await stateOf(t, lock), { permits: { used: 0 }, holders: [] })
})

t.test('shows nothing to who is not a reader', async (t) => {
  const lock = await startLock(t, ['--readers', '192.0.2.1'])
  for (const path of [...paths, '/v1/state', '/v1/events']) {
    const { status, body } = await ask(t, lock, path)
    t.equal(status, 403, path)
    t.match(JSON.parse(body), { type: /#not-a-reader$/ })
  }
})
