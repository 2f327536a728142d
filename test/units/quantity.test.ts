import * as fc from 'fast-check'
import t from 'tap'
import { milliOf, parseQuantity, unitsOf } from '../../src/units/quantity.ts'
import { compareQuantities, quantity } from '../support/quantity.ts'

t.test('reads the quantities of the Kubernetes documentation', async (t) => {
  const nano = 10n ** 9n
  t.equal(quantity('100m'), nano / 10n)
  t.equal(quantity('0.1'), nano / 10n)
  t.equal(quantity(0.5), nano / 2n)
  t.equal(quantity('1'), nano)
  t.equal(quantity('1e3'), 1_000n * nano)
  t.equal(quantity('1E3'), 1_000n * nano)
  t.equal(quantity('12e-1'), (12n * nano) / 10n)
  t.equal(quantity('64Mi'), 67_108_864n * nano)
  t.equal(quantity('1Gi'), 1_073_741_824n * nano)
  t.equal(quantity('1.5Gi'), 1_610_612_736n * nano)
  t.equal(quantity('1E'), 10n ** 18n * nano, 'E alone is exa')
  t.equal(quantity('400m'), (4n * nano) / 10n, 'the 400m of memory that nobody means')
  t.equal(quantity('+5n'), 5n)
  t.equal(quantity('-1u'), -1_000n)
  t.equal(quantity('.5'), nano / 2n)
  t.equal(quantity('5.'), 5n * nano)
})

t.test('takes the ways to write one amount for equal', async (t) => {
  // "the following represent roughly the same value", of which these are exactly the same.
  t.equal(compareQuantities('129e6', '129M'), 0)
  t.equal(compareQuantities('128974848', '123Mi'), 0)
  t.equal(compareQuantities('128974848000m', '123Mi'), 0)
  t.equal(compareQuantities('123Mi', '129M'), -1)
  t.equal(compareQuantities('1Ki', '1k'), 1)
})

t.test('rounds what is finer than a billionth away from zero', async (t) => {
  t.equal(quantity('0.1n'), 1n)
  t.equal(quantity('-0.1n'), -1n)
  t.equal(quantity('1e-12'), 1n)
})

t.test('takes nothing else for a quantity', async (t) => {
  const others = ['', ' 1', '1 ', '1KB', '1ki', '1K', '1mi', 'Mi', '.', '1e', '1Mie3', '1e1Mi', '1,5', '--1', 'NaN', '0x1']
  for (const other of [...others, null, true, {}, [], undefined, Number.NaN]) {
    t.equal(parseQuantity(other), undefined, JSON.stringify(other))
  }
  t.throws(() => quantity('1KB'))
})

t.test('orders as the numbers do', async () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), (a, b) => {
      const order = compareQuantities(`${a}m`, String(b))
      return Math.sign(order) === Math.sign(a - b * 1_000)
    }),
  )
})

t.test('counts cores in thousandths and all else in wholes, rounded up as the scheduler does', async (t) => {
  t.equal(milliOf(quantity('1.5')), 1_500)
  t.equal(milliOf(quantity('100.1m')), 101)
  t.equal(milliOf(quantity('1n')), 1)
  t.equal(unitsOf(quantity('400m')), 1)
  t.equal(unitsOf(quantity('1.5Gi')), 1_610_612_736)
  t.equal(unitsOf(quantity('-1500m')), -1, 'toward the larger')
  t.equal(unitsOf(quantity('16E')), Number.MAX_SAFE_INTEGER)
})

t.test('takes no text for a quantity that is longer than any of Kubernetes', async (t) => {
  t.equal(parseQuantity('1'.repeat(65)), undefined)
  t.equal(parseQuantity(`0.${'1'.repeat(60)}`), 111_111_112n)
})
