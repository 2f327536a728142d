/**
 * Prints what the bounds of an idle core, and other rules, do to starts on simulated nodes; then what it does to know what
 * starts have cost.
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
/** A name, cores, who starts; and who of the same workloads has started before that, which is observed. */
type SimulatedCase = readonly [name: string, cores: number, starters: readonly Starter[], before?: readonly Starter[]]

const nodes: readonly SimulatedCase[] = [
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

type Locks = Readonly<Record<string, () => SimulatedLock | undefined>>

const locks: Locks = {
  'without usher': () => undefined,
  'granted at once': rule(() => () => true),
  'the floor alone': queue({ strict: true }),
  'the queue, nothing known': queue(),
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

const [oneLight, oneHeavy] = [alike(1, { workS: 0.2 }), alike(1)]
const later = (starters: readonly Starter[]): readonly Starter[] => starters.map((each) => ({ ...each, createdAt: each.createdAt + 90 }))
const before = (starters: readonly Starter[]): readonly Starter[] => starters.map((each, index) => ({ ...each, name: `before-${index}`, createdAt: 45 * index }))
const ofBoot = before(boot.slice(0, 2))
const known: readonly SimulatedCase[] = [
  ['8 light, known as such, 2 cores', 2, light, before(oneLight)],
  ['4', 4, light, before(oneLight)],
  ['16', 16, light, before(oneLight)],
  ['8 heavy, known as such, 2', 2, heavy, before(oneHeavy)],
  ['4', 4, heavy, before(oneHeavy)],
  ['8 heavy, known as light, 2', 2, heavy, before(oneLight)],
  ['4', 4, heavy, before(oneLight)],
  ['16', 16, heavy, before(oneLight)],
  ['8 light, nothing known, 2', 2, light, []],
  ['boot, known, 2', 2, boot, ofBoot],
  ['4', 4, boot, ofBoot],
  ['16', 16, boot, ofBoot],
]

/** Of a boot there are two workloads; else all that start are of one. */
const learning = (workloadOf: (name: string) => string) => () => new QueueLock(defaultQueueSettings, workloadOf)
const workloads = { all: () => 'web', boot: (name: string) => (Number(name.split('-')[1]) % 3 === 1 ? 'waits' : 'works') }
const learningLocks = (starters: readonly Starter[]): Locks => ({
  'without usher': () => undefined,
  'granted at once': rule(() => () => true),
  'the queue, without learning': queue(),
  'the queue, as it is': learning(starters === boot ? workloads.boot : workloads.all),
})

print(nodes, () => locks)
console.log()
print(known, learningLocks)

function print(cases: readonly SimulatedCase[], locksOf: (starters: readonly Starter[]) => Locks): void {
  console.log(`| mean time to ready, time for all (s), most that work at once | ${cases.map(([name]) => name).join(' | ')} |`)
  console.log(`|---|${cases.map(() => '---|').join('')}`)
  for (const name of Object.keys(locksOf([]))) {
    console.log(`| ${name} | ${cases.map(([, cores, starters, earlier]) => row(cores, starters, earlier, locksOf(starters)[name])).join(' | ')} |`)
  }
}

function row(cores: number, starters: readonly Starter[], earlier: readonly Starter[] = [], makeLock?: () => SimulatedLock | undefined): string {
  let [mean, all, most] = [0, 0, 0]
  const counted = earlier.length === 0 ? starters : later(starters)
  for (let seed = 0; seed < seeds; seed++) {
    const starts = simulate({ cores, starters: [...earlier, ...counted], lock: makeLock?.(), random: randomOf(seed), look({ at, starts }) {
      most = Math.max(most, starts.filter(({ starter, beganAt, doneAt }) => beganAt + starter.idleS <= at && doneAt > at).length)
    } }).slice(earlier.length)
    const times = starts.map(({ starter, readyAt }) => readyAt - starter.createdAt)
    mean += times.reduce((sum, time) => sum + time, 0) / times.length / seeds
    all += Math.max(...times) / seeds
  }
  return `${mean.toFixed(1)}, ${all.toFixed(1)}, ${most}`
}
