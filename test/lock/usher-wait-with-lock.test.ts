// usher-wait against servers that speak as the older lock: test/native/wait/request.test.ts.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { missingCommand } from '../native/support/commands.ts'
import { type Running, startWait } from '../native/wait/support/program.ts'
import { httpTarget } from '../support/check-target.ts'
import { ask, connectTo, freePort, type LockProcess, requestOf, startLock, stateFolder, stateOf, waiters, type WireConnection } from '../support/lock-process.ts'
import { until } from '../support/until.ts'

t.jobs = 2

const skip = missingCommand('make', 'cc')
const strict = ['--strict', '--timeout', '1h', '--lease', '1h']

const waitFor = (t: Test, lock: { readonly port: number }, args: readonly string[]): Running => startWait(t, ['--host=127.0.0.1', `--port=${lock.port}`, ...args])
const identity = (name: string, namespace = 'shop'): readonly string[] => [`--pod=${namespace}/${name}`, `--uid=uid-${name}`]
const remove = (t: Test, lock: { readonly port: number }, name: string) => ask(t, lock, `/v1/leases/uid-${name}`, { method: 'DELETE' })

t.test('is granted, by name and without one', { skip }, async (t) => {
  const lock = await startLock(t, [...strict, '--locks', '2'])
  const named = await waitFor(t, lock, [...identity('api'), '--duration=30']).finish()
  t.equal(named.code, 0)
  t.match(named.lines.at(-1), /^got the startup lock/)
  const nameless = await waitFor(t, lock, []).finish()
  t.equal(nameless.code, 0)
  const { holders } = await stateOf(t, lock)
  t.match(holders, [{ pod: 'shop/api', identified: true }, { pod: null, identified: false }])
  t.ok((holders[0]?.leftSeconds ?? 99) <= 30)
})

t.test('says who starts, within its own namespace', { skip }, async (t) => {
  const lock = await startLock(t, strict)
  await ask(t, lock, '/?uid=uid-api&pod=shop/api')
  const first = waitFor(t, lock, identity('first'))
  await first.line(/^waiting for the startup lock of this node: next \(holder shop\/api, \d+ s\)$/)
  await waiters(t, lock, 1)
  const second = waitFor(t, lock, identity('second'))
  await second.line(/^waiting for the startup lock of this node: 1 ahead \(holder shop\/api, \d+ s\)$/)
  await waiters(t, lock, 2)
  const other = waitFor(t, lock, identity('vault', 'bank'))
  t.match(await other.line(/ahead/), /: 2 ahead \(holder not shown, \d+ s\)$/)
  await waiters(t, lock, 3)
  for (const [before, name, waiting] of [['api', 'first', first], ['first', 'second', second], ['second', 'vault', other]] as const) {
    t.equal((await remove(t, lock, before)).status, 204)
    t.equal((await waiting.finish()).code, 0, name)
  }
  t.notMatch(other.lines().join('\n'), /shop/)
})

t.test('says which check holds everybody up', { skip }, async (t) => {
  let status = 503
  const target = await httpTarget(t, (_request, response) => void response.writeHead(status).end())
  const name = `http://127.0.0.1:${target.port}`
  const lock = await startLock(t, [...strict, '--check', `http://user:secret@127.0.0.1:${target.port}?token=secret`, '--failHc', '0'])
  await until('the failure is known', async () => (await stateOf(t, lock)).gates[0]?.reason === 'answers 503')
  const waiting = waitFor(t, lock, identity('api'))
  const line = await waiting.line(/waiting for the startup lock/)
  t.match(line, new RegExp(`^waiting for the startup lock of this node: waiting for ${name} \\(answers 503, \\d+ s\\), next$`))
  status = 200
  const { code, lines } = await waiting.finish()
  t.equal(code, 0)
  t.notMatch(lines.join('\n'), 'secret')
})

t.test('SIGTERM gives back its place', { skip }, async (t) => {
  const lock = await startLock(t, strict)
  await ask(t, lock, '/?uid=uid-api&pod=shop/api')
  const waiting = waitFor(t, lock, identity('first'))
  await until('it is held', async () => (await stateOf(t, lock)).waiters[0]?.connected)
  waiting.kill('SIGTERM')
  const { code, lines } = await waiting.finish()
  t.equal(code, 143)
  t.match(lines.at(-1), /its place is given back$/)
  await waiters(t, lock, 0)
  t.match(await lock.line('left the queue'), { pod: 'shop/first', cause: 'given-back' })
})

t.test('SIGTERM gives back its place also where its request is not held', { skip }, async (t) => {
  const lock = await startLock(t, strict)
  await ask(t, lock, '/?uid=uid-api&pod=shop/api')
  const waiting = waitFor(t, lock, [...identity('first'), '--pause=10m'])
  await waiting.line(/next/)
  waiting.kill('SIGTERM')
  t.equal((await waiting.finish()).code, 143)
  await waiters(t, lock, 0)
  t.match(await lock.line('left the queue'), { pod: 'shop/first', cause: 'given-back' })
})

t.test('anonymous ones are served in the order of their requests', { skip }, async (t) => {
  const lock = await startLock(t, strict)
  await ask(t, lock, '/?uid=uid-api')
  const [first, second] = [waitFor(t, lock, ['--duration=1']), waitFor(t, lock, ['--duration=1'])]
  await waiters(t, lock, 2)
  await remove(t, lock, 'api')
  t.same((await Promise.all([first.finish(), second.finish()])).map(({ code }) => code), [0, 0])
})

/** Follows the events of a lock: how many leases held at most, and who was granted, in order. */
function readEvents(connection: WireConnection): { readonly most: number; readonly granted: readonly string[]; readonly now: number } {
  const granted: string[] = []
  let [now, most] = [0, 0]
  for (const [, kind, data = ''] of connection.rest().matchAll(/event: (\w+)\r?\ndata: (.*)\n/g)) {
    if (kind === 'granted') {
      granted.push(String(JSON.parse(data).pod))
      most = Math.max(most, ++now)
    } else if (kind === 'released') now--
  }
  return { most, granted, now }
}

async function follow(t: Test, lock: { readonly port: number }): Promise<WireConnection> {
  const connection = await connectTo(t, lock)
  connection.send(requestOf('GET /v1/events', { 'Last-Event-ID': 0 }))
  await until('the events begin', () => connection.rest().includes(': usher'))
  return connection
}

t.test('of twelve, never more than the permits start at once, and all do', { skip }, async (t) => {
  const lock = await startLock(t, [...strict, '--locks', '2'])
  const events = await follow(t, lock)
  const names = Array.from({ length: 12 }, (_each, index) => `p${index}`)
  const waits = names.map((name) => waitFor(t, lock, identity(name)))
  for (let ended = 0; ended < names.length; ended++) {
    const pod = await until(`grant ${ended} comes`, () => readEvents(events).granted[ended])
    t.equal((await remove(t, lock, pod.replace('shop/', ''))).status, 204)
  }
  t.same((await Promise.all(waits.map((each) => each.finish()))).map(({ code }) => code), names.map(() => 0))
  await until('all have ended', () => readEvents(events).now === 0)
  const { most, granted } = readEvents(events)
  t.equal(most, 2)
  t.same(granted.toSorted(), names.map((name) => `shop/${name}`).toSorted(), 'each once')
})

t.test('who waits keeps its place while the lock is killed and comes back', { skip }, async (t) => {
  const port = await freePort()
  const folder = stateFolder(t)
  const flags = [...strict, '--port', String(port), '--state-dir', folder]
  const first = await startLock(t, flags)
  await ask(t, first, '/?uid=uid-holder&pod=shop/holder')
  const names = ['a', 'b', 'c', 'd', 'e']
  const waits: Running[] = []
  for (const [index, name] of names.entries()) {
    waits.push(waitFor(t, first, [...identity(name), '--pause=100ms', '--duration=3600']))
    await waiters(t, first, index + 1)
  }
  const order: string[] = []
  let lock: LockProcess = first
  let holder = 'holder'
  for (const name of names) {
    // Their order is written a moment later than a grant is.
    await until('all who wait are held', async () => {
      const { waiters: places } = await stateOf(t, lock)
      return places.length === names.length - order.length && places.every(({ connected }) => connected)
    })
    await until('the file knows them', async () => keptPlaces(folder, port) === names.length - order.length)
    lock.kill('SIGKILL')
    await lock.ended
    lock = await startLock(t, flags)
    t.equal((await stateOf(t, lock)).holders[0]?.pod, `shop/${holder}`, 'the lease is kept')
    t.equal((await remove(t, lock, holder)).status, 204)
    const { holders } = await until('the next is granted', async () => {
      const state = await stateOf(t, lock)
      return state.holders.length === 1 && state
    })
    const { code, lines } = await (waits[names.indexOf(name)] as Running).finish()
    t.equal(code, 0, name)
    t.equal(lines.filter((line) => line.startsWith('got the startup lock')).length, 1)
    holder = String(holders[0]?.pod).replace('shop/', '')
    order.push(holder)
  }
  t.same(order, names)
  await remove(t, lock, holder)
  const { holders, waiters: left } = await stateOf(t, lock)
  t.same([holders, left], [[], []])
})

function keptPlaces(folder: string, port: number): number {
  try {
    return JSON.parse(readFileSync(join(folder, `lock-${port}.json`), 'utf8')).waiting.length
  } catch {
    return -1
  }
}

t.test('SIGTERM of the lock: who waits comes back by itself', { skip }, async (t) => {
  const port = await freePort()
  const folder = stateFolder(t)
  const flags = [...strict, '--port', String(port), '--state-dir', folder]
  const first = await startLock(t, flags)
  await ask(t, first, '/?uid=uid-holder')
  const waiting = waitFor(t, first, [...identity('a'), '--pause=100ms'])
  await until('it is held', async () => (await stateOf(t, first)).waiters[0]?.connected)
  first.kill('SIGTERM')
  t.equal((await first.ended).code, 0)
  await waiting.line(/connection refused/)
  const next = await startLock(t, flags)
  await until('it is held again', async () => (await stateOf(t, next)).waiters[0]?.connected)
  await remove(t, next, 'holder')
  t.equal((await waiting.finish()).code, 0)
})

t.test('a client of the older fork’s variables works with it as well', { skip }, async (t) => {
  const lock = await startLock(t, strict)
  const env = { PSL_LOCK_HOST: '127.0.0.1', PSL_LOCK_PORT: String(lock.port), PSL_LOCK_DURATION: '45s' }
  t.equal((await startWait(t, [], { env }).finish()).code, 0)
  t.ok(((await stateOf(t, lock)).holders[0]?.leftSeconds ?? 99) <= 45)
})
