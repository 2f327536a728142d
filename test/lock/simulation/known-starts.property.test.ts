import * as fc from 'fast-check'
import t from 'tap'
import { defaultQueueSettings, leastReserve } from '../../../src/lock/queue/settings.ts'
import { alike, arbitraryNode, otherAt, type SimulatedNode } from './arbitrary-node.ts'
import { type Granted, QueueLock } from './queue-lock.ts'
import { randomOf, simulate } from './simulate.ts'
import type { Start, Starter } from './starter.ts'

const settings = defaultQueueSettings
const runs = 30
const seeds = Array.from({ length: 5 }, (_, seed) => seed)
const later = (starters: readonly Starter[]): readonly Starter[] => starters.map((each) => ({ ...each, createdAt: 30 }))
const first = (of: Partial<Starter>): readonly Starter[] => [{ name: 'first', createdAt: 0, workS: 8, cores: 1, idleS: 0, ...of }]

/** Eight of one workload, after a first one that was observed alone. */
function eight(cores: number, seed: number, wasS: number, isS: number, lock: QueueLock): readonly Start[] {
  const starters = [...first({ workS: wasS }), ...later(alike(8, { workS: isS }))]
  return simulate({ cores, starters, lock, random: randomOf(seed) }).slice(1)
}

const learning = () => new QueueLock(settings, () => 'web')
const allReadyS = (starts: readonly Start[]): number => Math.max(...starts.map(({ starter, readyAt }) => readyAt - starter.createdAt))

t.test('eight that are known to be light are let in together, and those that are known to be heavy as if nothing were known', async (t) => {
  for (const cores of [2, 4, 16]) {
    let [known, unknown] = [0, 0]
    for (const seed of seeds) {
      const lock = learning()
      known += allReadyS(eight(cores, seed, 0.2, 0.2, lock)) / seeds.length
      if (cores < 16) t.ok(checkTaken(lock, cores) > 0, 'some are granted for idle cores because they are known to be light')
      unknown += allReadyS(eight(cores, seed, 0.2, 0.2, new QueueLock(settings))) / seeds.length
      t.strictSame(eight(cores, seed, 8, 8, learning()), eight(cores, seed, 8, 8, new QueueLock(settings)), `heavy ones on ${cores} cores`)
    }
    t.comment(`${cores} cores: ${known.toFixed(1)} s, and ${unknown.toFixed(1)} s where nothing is known`)
    t.ok(known <= unknown && (cores === 16 || known < unknown - 1), `${known} s, and ${unknown} s where nothing is known`)
  }
})

t.test('of those that were light and are heavy now, no more work at once than their reserves let in; and the next time they are known', async (t) => {
  for (const cores of [2, 4]) {
    for (const seed of seeds) {
      const lock = learning()
      const starters = [...first({ workS: 0.2 }), ...later(alike(12 * cores)), ...later(alike(8)).map((each) => ({ ...each, name: `again-${each.name}`, createdAt: 250 }))]
      let most = 0
      simulate({ cores, starters, lock, random: randomOf(seed), look({ at, starts }) {
        most = Math.max(most, starts.filter(({ beganAt, doneAt }) => beganAt <= at && doneAt > at).length)
      } })
      t.ok(most <= settings.permits + cores / settings.idleCores / leastReserve, `${most} at once on ${cores} cores`)
      t.equal(lock.costs.reserveOf('web', 300_000), 1)
      const again = lock.granted.filter(({ name }) => name.startsWith('again-'))
      t.ok(again.length === 8 && again.every(({ reserve }) => reserve === 1), 'they are known to be heavy')
    }
  }
})

t.test('where nothing is known, or all are of different workloads, all is as without learning', async (t) => {
  fc.assert(
    fc.property(arbitraryNode, (node) => {
      const starts = simulation(node, new QueueLock(settings))
      if (JSON.stringify(simulation(node, new QueueLock(settings, (name) => name))) !== JSON.stringify(starts)) throw new Error('it is not')
    }),
    { numRuns: runs },
  )
  t.pass()
})

t.test('whatever is known, what the young ones take is never more than the cores of the node, beside the floor; and all get up', async (t) => {
  fc.assert(
    fc.property(arbitraryNode, fc.integer({ min: 1, max: 3 }), (node, workloads) => {
      const lock = new QueueLock(settings, (name) => String(Number(name.split('-')[1]) % workloads))
      for (const { starter, readyAt } of simulation(node, lock)) if (readyAt === Infinity) throw new Error(`${starter.name} is not up`)
      checkTaken(lock, node.cores)
    }),
    { numRuns: runs },
  )
  t.pass()
})

/** Throws where more was granted for idle cores than there are; gives how many of these grants were of light ones. */
function checkTaken({ granted: all }: QueueLock, cores: number): number {
  let light = 0
  for (const [index, granted] of all.entries()) {
    if (granted.grant !== 'idle-core') continue
    if (granted.reserve < 1) light++
    const taken = youngAt(granted, all.slice(0, index + 1)).reduce((sum, { reserve }) => sum + reserve, 0)
    if (taken > cores / settings.idleCores + 1e-9) throw new Error(`${taken} cores are taken at ${granted.at}`)
  }
  return light
}

function youngAt({ at }: Granted, granted: readonly Granted[]): readonly Granted[] {
  return granted.filter((other) => other.endedAt > at && at - other.at < 1.5 - 1e-6)
}

function simulation(node: SimulatedNode, lock: QueueLock): readonly Start[] {
  const { cores, psi, seed, starters } = node
  return simulate({ cores, psi, starters, lock, other: otherAt(node), random: randomOf(seed) })
}
