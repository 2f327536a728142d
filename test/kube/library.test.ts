import { readFileSync } from 'node:fs'
import { Watch } from '@kubernetes/client-node'
import t from 'tap'
import { startFakeApiServer } from '../support/fake-api-server.ts'

// Why src/kube/watch-once.ts makes its own watch. Where one of these fails after an update, read it again.

t.test('which version of the library this is about', async (t) => {
  const file = new URL('../../node_modules/@kubernetes/client-node/package.json', import.meta.url)
  t.match(JSON.parse(readFileSync(file, 'utf8')), { version: '2.0.1' })
})

t.test("the library's watch ends whenever nothing has come for 30 s, half of what lies between two bookmarks at best", async (t) => {
  const api = await startFakeApiServer(t)
  const watch = new Watch(api.config)
  t.equal(Reflect.get(watch, 'requestTimeoutMs'), 30_000)
  Reflect.set(watch, 'requestTimeoutMs', 50)
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const starting = watch.watch('/api/v1/pods', {}, () => {}, resolve)
  const request = await api.next('/api/v1/pods')
  request.open()
  await starting
  t.match(await promise, { name: 'TimeoutError' }, 'which is how it notices a silent death, too: after 30 s')
})

t.test("the library's watch swallows what its callback throws, and what is not JSON", async (t) => {
  const api = await startFakeApiServer(t)
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const called: string[] = []
  const starting = new Watch(api.config).watch(
    '/api/v1/pods',
    {},
    (type) => {
      called.push(type)
      throw new Error('lost')
    },
    resolve,
  )
  const request = await api.next('/api/v1/pods')
  request.event('ADDED', {})
  request.response.write('<html>\n')
  request.event('ERROR', { code: 410 })
  request.end()
  await starting
  t.equal(await promise, null, 'nor is a 410 in the stream an error to it')
  t.strictSame(called, ['ADDED', 'ERROR'])
})
