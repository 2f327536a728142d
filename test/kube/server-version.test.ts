import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import { mock } from 'node:test'
import { KubeConfig } from '@kubernetes/client-node'
import t, { type Test } from 'tap'
import { watchServerVersion } from '../../src/kube/server-version.ts'

t.test('asks the API server for its version', async (t) => {
  const { told } = await watch(t, [{ major: '1', minor: '37' }])
  const [version] = await once(told, 'known')
  t.same(version, { major: 1, minor: 37 })
})

t.test("reads a provider's version", async (t) => {
  const { told } = await watch(t, [{ major: '1', minor: '29+' }])
  const [version] = await once(told, 'known')
  t.same(version, { major: 1, minor: 29 })
})

t.test('says so when the answer is no version', async (t) => {
  const { told } = await watch(t, [{ major: 'one', minor: 'two' }])
  const [error] = await once(told, 'failed')
  t.match(error, { message: /the API server calls itself {"major":"one","minor":"two"}/ })
})

t.test('says so when it fails, asks again five seconds later, and tells the version then', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const { told } = await watch(t, ['broken', { major: '1', minor: '37' }])
  t.ok(await once(told, 'failed'))
  const known = once(told, 'known')
  await tickUntil(known, 5_000)
  const [version] = await known
  t.same(version, { major: 1, minor: 37 })
})

t.test('tells another version after an upgrade, and the same one no second time', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const same = { major: '1', minor: '36' }
  const { told, versions } = await watch(t, [same, same, { major: '1', minor: '37' }])
  await once(told, 'known')
  const upgraded = once(told, 'known')
  await tickUntil(upgraded, 5 * 60_000)
  t.same(versions, [
    { major: 1, minor: 36 },
    { major: 1, minor: 37 },
  ])
})

type Answer = { readonly major: string; readonly minor: string } | 'broken'

/** Watches a server that plays the API server and gives these answers in turn, the last one for ever. */
async function watch(t: Test, answers: readonly Answer[]): Promise<{ told: EventEmitter; versions: unknown[] }> {
  let asked = 0
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked++, answers.length - 1)]
    if (request.url !== '/version' || answer === 'broken') response.writeHead(500).end('{}')
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const config = new KubeConfig()
  config.loadFromClusterAndUser(
    { name: 'test', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: 'test' },
  )
  const told = new EventEmitter()
  const versions: unknown[] = []
  const stop = watchServerVersion(config, {
    known(version) {
      versions.push(version)
      told.emit('known', version)
    },
    failed: (error) => told.emit('failed', error),
  })
  t.teardown(stop)
  return { told, versions }
}

/** Moves the mocked clock until something has come: the timer is set only after the answer has been read. */
async function tickUntil(awaited: Promise<unknown>, ms: number): Promise<void> {
  const ticking = setInterval(() => mock.timers.tick(ms), 1)
  await awaited
  clearInterval(ticking)
}
