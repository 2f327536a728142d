import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ask, askHeld, jsonOf, type LockProcess, startLock, stateFolder, stateOf, waiters, type WireConnection } from '../support/lock-process.ts'
import { until } from '../support/until.ts'
import { runUsher } from '../support/usher-process.ts'
import { readMetric } from '../support/webhook.ts'

t.jobs = 2

const strict = ['--strict', '--timeout', '1h', '--lease', '1h']
const fileName = 'lock-0.json'

const remove = (t: Test, lock: LockProcess, uid: string) => ask(t, lock, `/v1/leases/${uid}`, { method: 'DELETE' })

/** A lock with a holder and three who wait, in a folder that the next one gets. */
async function busyLock(t: Test): Promise<{ folder: string; lock: LockProcess; held: readonly WireConnection[] }> {
  const folder = stateFolder(t)
  const lock = await startLock(t, [...strict, '--state-dir', folder])
  await ask(t, lock, '/?uid=holder&pod=shop/holder')
  const held: WireConnection[] = []
  for (const [index, uid] of ['first', 'second', 'third'].entries()) {
    held.push(await askHeld(t, lock, `/?uid=${uid}&pod=shop/${uid}`))
    await waiters(t, lock, index + 1)
  }
  return { folder, lock, held }
}

/** Waits until the file names a uid. */
const kept = (folder: string, uid: string) => until(`the file knows ${uid}`, () => readText(join(folder, fileName)).includes(`uid:${uid}"`))

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  t.test(`leases and order outlast a ${signal}`, async (t) => {
    const { folder, lock, held } = await busyLock(t)
    await askHeld(t, lock, '/')
    await waiters(t, lock, 4)
    await kept(folder, 'third')
    lock.kill(signal)
    const ended = await lock.ended
    t.same(ended, signal === 'SIGTERM' ? { code: 0, signal: null } : { code: null, signal })
    if (signal === 'SIGTERM') {
      for (const connection of held) {
        const answer = await connection.answer()
        t.same([answer.status, answer.headers['connection']], [423, 'close'], 'who waits is told')
      }
    }

    const next = await startLock(t, [...strict, '--state-dir', folder])
    t.match(await next.line('going on where it was'), { leases: 1, waiting: 3 })
    const { holders, waiters: places } = await stateOf(t, next)
    t.match(holders, [{ pod: 'shop/holder', identified: true }])
    t.ok((holders[0]?.heldSeconds ?? 0) > 0, 'the time of the lease goes on')
    t.same(places.map(({ pod, connected }) => [pod, connected]), [['shop/first', false], ['shop/second', false], ['shop/third', false]], 'without the anonymous one')
    t.equal((await ask(t, next, '/?uid=holder')).status, 200, 'the holder has it still')
    // They come back in another order.
    const again = new Map<string, WireConnection>()
    for (const uid of ['third', 'new', 'second', 'first']) {
      again.set(uid, await askHeld(t, next, `/?uid=${uid}&pod=shop/${uid}`))
      await until(`${uid} is there`, async () => (await stateOf(t, next)).waiters.some(({ pod, connected }) => pod === `shop/${uid}` && connected))
    }
    for (const [before, uid] of [['holder', 'first'], ['first', 'second'], ['second', 'third'], ['third', 'new']] as const) {
      t.equal((await remove(t, next, before)).status, 204)
      t.equal((await again.get(uid)?.answer())?.status, 200, uid)
      t.same((await stateOf(t, next)).holders.map(({ pod }) => pod), [`shop/${uid}`])
    }
  })
}

t.test('who does not come back after a restart loses its place, and the others go on', async (t) => {
  const { folder, lock } = await busyLock(t)
  await kept(folder, 'third')
  lock.kill('SIGKILL')
  await lock.ended
  const next = await startLock(t, [...strict, '--state-dir', folder])
  const third = await askHeld(t, next, '/?uid=third')
  await waiters(t, next, 1)
  t.equal((await ask(t, next, '/?uid=holder')).status, 200, 'a lease that was claimed is kept without its pod')
  await remove(t, next, 'holder')
  t.equal((await third.answer()).status, 200)
})

t.test('a lease that has ended meanwhile is over, and one that has not ends in its time', async (t) => {
  const folder = stateFolder(t)
  const lock = await startLock(t, [...strict, '--locks', '2', '--state-dir', folder])
  const at = performance.now()
  await ask(t, lock, '/?uid=short&duration=1')
  await ask(t, lock, '/?uid=long&duration=6')
  await kept(folder, 'long')
  lock.kill('SIGKILL')
  await lock.ended
  await until('the first is over', () => performance.now() - at > 1_100)
  const next = await startLock(t, [...strict, '--locks', '2', '--state-dir', folder])
  t.equal((await ask(t, next, '/v1/leases/short')).status, 404)
  const lease = await ask(t, next, '/v1/leases/long')
  if (lease.status === 200) t.ok(Number(jsonOf(lease)['leftSeconds']) < 5, 'the restart gives it no new time')
  await until('it ends', async () => (await ask(t, next, '/v1/leases/long')).status === 404)
  t.ok(performance.now() - at > 5_900, 'and not before')
})

t.test('only the owner may read the file, which appears as a whole', async (t) => {
  const folder = join(stateFolder(t), 'made', 'here')
  const lock = await startLock(t, [...strict, '--state-dir', folder])
  await ask(t, lock, '/?uid=a')
  t.same(readdirSync(folder), [fileName])
  t.equal(statSync(join(folder, fileName)).mode & 0o777, 0o600)
  t.match(JSON.parse(readText(join(folder, fileName))), { v: 1, leases: [{ key: 'uid:a' }] }, 'it is there before the answer')
  chmodSync(join(folder, fileName), 0o644)
  await remove(t, lock, 'a')
  t.equal(statSync(join(folder, fileName)).mode & 0o777, 0o600)
  t.match(JSON.parse(readText(join(folder, fileName))), { leases: [] })
})

t.test('anonymous clients are not kept waiting by the file, and are not in it', async (t) => {
  const folder = stateFolder(t)
  const lock = await startLock(t, [...strict, '--state-dir', folder])
  await ask(t, lock, '/?uid=a')
  await askHeld(t, lock, '/')
  await waiters(t, lock, 1)
  await askHeld(t, lock, '/?uid=b')
  await kept(folder, 'b')
  t.notMatch(readText(join(folder, fileName)), 'anonymous')
})

/** The file of a lock with one lease. */
async function keptState(t: Test): Promise<Record<string, unknown>> {
  const lock = await startLock(t, strict)
  await ask(t, lock, '/?uid=old&pod=shop/old')
  const text = readText(join(lock.folder, fileName))
  lock.kill('SIGKILL')
  await lock.ended
  return JSON.parse(text)
}

/** Starts a lock on a file with this text. */
async function startOn(t: Test, text: string | Uint8Array): Promise<{ lock: LockProcess; folder: string }> {
  const folder = stateFolder(t)
  writeFileSync(join(folder, fileName), text)
  return { folder, lock: await startLock(t, [...strict, '--state-dir', folder]) }
}

t.test('a file that is damaged is set aside, and the lock runs', async (t) => {
  const state = await keptState(t)
  const [lease] = state['leases'] as Record<string, unknown>[]
  const damaged: readonly (readonly [what: string, text: string | Uint8Array])[] = [
    ['cut', JSON.stringify(state).slice(0, 100)],
    ['no JSON', Buffer.from([0, 0xff, 0xfe, 0x80])],
    ['of another version', JSON.stringify({ ...state, v: 2 })],
    ['with a lease twice', JSON.stringify({ ...state, leases: [lease, lease] })],
    ['with a lease that never ends', JSON.stringify({ ...state, leases: [{ ...lease, endsAt: null }] })],
    ['with a crash loop that may be one', JSON.stringify({ ...state, leases: [{ ...lease, crashing: 'perhaps' }] })],
    ['with a gate of no time', JSON.stringify({ ...state, gates: [{ name: 'tcp://db:1', since: 'long', overdue: false }] })],
    ['with a start that takes no number', JSON.stringify({ ...state, leases: [{ ...lease, reserve: 'much' }] })],
    ['without places', JSON.stringify({ ...state, waiting: undefined })],
  ]
  for (const [what, text] of damaged) await t.test(what, async (t) => {
    const { lock, folder } = await startOn(t, text)
    const aside = join(folder, `${fileName}.damaged`)
    t.match(await lock.line('the state is damaged; it was set aside, starting without'), { level: 'error', aside }, what)
    t.same(readFileSync(aside), Buffer.from(text), `${what}: it is kept for people`)
    t.equal((await ask(t, lock, '/?uid=new')).status, 200, `${what}: the lock is free`)
    t.match(JSON.parse(readText(join(folder, fileName))), { v: 1, leases: [{ key: 'uid:new' }] }, `${what}: a new file`)
  })
})

t.test('a file of another boot, or of a clock that is ahead, is left alone', async (t) => {
  const state = await keptState(t)
  for (const [what, changes] of [
    ['another boot', { boot: '00000000-0000-0000-0000-000000000000' }],
    ['a clock that is ahead', { now: Number(state['now']) + 86_400_000 }],
  ] as const) {
    const { lock, folder } = await startOn(t, JSON.stringify({ ...state, ...changes }))
    t.match(await lock.line('the state is of another boot; starting without'), { level: 'info' }, what)
    t.same((await stateOf(t, lock)).holders, [], what)
    t.notOk(existsSync(join(folder, `${fileName}.damaged`)), what)
    t.equal((await ask(t, lock, '/?uid=new')).status, 200, what)
    lock.kill('SIGKILL')
  }
  const { lock } = await startOn(t, JSON.stringify(state))
  t.match((await stateOf(t, lock)).holders, [{ pod: 'shop/old' }], 'unchanged, it is taken')
})

t.test('a lease of the file never lasts for more than an hour', async (t) => {
  const state = await keptState(t)
  const [lease] = state['leases'] as Record<string, unknown>[]
  const { lock } = await startOn(t, JSON.stringify({ ...state, leases: [{ ...lease, endsAt: 1e15 }] }))
  const left = (await stateOf(t, lock)).holders[0]?.leftSeconds ?? 0
  t.ok(left > 3_000 && left <= 3_600, String(left))
})

t.test('a crash loop outlasts a restart, and a file of before tells of none', async (t) => {
  const state = await keptState(t)
  const [lease] = state['leases'] as Record<string, unknown>[]
  t.equal(lease?.['crashing'], false)
  for (const [crashing, status] of [[undefined, 423], [true, 200]] as const) {
    const { lock } = await startOn(t, JSON.stringify({ ...state, leases: [{ ...lease, crashing }] }))
    t.equal((await ask(t, lock, '/?uid=new')).status, status, `crashing: ${crashing}`)
  }
})

t.test('what a start takes of a core outlasts a restart, and a file of before knows of none that takes less than one', async (t) => {
  const state = await keptState(t)
  const [lease] = state['leases'] as Record<string, unknown>[]
  for (const [reserve, expected] of [[undefined, 1], [0.3, 0.3]] as const) {
    const { lock, folder } = await startOn(t, JSON.stringify({ ...state, leases: [{ ...lease, reserve }] }))
    t.equal((await ask(t, lock, '/?uid=new')).status, 423)
    await kept(folder, 'new')
    t.match(JSON.parse(readText(join(folder, fileName))), { leases: [{ key: 'uid:old', reserve: expected }] })
  }
})

t.test('a folder that cannot be written is warned of once, and the lock works', async (t) => {
  const file = join(stateFolder(t), 'file')
  writeFileSync(file, '')
  const lock = await startLock(t, [...strict, '--state-dir', join(file, 'folder')])
  for (const uid of ['a', 'b', 'c']) {
    t.equal((await ask(t, lock, `/?uid=${uid}`)).status, 200)
    t.equal((await remove(t, lock, uid)).status, 204)
  }
  t.match(await lock.line('the state cannot be written; a restart would lose the queue'), { level: 'warn' })
  lock.kill('SIGTERM')
  t.same(await lock.ended, { code: 0, signal: null })
  t.equal(lock.lines('the state cannot be written; a restart would lose the queue').length, 1)
})

t.test('failures to write are counted, and mended by themselves', async (t) => {
  const folder = stateFolder(t)
  const state = join(folder, 'state')
  writeFileSync(state, '')
  const lock = await startLock(t, [...strict, '--state-dir', state])
  await ask(t, lock, '/?uid=a')
  t.ok(readMetric((await ask(t, lock, '/metrics')).body, 'usher_lock_state_save_failures_total') > 0)
  rmSync(state)
  await remove(t, lock, 'a')
  t.same(readdirSync(state), [fileName])
})

t.test('with an empty --state-dir nothing is written or read', async (t) => {
  const lock = await startLock(t, [...strict, '--state-dir', ''], { cwd: stateFolder(t) })
  await ask(t, lock, '/?uid=a')
  t.same(readdirSync(lock.folder), [])
  lock.kill('SIGTERM')
  await lock.ended
  t.same(lock.lines('the state cannot be written; a restart would lose the queue'), [])
})

t.test('a second lock on the same port says so, and leaves the state of the first alone', async (t) => {
  const { folder, lock } = await busyLock(t)
  await kept(folder, 'third')
  const named = join(folder, `lock-${lock.port}.json`)
  writeFileSync(named, readText(join(folder, fileName)))
  const second = await runUsher(t, ['lock', '--host', '127.0.0.1', '--port', String(lock.port), '--state-dir', folder])
  t.equal(second.code, 1)
  t.match(second.stderr, `port ${lock.port} is taken; is another lock running here?`)
  t.equal(readText(named), readText(join(folder, fileName)))
})
