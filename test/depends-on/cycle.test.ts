import * as fc from 'fast-check'
import t from 'tap'
import { findCycle, type Waiting } from '../../src/depends-on/cycle.ts'

const waits = (self: string, ...waitsFor: readonly string[]): Waiting => ({ self: [self], waitsFor })

t.test('finds the shortest way back', async (t) => {
  t.strictSame(findCycle(waits('a', 'a'), []), ['a'])
  t.strictSame(findCycle(waits('a', 'b'), [waits('b', 'a')]), ['b', 'a'])
  t.strictSame(findCycle(waits('a', 'b', 'd'), [waits('b', 'c'), waits('c', 'a'), waits('d', 'a')]), ['d', 'a'])
  t.strictSame(findCycle(waits('a', 'b'), [{ self: ['x', 'b'], waitsFor: ['c'] }, { self: ['c'], waitsFor: ['y', 'a'] }]), ['b', 'c', 'a'], 'by whichever name')
})

t.test('what leads nowhere, or into a circle of others, is none', async (t) => {
  t.equal(findCycle(waits('a'), []), undefined)
  t.equal(findCycle(waits('a', 'b'), []), undefined)
  t.equal(findCycle(waits('a', 'b'), [waits('b', 'c'), waits('c', 'b')]), undefined)
  t.equal(findCycle({ self: [], waitsFor: ['b'] }, [waits('b', 'a')]), undefined, 'nobody knows what it is')
})

const name: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const graph = fc.array(fc.record({ self: fc.uniqueArray(name, { maxLength: 2 }), waitsFor: fc.uniqueArray(name, { maxLength: 3 }) }), { maxLength: 8 })

t.test('each step of a way is one that somebody takes, and where there is a way it finds one', async (t) => {
  fc.assert(
    fc.property(graph, ([start, ...others]) => {
      if (start === undefined) return
      const known = [start, ...others]
      const way = findCycle(start, known)
      // All that can be reached, by following for as many steps as there are names.
      let reached = new Set(start.waitsFor)
      for (let step = 0; step < 6; step++) reached = new Set([...reached, ...known.filter(({ self }) => self.some((each) => reached.has(each))).flatMap(({ waitsFor }) => waitsFor)])
      if ((way !== undefined) !== start.self.some((each) => reached.has(each))) throw new Error(`found ${way?.join()}`)
      if (way === undefined) return
      if (!start.waitsFor.includes(way[0] ?? '') || !start.self.includes(way.at(-1) ?? '')) throw new Error(`does not begin or end there: ${way.join()}`)
      for (const [index, key] of way.slice(0, -1).entries()) {
        if (!known.some(({ self, waitsFor }) => self.includes(key) && waitsFor.includes(way[index + 1] ?? ''))) throw new Error(`${key} leads not on: ${way.join()}`)
      }
    }),
    { numRuns: 1_000 },
  )
  t.pass('every way is one')
})
