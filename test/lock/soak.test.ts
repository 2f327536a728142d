import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ask, stateFolder, stateOf } from '../support/lock-process.ts'
import { type LockWithHeap, startLockWithHeap } from '../support/lock-with-heap.ts'
import { SoakClient } from '../support/soak-client.ts'
import { until } from '../support/until.ts'

const clientCount = 500
const warmUp = 2_000
const acquisitions = 20_000
const mostMoreBytes = 3 * 1_048_576
// Short leases: who vanishes with one keeps the others waiting.
const flags = ['--locks', '50', '--strict', '--timeout', '1', '--lease', '2s']

t.setTimeout(300_000)

t.test('keeps nothing of 20,000 starts by 500 clients that wait, vanish and come back', async (t) => {
  const folder = stateFolder(t)
  const lock = await startLockWithHeap(t, ['--state-dir', folder, ...flags])
  const descriptors = lock.descriptors()
  await soak(t, lock, warmUp)
  await nobodyIsLeft(t, lock)
  const before = await lock.heap()
  await soak(t, lock, acquisitions)
  await nobodyIsLeft(t, lock)
  await until('all connections are closed', () => lock.descriptors() === descriptors)
  t.equal(lock.descriptors(), descriptors, 'descriptors')

  const after = await lock.heap()
  t.ok(after.heapUsed - before.heapUsed <= mostMoreBytes, `the heap has grown by ${mib(after.heapUsed - before.heapUsed)} to ${mib(after.heapUsed)}`)
  const metrics = await scrape(t, lock)
  const grants = sumOf(metrics, 'usher_lock_grants_total')
  t.ok(grants >= warmUp + acquisitions, `${grants} grants`)
  t.equal(sumOf(metrics, 'usher_lock_releases_total'), grants, 'each is released once')
  t.equal(sumOf(metrics, 'usher_lock_wait_seconds_count'), grants, 'each wait is measured')
  t.equal(sumOf(metrics, 'usher_lock_hold_seconds_count'), grants, 'and each hold')
  t.equal(sumOf(metrics, 'usher_lock_permits_used'), 0)
  t.equal(sumOf(metrics, 'usher_lock_waiting'), 0)
  t.equal(sumOf(metrics, 'usher_lock_state_save_failures_total'), 0)
  t.ok(sumOf(metrics, 'usher_lock_dropped_total') > 0, 'some have left the queue')
  await until('the file holds nothing', () => /"leases":\[\],"waiting":\[\]/.test(readFileSync(join(folder, 'lock-0.json'), 'utf8')))
})

/** Lets the clients ask until so many grants are known to them, and go. */
async function soak(t: Test, { port }: LockWithHeap, count: number): Promise<void> {
  let known = 0
  const clients = Array.from({ length: clientCount }, (_, index) => new SoakClient(port, index))
  await Promise.all(
    clients.map(async (client) => {
      while (known < count) {
        if (!(await client.next())) continue
        known++
        if (known % warmUp === 0) t.comment(`${known} of ${count}`)
      }
      client.close()
    }),
  )
}

/** Waits until the last leases have ended, and the places of those who vanished. */
async function nobodyIsLeft(t: Test, lock: LockWithHeap): Promise<void> {
  await until('nobody starts or waits', async () => {
    const { holders, waiters, permits } = await stateOf(t, lock)
    return holders.length + waiters.length + permits.used === 0
  })
}

async function scrape(t: Test, lock: LockWithHeap): Promise<string> {
  const { body } = await ask(t, lock, '/metrics')
  return body
}

function sumOf(metrics: string, name: string): number {
  const samples = metrics.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
  return samples.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

function mib(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(2)} MiB`
}
