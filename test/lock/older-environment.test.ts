import t, { type Test } from 'tap'
import { httpTarget, tcpTarget } from '../support/check-target.ts'
import { ask, freePort, type LockProcess, startBareLock, stateFolder, stateOf } from '../support/lock-process.ts'
import { until } from '../support/until.ts'
import { runUsher } from '../support/usher-process.ts'

t.jobs = 2

type Lock = Omit<LockProcess, 'folder'>

/** Starts a lock that is told nothing but where its state is. */
function startBy(t: Test, env: Readonly<Record<string, string>>, flags: readonly string[] = []): Promise<Lock> {
  return startBareLock(t, ['--state-dir', stateFolder(t), ...flags], { env })
}

t.test('the fork’s variables say where to listen, how many may start and for how long', async (t) => {
  const port = await freePort()
  const lock = await startBy(t, { PSL_BIND_HOST: '127.0.0.1', PSL_BIND_PORT: String(port), PSL_PARALLEL_LOCKS: '2', PSL_LOCK_DURATION: '90s' })
  t.match(lock.lines('listening'), [{ port, permits: 2 }])
  t.same([(await ask(t, lock, '/')).status, (await ask(t, lock, '/')).status, (await ask(t, lock, '/')).status], [200, 200, 423])
  const { permits, holders } = await stateOf(t, lock)
  t.equal(permits.floor, 2)
  for (const { leftSeconds } of holders) t.ok(leftSeconds > 30 && leftSeconds <= 90, String(leftSeconds))
})

t.test('flags beat them, and empty ones say nothing', async (t) => {
  const env = { PSL_BIND_HOST: '192.0.2.1', PSL_BIND_PORT: '1', PSL_PARALLEL_LOCKS: '7', PSL_LOCK_DURATION: '7s', PSL_HC_ENABLED: 'true', PSL_HC_ENDPOINTS: 'tcp://127.0.0.1:1' }
  const target = await tcpTarget(t)
  const flags = ['-host=127.0.0.1', '-port', '0', '-locks', '3', '-timeout', '33', '-check', `tcp://127.0.0.1:${target.port}`]
  const lock = await startBy(t, env, flags)
  await until('the check has passed', async () => (await ask(t, lock, '/')).status === 200)
  const { permits, holders, gates } = await stateOf(t, lock)
  t.equal(permits.floor, 3)
  t.ok((holders[0]?.leftSeconds ?? 0) > 20)
  t.same(gates.map(({ name }) => name), [`tcp://127.0.0.1:${target.port}`])

  const empty = { PSL_PARALLEL_LOCKS: '', PSL_LOCK_DURATION: '', PSL_HC_ENABLED: '', PSL_HC_ENDPOINTS: '', PSL_HC_PERIOD_FAIL: '' }
  const other = await startBy(t, empty, ['--host', '127.0.0.1', '--port', '0'])
  t.equal((await ask(t, other, '/')).status, 200)
  t.equal((await stateOf(t, other)).permits.floor, 1)
})

const loopback = ['--host', '127.0.0.1', '--port', '0']

t.test('checks are those of its list, with its periods', async (t) => {
  let status = 503
  const first = await httpTarget(t, (_request, response) => void response.writeHead(status).end())
  const second = await tcpTarget(t)
  const endpoints = ` http://127.0.0.1:${first.port}/health , tcp://127.0.0.1:${second.port},`
  const at = performance.now()
  const lock = await startBy(t, { PSL_HC_ENABLED: 'true', PSL_HC_ENDPOINTS: endpoints, PSL_HC_PERIOD_FAIL: '200ms', PSL_HC_PERIOD_PASS: '300ms' }, loopback)
  await until('a failed check is repeated', () => first.opened() >= 3)
  t.equal((await ask(t, lock, '/')).status, 423)
  status = 200
  await until('the checks have passed', async () => (await ask(t, lock, '/?duration=0')).status === 200)
  const before = first.opened()
  await until('a passed check is repeated', () => first.opened() >= before + 2)
  t.ok(performance.now() - at < 15_000, 'neither by its default')
  t.same((await stateOf(t, lock)).gates.map(({ name }) => name), [`http://127.0.0.1:${first.port}/health`, `tcp://127.0.0.1:${second.port}`])
})

t.test('a check has so much time', async (t) => {
  const silent = await tcpTarget(t)
  const env = { PSL_HC_ENABLED: 'TRUE', PSL_HC_ENDPOINTS: `http://127.0.0.1:${silent.port}`, PSL_HC_TIMEOUT: '300ms' }
  const lock = await startBy(t, env, loopback)
  await until('it is over', async () => (await stateOf(t, lock)).gates[0]?.reason === 'no answer within 0.3 s')
})

for (const enabled of ['False', '0', undefined]) {
  t.test(`its list is not looked at where PSL_HC_ENABLED is ${enabled}`, async (t) => {
    const env = { PSL_HC_ENDPOINTS: 'tcp://127.0.0.1:1', ...(enabled === undefined ? {} : { PSL_HC_ENABLED: enabled }) }
    const lock = await startBy(t, env, loopback)
    t.equal((await ask(t, lock, '/')).status, 200)
    t.same((await stateOf(t, lock)).gates, [])
  })
}

for (const [variable, text, message] of [
  ['PSL_BIND_PORT', '65536', /is not a whole number from 0 to 65535/],
  ['PSL_BIND_PORT', '80a', /is not a whole number/],
  ['PSL_PARALLEL_LOCKS', '0', /is not a whole number from 1 to/],
  ['PSL_LOCK_DURATION', '10 seconds', /is not a number of seconds, or a duration/],
  ['PSL_HC_PERIOD_FAIL', '-1s', /is not a number of seconds, or a duration/],
  ['PSL_HC_PERIOD_PASS', '1x', /is not a number of seconds, or a duration/],
  ['PSL_HC_TIMEOUT', 'soon', /is not a number of seconds, or a duration/],
  ['PSL_HC_ENDPOINTS', 'localhost:9999', /has no scheme|must be http/],
  ['PSL_HC_ENABLED', 'yes', /is not true or false/],
] as const) {
  t.test(`${variable}=${text} ends with 2, and is named`, async (t) => {
    const env = { PSL_HC_ENABLED: 'true', [variable]: text }
    const { code, stderr } = await runUsher(t, ['lock', '--port', '0', '--host', '127.0.0.1', '--state-dir', ''].toSpliced(1, variable === 'PSL_BIND_PORT' ? 2 : 0), { env })
    t.equal(code, 2)
    t.match(stderr, new RegExp(`^usher lock: ${variable}: `))
    t.match(stderr, message)
  })
}
