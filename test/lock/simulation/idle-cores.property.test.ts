import * as fc from 'fast-check'
import t from 'tap'
import { defaultQueueSettings } from '../../../src/lock/queue/settings.ts'
import { alike, arbitraryNode, otherAt, type SimulatedNode } from './arbitrary-node.ts'
import { QueueLock } from './queue-lock.ts'
import { perCore, RuleLock } from './rule-lock.ts'
import { randomOf, simulate, type Simulation } from './simulate.ts'
import type { Start } from './starter.ts'

const settings = defaultQueueSettings
const runs = 60
/** A lease that is young takes a core for 1.5 s, another one must have been idle for 0.5 s, and readings have 0.25 s each. */
const reactionS = 1.5 + 0.5 + 2 * 0.25

t.test('everybody gets up, whatever the node has to do', async (t) => {
  fc.assert(
    fc.property(arbitraryNode, (node) => {
      for (const { starter, readyAt } of simulation(node).starts) if (readyAt === Infinity) throw new Error(`${starter.name} is not up`)
    }),
    { numRuns: runs },
  )
  t.pass()
})

t.test('while a core is idle nobody waits for longer than it takes to know', async (t) => {
  let seen = 0
  fc.assert(
    fc.property(arbitraryNode, (node) => {
      let [since, grants] = [0, 0]
      const lock = new QueueLock(settings)
      simulation(node, lock, ({ at, cpus }) => {
        const isWanted = lock.queue.waitingCount > 0 && cpus.cores - cpus.wanted >= 1
        if (!isWanted || lock.granted.length > grants) since = at
        if (isWanted) seen++
        grants = lock.granted.length
        if (at - since > reactionS) throw new Error(`at ${at} a core has been idle for ${at - since} s`)
      })
    }),
    { numRuns: runs },
  )
  t.ok(seen > 10_000, `somebody waited beside an idle core for ${seen} steps`)
})

t.test('never starts more at once, beside the floor, than the cores that were idle', async (t) => {
  let extra = 0
  fc.assert(
    fc.property(arbitraryNode, (node) => {
      const lock = new QueueLock(settings)
      simulation(node, lock)
      for (const [index, { at, grant }] of lock.granted.entries()) {
        if (grant !== 'idle-core') continue
        extra++
        const young = lock.granted.slice(0, index + 1).filter((other) => other.endedAt > at && at - other.at < 1.5 - 1e-6).length
        if (young > node.cores / settings.idleCores) throw new Error(`${young} within 1.5 s at ${at}`)
      }
    }),
    { numRuns: runs },
  )
  t.ok(extra > runs, `${extra} were granted for idle cores`)
})

t.test('of starters that take a core each, no more work at once than the cores and the floor explain; and cores are not left alone', async (t) => {
  for (const cores of [1, 2, 4, 8, 16]) {
    let [most, idle, all] = [0, 0, 0]
    for (let seed = 0; seed < 15; seed++) {
      const lock = new QueueLock(settings)
      const starters = alike(4 * cores + 4, { workS: 4 })
      simulate({ cores, starters, lock, random: randomOf(seed), look({ at, starts, cpus }) {
        const working = starts.filter(({ beganAt, doneAt }) => beganAt <= at && doneAt > at).length
        most = Math.max(most, working)
        // The first has its core by then.
        if (lock.queue.waitingCount === 0 || starts.every(({ doneAt }) => doneAt > at)) return
        all++
        idle += Math.max(0, cores - cpus.wanted) / cores
      } })
    }
    t.comment(`${cores} cores: ${most} at once, ${Math.round((100 * idle) / all)} % idle`)
    t.ok(most <= settings.permits + cores / settings.idleCores, `${most} on ${cores} cores`)
    t.ok(idle / all < 0.35, `${idle / all} of ${cores} cores are idle while somebody waits`)
  }
})

t.test('who waits for something else holds up nobody', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 15 }), fc.constantFrom(2, 4, 16), fc.boolean(), fc.integer(), (count, cores, psi, seed) => {
      const starters = [...alike(count, { workS: 0.2, idleS: 100 }), { ...alike(1)[0], name: 'last', createdAt: 20 } as Start['starter']]
      const starts = simulate({ cores, psi, starters, lock: new QueueLock(settings), random: randomOf(seed), mostS: 60 })
      const last = starts.at(-1)
      const waited = (last?.grantedAt ?? Infinity) - (last?.askedAt ?? 0)
      if (waited > (1.5 * count) / cores + reactionS) throw new Error(`it waited for ${waited} s`)
    }),
    { numRuns: 60 },
  )
  t.pass()
})

const stat = '/proc/stat'
const bad: Readonly<Record<string, NonNullable<Simulation['garble']>>> = {
  'nothing can be read': () => undefined,
  'the CPUs cannot be read': (path, text) => (path === stat ? undefined : text),
  'all is empty': () => '',
  'all is zero': (_path, text) => text.replaceAll(/\d+(?=[ \n])/g, '0'),
  'nothing goes on': (path) => (path === stat ? 'cpu  5 0 0 5 0 0 0 0\ncpu0 5 0 0 5 0 0 0 0\n' : 'some avg10=0 total=5\n'),
  'all goes backwards': (_path, text, at) => text.replace(/(?<=^cpu {2}\d+ 0 0 )\d+|(?<=^some .*total=)\d+/m, String(1_000_000 - Math.floor(100 * at))),
  'pressure comes and goes': (path, text, at) => (path !== stat && Math.floor(4 * at) % 2 === 0 ? undefined : text),
  'numbers are too large': (_path, text) => text.replace(/(?<=^cpu {2}|total=)\d+/gm, '9'.repeat(25)),
}

t.test('readings that cannot be grant nothing beyond the floor', async (t) => {
  for (const [what, garble] of Object.entries(bad)) {
    const lock = new QueueLock(settings)
    const starts = simulate({ cores: 16, starters: alike(6, { workS: 0.2 }), lock, random: randomOf(1), garble })
    t.same(new Set(lock.granted.map(({ grant }) => grant)), new Set(['floor']), what)
    t.ok(starts.every(({ readyAt }) => readyAt < 60), 'and all get up')
  }
  const sound = new QueueLock(settings)
  simulate({ cores: 16, starters: alike(6, { workS: 0.2 }), lock: sound, random: randomOf(1) })
  t.equal(sound.granted.filter(({ grant }) => grant === 'idle-core').length, 5, 'sound ones do')
})

t.test('cores that go off line count no more', async (t) => {
  const lock = new QueueLock(settings)
  const online = (at: number): number => (at < 10 ? 8 : 1)
  simulate({ cores: 8, starters: alike(8, { createdAt: 12, workS: 0.2, idleS: 30 }), lock, random: randomOf(1), online })
  for (const [index, { at }] of lock.granted.entries()) {
    const before = lock.granted[index - 1]
    t.ok(before === undefined || at - before.at >= 1.5, `${at}: one after the other`)
  }
})

t.test('of the rules that are compared, the one that the queue has does the same', async (t) => {
  for (const starters of [alike(8, { workS: 0.2 }), alike(8), [...alike(5, { idleS: 10 }), { ...alike(1)[0], name: 'late', createdAt: 9 } as Start['starter']]]) {
    for (const cores of [2, 4, 16]) {
      const [queue, rule] = [new QueueLock(settings), new RuleLock(perCore(0.8, 500, 1_500))].map((lock) => simulate({ cores, starters, lock, random: randomOf(cores) }))
      t.strictSame(queue, rule)
    }
  }
})

function simulation(node: SimulatedNode, lock = new QueueLock(settings), look: Simulation['look'] = () => {}) {
  const { cores, psi, seed, starters } = node
  return { lock, starts: simulate({ cores, psi, starters, lock, other: otherAt(node), random: randomOf(seed), look }) }
}
