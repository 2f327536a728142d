import t from 'tap'
import { isAbsent, isCount, isObject, isStringMap } from '../../src/units/json.ts'

t.test('tells objects from all else', async (t) => {
  for (const value of [{}, { a: 1 }, JSON.parse('{"__proto__":1}'), Object.create(null)]) t.equal(isObject(value), true)
  for (const value of [null, undefined, [], [{}], '', 'x', 0, Number.NaN, true, () => {}]) t.equal(isObject(value), false)
})

t.test('takes a field for absent as Kubernetes does: not there, or null', async (t) => {
  for (const value of [undefined, null]) t.equal(isAbsent(value), true)
  for (const value of [0, '', false, [], {}, Number.NaN]) t.equal(isAbsent(value), false)
})

t.test('counts are whole numbers from 0 that JSON carries without loss', async (t) => {
  for (const value of [0, -0, 1, 2 ** 31, Number.MAX_SAFE_INTEGER]) t.equal(isCount(value), true, `${value}`)
  for (const value of [-1, 0.5, 1e21, Number.MAX_SAFE_INTEGER + 1, Infinity, Number.NaN, '1', null, undefined, [1], 1n]) {
    t.equal(isCount(value), false, String(value))
  }
})

t.test('maps of strings have strings, and nothing but strings', async (t) => {
  for (const value of [{}, { a: '' }, { a: 'x', b: 'y' }, JSON.parse('{"__proto__":"x"}')]) t.equal(isStringMap(value), true)
  const proto: unknown = JSON.parse('{"__proto__":1}')
  for (const value of [null, undefined, [], ['x'], 'x', { a: 1 }, { a: 'x', b: null }, { a: undefined }, { a: ['x'] }, proto]) {
    t.equal(isStringMap(value), false, JSON.stringify(value))
  }
})
