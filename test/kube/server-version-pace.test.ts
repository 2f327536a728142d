import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mock } from 'node:test'
import { KubeConfig } from '@kubernetes/client-node'
import t, { type Test } from 'tap'
import { watchServerVersion } from '../../src/kube/server-version.ts'
import type { KubeVersion } from '../../src/units/kube-version.ts'
import { until } from '../support/until.ts'

const retryMs = 5_000
const askAgainMs = 300_000

t.test('asks again five minutes after an answer, and tells only what is new', async (t) => {
  const api = await playApiServer(t)
  t.equal(await api.ask(says('1', '36')), askAgainMs)
  t.strictSame(api.known, [{ major: 1, minor: 36 }])
  t.equal(await api.ask(says('1', '36+')), askAgainMs)
  t.strictSame(api.known, [{ major: 1, minor: 36 }], 'the same version is no news')
  t.equal(await api.ask(says('1', '37')), askAgainMs)
  t.equal(await api.ask(says('1', '36')), askAgainMs)
  t.strictSame(api.known.map(({ minor }) => minor), [36, 37, 36], 'up, and down again')
  t.strictSame(api.failed, [])
})

t.test('asks again five seconds after a failure, tells of the first in a row, and keeps what it knows', async (t) => {
  const api = await playApiServer(t)
  t.equal(await api.ask(says('1', '36')), askAgainMs)
  for (let times = 0; times < 3; times++) t.equal(await api.ask(fails), retryMs)
  t.equal(api.failed.length, 1)
  t.equal(await api.ask(says('1', '36')), askAgainMs, 'and the pace is slow again')
  t.strictSame(api.known, [{ major: 1, minor: 36 }], 'it was known all the time')
  t.equal(await api.ask(fails), retryMs)
  t.equal(api.failed.length, 2, 'the first of another row')
})

t.test('takes no garbage for a version, and recovers from it', async (t) => {
  const api = await playApiServer(t)
  const json = { 'content-type': 'application/json' }
  const answers: Readonly<Record<string, Answer>> = {
    HTML: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>502</html>'),
    nothing: (response) => response.end(''),
    null: (response) => response.writeHead(200, json).end('null'),
    'a list': (response) => response.writeHead(200, json).end('[]'),
    'half of it': (response) => response.writeHead(200, json).end('{"major":"1"'),
    'other fields': (response) => response.writeHead(200, json).end('{"kind":"Status"}'),
    forbidden: (response) => response.writeHead(403, json).end('{"kind":"Status"}'),
    'a connection that breaks': (response) => response.destroy(),
    'empty strings': says('', ''),
    words: says('one', 'two'),
  }
  for (const [title, answer] of Object.entries(answers)) t.equal(await api.ask(answer), retryMs, title)
  t.strictSame(api.known, [])
  t.equal(api.failed.length, 1)
  t.equal(await api.ask(says('1', '37')), askAgainMs)
  t.strictSame(api.known, [{ major: 1, minor: 37 }])
})

t.test('asks no more once it is stopped, and keeps no process alive until then', async (t) => {
  const api = await playApiServer(t)
  await api.ask(says('1', '36'))
  t.strictSame(api.pending(), [{ unrefed: true }])
  api.stop()
  t.strictSame(api.pending(), [])
})

type Answer = (response: ServerResponse) => void

function says(major: string, minor: string): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ major, minor, gitVersion: 'v0' }))
  }
}

function fails(response: ServerResponse): void {
  response.writeHead(500).end('{}')
}

/** A server that plays GET /version, and a watch of it whose clock is ours. */
interface PlayedApiServer {
  readonly known: readonly KubeVersion[]
  readonly failed: readonly unknown[]
  /** Lets the time come at which it is asked, and tells how long the watch waits after this answer. */
  ask(answer: Answer): Promise<number>
  /** The timers that the watch has set. */
  pending(): readonly { readonly unrefed: boolean }[]
  stop(): void
}

interface Timer {
  readonly run: () => void
  readonly ms: number
  unrefed: boolean
}

async function playApiServer(t: Test): Promise<PlayedApiServer> {
  const requests: ServerResponse[] = []
  const server = createServer((request, response) => {
    if (request.url === '/version') requests.push(response)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const config = new KubeConfig()
  config.loadFromClusterAndUser({ name: 'played', server: url, skipTLSVerify: true }, { name: 'nobody' })

  const timers = mockTimers(t)
  const known: KubeVersion[] = []
  const failed: unknown[] = []
  const stop = watchServerVersion(config, {
    known: (version) => void known.push(version),
    failed: (error) => void failed.push(error),
  })
  t.teardown(stop)
  return {
    known,
    failed,
    async ask(answer) {
      timers.shift()?.run()
      answer(await until('it is asked', () => requests.shift()))
      const next = await until('it has read the answer', () => timers[0])
      return next.ms
    },
    pending: () => timers.map(({ unrefed }) => ({ unrefed })),
    stop,
  }
}

/** Catches the timers of these lengths; all others run as ever. */
function mockTimers(t: Test): Timer[] {
  const timers: Timer[] = []
  const { setTimeout: set, clearTimeout: clear } = globalThis
  const mocks = [
    mock.method(globalThis, 'setTimeout', (run: () => void, ms = 0, ...rest: unknown[]) => {
      if (ms !== retryMs && ms !== askAgainMs) return Reflect.apply(set, globalThis, [run, ms, ...rest])
      const timer = { run, ms, unrefed: false, unref: () => (timer.unrefed = true) }
      timers.push(timer)
      return timer
    }),
    mock.method(globalThis, 'clearTimeout', (timer: NodeJS.Timeout | undefined) => {
      const at = timers.findIndex((each) => Object.is(each, timer))
      if (at === -1) clear(timer)
      else timers.splice(at, 1)
    }),
  ]
  t.teardown(() => mocks.forEach(({ mock: each }) => each.restore()))
  return timers
}
