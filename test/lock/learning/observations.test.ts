import t from 'tap'
import { afterReadyMs, Observations, stretchMs } from '../../../src/lock/learning/observations.ts'
import type { StartCost } from '../../../src/lock/learning/start-costs.ts'
import type { ReleaseCause } from '../../../src/lock/queue/decisions.ts'

const web = { key: 'web', name: 'shop/ReplicaSet/web' }
const api = { key: 'api', name: 'shop/ReplicaSet/api' }
const periodMs = 250

/** Starts on a node of four cores, told in seconds. */
class Story {
  readonly observations = new Observations()
  now = 0

  /** One is granted: of web, unless something else is said. */
  granted(key: string, of: { readonly workload: typeof web | undefined } = { workload: web }): void {
    this.observations.granted(key, of.workload, this.now)
  }

  released(key: string, cause: ReleaseCause = 'ready'): ReturnType<Observations['released']> {
    return this.observations.released(key, cause, this.now)
  }

  /** Readings of so many busy cores, four a second. */
  busy(cores: number, seconds: number): readonly StartCost[] {
    const costs: StartCost[] = []
    for (let reading = 0; reading < 4 * seconds; reading++) {
      this.now += periodMs
      costs.push(...this.observations.read({ cores: 4, idleCores: 4 - cores, windowMs: periodMs }, this.now))
    }
    return costs
  }

  /** Nothing is read. */
  silence(seconds: number): void {
    this.now += 1_000 * seconds
  }
}

function secondsOf(costs: readonly StartCost[]): readonly number[] {
  return costs.map(({ seconds }) => Math.round(1_000 * seconds) / 1_000)
}

t.test('a start has cost no more than the node was busy from its grant until a second after it was ready', async (t) => {
  const story = new Story()
  story.busy(4, 10)
  story.granted('a')
  t.strictSame(story.busy(0, 1), [])
  t.strictSame(story.busy(1.2, 0.5), [])
  story.released('a')
  t.strictSame(story.busy(0.4, afterReadyMs / 1_000 - periodMs / 1_000), [], 'not yet: work may begin when it is ready')
  const costs = story.busy(0.4, 0.25)
  t.strictSame(costs, [{ workload: web, seconds: costs[0]?.seconds ?? 0, isClear: true }])
  t.strictSame(secondsOf(costs), [1], '0.6 and 0.4')
  t.strictSame([story.observations.size, story.busy(4, 5)], [0, []], 'that is all')
})

t.test('work that begins as soon as it is ready is seen', async (t) => {
  const story = new Story()
  story.granted('a')
  story.busy(0, 1.5)
  story.released('a')
  t.strictSame(secondsOf(story.busy(2, 1)), [2])
})

t.test('a pod without probes is observed for all of its blind hold', async (t) => {
  const story = new Story()
  story.granted('a')
  story.busy(0.1, 9)
  story.busy(1, 2)
  story.released('a', 'blind-hold')
  t.strictSame(secondsOf(story.busy(1, 0.25)), [2.325], 'three seconds of it, with what came late')
})

t.test('of a long start the busiest three seconds count', async (t) => {
  t.equal(stretchMs, 3_000)
  const story = new Story()
  story.granted('a')
  story.busy(0.1, 60)
  story.busy(1, 1)
  story.busy(0.1, 60)
  story.released('a')
  t.strictSame(secondsOf(story.busy(0.1, 1)), [1.2])
})

t.test('starts of one workload share what the node did while they went on together', async (t) => {
  const story = new Story()
  for (const key of ['a', 'b', 'c', 'd']) story.granted(key)
  story.busy(2, 4)
  for (const key of ['a', 'b', 'c', 'd']) story.released(key)
  const costs = story.busy(0, 1)
  t.strictSame(secondsOf(costs), [2])
  t.ok(costs.every(({ isClear }) => isClear))
})

t.test('what one does alone before the others come, and after they are gone, is its own; the highest part counts, when all are over', async (t) => {
  const story = new Story()
  story.granted('a')
  story.busy(1, 2)
  story.granted('b')
  story.busy(1, 1)
  story.released('b')
  t.strictSame(secondsOf(story.busy(1, 1)), [], 'half of two seconds says nothing of the next one')
  story.released('a')
  t.strictSame(secondsOf(story.busy(1, 1)), [3], '2, half of 2 and 1, but no more than in the busiest three seconds')
})

t.test('those that come last share their work with others that only have not been let go yet: that makes none of them light', async (t) => {
  const story = new Story()
  for (const group of ['a', 'b', 'c']) {
    for (let count = 0; count < 4; count++) story.granted(`${group}${count}`)
    // Two CPU-seconds each, on four cores; then nothing, for the rest of a blind hold.
    story.busy(4, 2)
    story.busy(0, 1.5)
  }
  for (const group of ['a', 'b', 'c']) for (let count = 0; count < 4; count++) story.released(`${group}${count}`, 'blind-hold')
  const [cost = 0, another] = secondsOf(story.busy(0, 1))
  t.ok(cost >= 2, `${cost} s`)
  t.equal(another, undefined)
})

t.test('of starts that overlap with one whose end is not seen nothing is known', async (t) => {
  const story = new Story()
  story.granted('a')
  story.granted('b')
  story.busy(2, 2)
  story.released('b', 'gone')
  story.released('a')
  t.strictSame(story.busy(0, 2), [])
  story.granted('c')
  story.released('c')
  t.strictSame(secondsOf(story.busy(0.4, 1)), [0.4])
})

t.test('of others it shares nothing with, and does not know whose it was', async (t) => {
  for (const workload of [api, undefined]) {
    const story = new Story()
    story.granted('a')
    story.granted('b', { workload })
    story.busy(1, 1)
    story.released('b')
    story.busy(1, 1)
    story.released('a')
    const costs = story.busy(1, 1)
    t.strictSame([secondsOf(costs), costs[0]?.isClear], [[3], false])
  }
})

t.test('one of which the workload is not known teaches nothing', async (t) => {
  const story = new Story()
  story.granted('a', { workload: undefined })
  story.busy(1, 1)
  story.released('a')
  t.strictSame(story.busy(1, 5), [])
})

t.test('when something comes or goes meanwhile, it is not known whose it was', async (t) => {
  const story = new Story()
  story.observations.disturb()
  story.granted('a')
  story.granted('b')
  story.busy(1, 1)
  story.released('b')
  story.busy(1, 1)
  story.observations.disturb()
  story.released('a')
  t.match(story.busy(1, 1), [{ isClear: false }])
})

t.test('one of which a reading is missing, or of which the end came late, says nothing', async (t) => {
  const story = new Story()
  story.granted('a')
  story.busy(1, 1)
  story.silence(0.25)
  story.busy(1, 1)
  story.released('a')
  t.strictSame(story.busy(1, 3), [])
  story.granted('b')
  story.silence(0.4)
  story.released('b')
  t.strictSame(story.busy(1, 3), [], 'from its grant on')
})

t.test('a reading of a longer time is as good as several', async (t) => {
  const story = new Story()
  story.granted('a')
  story.released('a')
  story.silence(1.5)
  t.strictSame(secondsOf(story.observations.read({ cores: 4, idleCores: 3, windowMs: 1_500 }, story.now)), [1.5])
})

t.test('a reading that was taken before the grant, and told at its moment, says nothing of it', async (t) => {
  const story = new Story()
  story.busy(4, 1)
  story.granted('a')
  t.strictSame(story.observations.read({ cores: 4, idleCores: 0, windowMs: 250 }, story.now), [])
  story.released('a')
  t.strictSame(secondsOf(story.busy(0.5, 1)), [0.5])
})

t.test('who did not get up in its time, or crash-loops, is not to be taken for light; others who end teach nothing', async (t) => {
  for (const [cause, failed] of [
    ['lease-end', web],
    ['crash-loop', web],
    ['gone', undefined],
    ['given-back', undefined],
    ['unclaimed', undefined],
  ] as const) {
    const story = new Story()
    story.granted('a')
    story.busy(0, 1)
    t.equal(story.released('a', cause), failed, cause)
    t.strictSame([story.busy(0, 3), story.observations.size], [[], 0])
    t.equal(story.released('a', cause), undefined, 'once')
  }
})

t.test('without readings nothing piles up', async (t) => {
  const story = new Story()
  for (let pod = 0; pod < 1_000; pod++) {
    story.granted(`pod-${pod}`)
    story.silence(1)
    story.released(`pod-${pod}`)
  }
  t.ok(story.observations.size < 20, `${story.observations.size} are there`)
})
