import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ask, askHeld, jsonOf, startLock, waiters } from '../support/lock-process.ts'
import { until } from '../support/until.ts'

t.jobs = 2

const jumping = fileURLToPath(new URL('fixtures/jumping-date.mjs', import.meta.url))

for (const [direction, jumps] of [['forth', 1], ['back', 2]] as const) {
  t.test(`leases, places and long polls do not care when the wall clock goes ${direction} by a year`, async (t) => {
    const nodeFlags = ['--import', jumping]
    const lock = await startLock(t, ['--strict', '--lease', '1h'], { node: process.execPath, nodeFlags })
    const at = performance.now()
    const elapsed = (): number => performance.now() - at
    await ask(t, lock, '/?uid=holder&pod=shop/holder&duration=6')
    const short = await askHeld(t, lock, '/?uid=short&duration=0', { wait: 3 })
    const granted = await askHeld(t, lock, '/?uid=granted&pod=shop/granted')
    await waiters(t, lock, 2)
    for (let count = 1; count <= jumps; count++) {
      lock.kill('SIGWINCH')
      await until('the clock has moved', () => lock.lines('moved').length === count)
    }
    const year = new Date().getFullYear() + (direction === 'forth' ? 1 : -1)
    const now = String(jsonOf(await ask(t, lock, '/v1/state'))['now'])
    t.equal(new Date(now).getFullYear(), year, 'the state is told by the wall clock')
    const lease = jsonOf(await ask(t, lock, '/v1/leases/holder'))
    t.ok(Number(lease['heldSeconds']) < 30 && Number(lease['leftSeconds']) <= 6, 'spans are told by the other one')
    t.equal((await waiters(t, lock, 2)).waiters.every(({ waitedSeconds }) => waitedSeconds < 30), true)
    t.equal((await short.answer()).status, 423)
    t.ok(elapsed() > 2_990, 'a long poll ends in its time')
    t.equal((await ask(t, lock, '/v1/leases/short', { method: 'DELETE' })).status, 204)
    t.equal((await granted.answer()).status, 200)
    t.ok(elapsed() > 5_990 && elapsed() < 30_000, `the lease ends in its time: ${elapsed()} ms`)
    t.match(await lock.line('released', { cause: 'lease-end' }), { pod: 'shop/holder' })
  })
}
