import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { buildLockMetrics } from '../../src/lock/metrics.ts'
import { noPods } from '../../src/lock/pods.ts'
import { defaultQueueSettings } from '../../src/lock/queue/settings.ts'
import { LockService } from '../../src/lock/service.ts'
import { openStateFile } from '../../src/lock/state-file.ts'
import { FakeClock } from '../support/fake-clock.ts'

const log = pino({ level: 'silent' })
const name = 'lock.json'

/** A lock with these gates, on the state in a folder, at a time. */
function lockAt(folder: string, clock: FakeClock, gates: readonly string[]): LockService {
  const store = openStateFile({ folder, name, boot: 'this', log, failed: () => {} })
  return new LockService({ settings: defaultQueueSettings, gates, clock, pods: noPods, store, metrics: buildLockMetrics(new Registry()), log })
}

/** The folder of a lock that has had two closed gates for 400 s. */
function keptFolder(t: Test, clock: FakeClock): string {
  const folder = t.testdir({})
  const lock = lockAt(folder, clock, ['dns', 'old'])
  clock.advance(400_000)
  lock.close()
  return folder
}

t.test('how long a gate has been closed outlasts a restart; one that is there no more is left out', async (t) => {
  const clock = new FakeClock()
  const folder = keptFolder(t, clock)
  t.match(JSON.parse(readFileSync(join(folder, name), 'utf8')), { v: 1, gates: [{ name: 'dns', since: 0, overdue: false }, { name: 'old' }] })
  const next = lockAt(folder, clock, ['dns'])
  t.match(next.gates(), [{ name: 'dns', open: false, overdue: false, since: 0, reason: 'not checked yet' }])
  t.equal([...next.queue.closedGates()].length, 1)
  clock.advance(200_000)
  t.match(next.gates(), [{ overdue: true }], 'after ten minutes in all')
})

t.test('a state of before, which says nothing of gates, is taken', async (t) => {
  const clock = new FakeClock()
  const folder = keptFolder(t, clock)
  const { gates: _gates, opened: _opened, ...before } = JSON.parse(readFileSync(join(folder, name), 'utf8'))
  writeFileSync(join(folder, name), JSON.stringify(before))
  t.match(openStateFile({ folder, name, boot: 'this', log, failed: () => {} }).load(clock.now()), { leases: [], gates: [], opened: [] })
  t.match(lockAt(folder, clock, ['dns']).gates(), [{ name: 'dns', since: 400_000 }])
})

t.test('since when pods wait for what they depend on outlasts a restart; a state of before says nothing of that', async (t) => {
  const clock = new FakeClock()
  const folder = keptFolder(t, clock)
  const open = () => openStateFile({ folder, name, boot: 'this', log, failed: () => {} })
  const kept = open().load(clock.now())
  t.equal(kept?.gated, undefined)
  if (kept === undefined) return
  open().save({ ...kept, gated: [{ uid: 'web', since: 7 }] })
  t.strictSame(open().load(clock.now())?.gated, [{ uid: 'web', since: 7 }])
  for (const odd of [[{ uid: 'web' }], [{ uid: 7, since: 7 }], [{ uid: 'web', since: -1 }], {}, [null]]) {
    writeFileSync(join(folder, name), JSON.stringify({ v: 1, boot: 'this', ...kept, gated: odd }))
    t.equal(open().load(clock.now()), undefined, JSON.stringify(odd))
  }
})
