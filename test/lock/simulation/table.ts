/**
 * Prints what the bounds of an idle core, and other rules, do to starts on simulated nodes.
 *
 *     node test/lock/simulation/table.ts
 */
import { defaultQueueSettings, type QueueSettings } from '../../../src/lock/queue/settings.ts'
import { alike } from './arbitrary-node.ts'
import { QueueLock } from './queue-lock.ts'
import { burst, perCore, type Rule, RuleLock, spaced } from './rule-lock.ts'
import { randomOf, simulate, type SimulatedLock } from './simulate.ts'
import type { Starter } from './starter.ts'

const seeds = 20

const light = alike(8, { workS: 0.2 })
const heavy = alike(8)
// At a boot, all at once: of three, one waits for something else.
const boot = Array.from({ length: 18 }, (_, index) => ({ ...alike(1, { createdAt: 0, ...(index % 3 === 1 ? { workS: 0.2, idleS: 20 } : {}) })[0], name: `pod-${index}` }) as Starter)
const nodes: readonly (readonly [string, number, readonly Starter[]])[] = [
  ['8 light, 2 cores', 2, light],
  ['8 light, 4', 4, light],
  ['8 light, 16', 16, light],
  ['8 heavy, 2', 2, heavy],
  ['8 heavy, 4', 4, heavy],
  ['boot, 2', 2, boot],
  ['boot, 4', 4, boot],
  ['boot, 16', 16, boot],
]

const queue = (settings: Partial<QueueSettings> = {}) => () => new QueueLock({ ...defaultQueueSettings, ...settings })
const rule = (make: () => Rule) => () => new RuleLock(make())

const locks: Readonly<Record<string, () => SimulatedLock | undefined>> = {
  'without usher': () => undefined,
  'granted at once': rule(() => () => true),
  'the floor alone': queue({ strict: true }),
  'the queue, as it is': queue(),
  '`--idle-cores 0.4`': queue({ idleCores: 0.4 }),
  '`--idle-cores 1.2`': queue({ idleCores: 1.2 }),
  '`--pressure-bound 10`': queue({ pressureBound: 10 }),
  '`--pressure-bound 100`': queue({ pressureBound: 100 }),
  'one each second, 1 s idle': rule(() => spaced(1_000, 1_000)),
  'one each 0.5 s, 0.5 s idle': rule(() => spaced(500, 500)),
  'seven at once after 5 s': rule(() => burst(7)),
  'one a core, 1 s idle': rule(() => perCore(0.8, 1_000, 1_500)),
  'one a core, young for 1 s': rule(() => perCore(0.8, 500, 1_000)),
  'two a core': rule(() => perCore(0.4, 500, 1_500)),
}

console.log(`| mean time to ready, time for all (s), most that work at once | ${nodes.map(([name]) => name).join(' | ')} |`)
console.log(`|---|${nodes.map(() => '---|').join('')}`)
for (const [name, lock] of Object.entries(locks)) {
  console.log(`| ${name} | ${nodes.map(([, cores, starters]) => row(cores, starters, lock)).join(' | ')} |`)
}

function row(cores: number, starters: readonly Starter[], makeLock: () => SimulatedLock | undefined): string {
  let [mean, all, most] = [0, 0, 0]
  for (let seed = 0; seed < seeds; seed++) {
    const starts = simulate({ cores, starters, lock: makeLock(), random: randomOf(seed), look({ at, starts }) {
      most = Math.max(most, starts.filter(({ starter, beganAt, doneAt }) => beganAt + starter.idleS <= at && doneAt > at).length)
    } })
    const times = starts.map(({ starter, readyAt }) => readyAt - starter.createdAt)
    mean += times.reduce((sum, time) => sum + time, 0) / times.length / seeds
    all += Math.max(...times) / seeds
  }
  return `${mean.toFixed(1)}, ${all.toFixed(1)}, ${most}`
}
