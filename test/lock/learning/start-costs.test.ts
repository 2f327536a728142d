import * as fc from 'fast-check'
import t from 'tap'
import { countedStarts, knownForMs, StartCosts } from '../../../src/lock/learning/start-costs.ts'
import { leastReserve } from '../../../src/lock/queue/settings.ts'
import { forAll } from '../../support/property.ts'

const workload = { key: 'shop/uid-web/6d4c', name: 'shop/ReplicaSet/web-6d4c' }
const { key } = workload
const minute = 60_000

/** What is known after starts that have cost so much, a minute after each other; negative: something else went on. */
function after(costs: readonly number[]): StartCosts {
  const known = new StartCosts()
  for (const [index, cost] of costs.entries()) known.learn({ workload, seconds: Math.abs(cost), isClear: cost > 0 }, minute * index)
  return known
}

t.test('a workload of which nothing is known takes a whole core', async (t) => {
  t.equal(new StartCosts().reserveOf(key, 0), 1)
  t.strictSame(new StartCosts().list(0), [])
})

t.test('what the last starts have cost in CPU-seconds, spread over the second and a half in which it does not show', async (t) => {
  for (const [costs, reserve] of [
    [[0.6], 0.4],
    [[0.75], 0.5],
    [[0.601], 0.41],
    [[1.49], 1],
    [[0], leastReserve],
    [[0.01], leastReserve],
    [[100], 1],
    [[0.3, 0.6, 0.45], 0.4],
    [[0.9, 0.3, 0.3], 0.6],
    [[0.9, 0.3, 0.3, 0.3], leastReserve],
    [[0.3, 0.3, 0.3, 0.9], 0.6],
  ] as const) {
    t.equal(after(costs).reserveOf(key, minute * costs.length), reserve, costs.join())
  }
})

t.test('a cost that may be something else’s proves as well as any that a start was light; where it is more than is known, nothing is', async (t) => {
  for (const [costs, reserve, starts] of [
    [[-9], 1, 0],
    [[-1.5], 1, 1],
    [[-0.6], 0.4, 1],
    [[0.6, -9], 1, 0],
    [[0.6, -0.45], 0.4, 2],
    [[9, -0.3], 1, 2],
    [[0.6, -0.9, 0.9], 0.6, 1],
    [[0.6, -9, -0.3], leastReserve, 1],
    [[9, -0.3, -0.3, -0.3], leastReserve, 3],
  ] as const) {
    const known = after(costs)
    t.equal(known.reserveOf(key, 10 * minute), reserve, costs.join())
    t.equal(known.list(10 * minute)[0]?.starts ?? 0, starts, costs.join())
  }
})

t.test('a start says nothing any more an hour later', async (t) => {
  const known = after([0.9, 0.3])
  t.equal(known.reserveOf(key, knownForMs - 1), 0.6)
  t.equal(known.reserveOf(key, knownForMs), leastReserve)
  t.equal(known.reserveOf(key, knownForMs + minute), 1)
  t.strictSame(known.list(knownForMs + minute), [])
})

t.test('what has been thrown away is not known', async (t) => {
  const known = after([0.3, 0.3])
  known.forget(key)
  known.forget('never-heard-of')
  t.equal(known.reserveOf(key, 2 * minute), 1)
})

t.test('lists what is known, the newest first', async (t) => {
  const known = new StartCosts()
  for (const [index, name] of ['a', 'b', 'a'].entries()) known.learn({ workload: { key: name, name: `shop/${name}` }, seconds: 0.45, isClear: true }, index)
  t.strictSame(known.list(10), [
    { name: 'shop/a', reserve: 0.3, starts: 2, learnedAt: 2 },
    { name: 'shop/b', reserve: 0.3, starts: 1, learnedAt: 1 },
  ])
})

t.test('keeps so many at the most, those of which something was learned last; and of each no more than counts', async (t) => {
  const cost = fc.record({ pick: fc.nat(11), seconds: fc.constantFrom(0, 0.2, 0.6, 1.4, 9), isClear: fc.boolean() })
  forAll(t, 0.5, fc.tuple(fc.integer({ min: 1, max: 8 }), fc.array(cost, { minLength: 1, maxLength: 60, size: 'max' })), ([most, costs]) => {
    const known = new StartCosts(most)
    let before = new Set<string>()
    for (const [now, { pick, seconds, isClear }] of costs.entries()) {
      const name = `w${pick}`
      known.learn({ workload: { key: name, name }, seconds, isClear }, now)
      const list = known.list(now)
      if (list.length > most) throw new Error(`${list.length} are known`)
      const lost = [...before].filter((each) => list.every((other) => other.name !== each))
      if (isClear && lost.includes(name)) throw new Error(`${name} was forgotten`)
      if (lost.filter((each) => each !== name).length > (before.has(name) ? 0 : 1)) throw new Error(`${lost.join()} were lost for ${name}`)
      for (const { name: key, reserve, starts } of list) {
        if (starts > countedStarts || reserve < leastReserve || reserve > 1 || reserve !== known.reserveOf(key, now)) throw new Error(JSON.stringify(list))
      }
      if (list.some((each, index) => each.learnedAt < (list[index + 1]?.learnedAt ?? 0))) throw new Error('the newest is not the first')
      before = new Set(list.map((each) => each.name))
    }
    return before.size === most
  })
})
