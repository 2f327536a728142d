import * as fc from 'fast-check'
import t from 'tap'
import { type AmountWriting, amountText, comparedText } from '../../src/placement/amount-text.ts'
import { parseQuantity } from '../../src/units/quantity.ts'

const decimal: AmountWriting = { style: 'kubernetes', memory: 'decimal', disk: 'decimal' }
const binary: AmountWriting = { style: 'kubernetes', memory: 'binary', disk: 'binary' }
const compose: AmountWriting = { style: 'compose', memory: 'binary', disk: 'binary' }
const gibi = 2 ** 30

t.test('amounts are written as they were: in decimal or binary units, and as Compose names them', async (t) => {
  t.equal(amountText('memory', 12e9, decimal, 'up'), '12G')
  t.equal(amountText('memory', 12 * gibi, binary, 'up'), '12Gi')
  t.equal(amountText('memory', 12 * gibi, compose, 'up'), '12G')
  t.equal(amountText('ephemeral-storage', 10.5 * gibi, compose, 'up'), '10.5G')
  t.equal(amountText('memory', 512 * 2 ** 20, compose, 'down'), '512M')
  t.equal(amountText('memory', 2_048, compose, 'down'), '2K')
  t.equal(amountText('memory', 999, decimal, 'up'), '999')
  t.equal(amountText('memory', 0, binary, 'down'), '0')
  t.equal(amountText('memory', 1.1e9, decimal, 'up'), '1.1G', 'which is not exact in floating point')
  t.equal(amountText('memory', 1_234_567_890, decimal, 'up'), '1.24G')
  t.equal(amountText('memory', 1_234_567_890, decimal, 'down'), '1.23G')
  t.equal(amountText('cpu', 250, binary, 'up'), '250m')
  t.equal(amountText('cpu', 1_500, binary, 'up'), '1.5')
  t.equal(amountText('example.com/gpu', 3, binary, 'up'), '3')
})

t.test('two amounts that differ are written in one unit, and differently', async (t) => {
  t.strictSame(comparedText('memory', 12 * gibi, 10 * gibi, compose), ['12G', '10G'])
  t.strictSame(comparedText('memory', 12 * gibi, 900 * 2 ** 20, compose), ['12G', '0.87G'])
  t.strictSame(comparedText('memory', 12e9, 0, decimal), ['12G', '0'])
  t.strictSame(comparedText('memory', 12e9 + 1, 12e9, decimal), ['12.01G', '12G'])
  t.strictSame(comparedText('memory', 12, 11, decimal), ['12', '11'])
  t.strictSame(comparedText('cpu', 1_500, 1_000, binary), ['1.5 cores', '1'])
  t.strictSame(comparedText('cpu', 1_000, 0, binary), ['1 core', '0'])
})

t.test('nothing is written as less than is required, or as more than there is', async () => {
  fc.assert(
    fc.property(fc.nat(2 ** 50), fc.nat(2 ** 50), fc.constantFrom(decimal, binary), (left, right, writing) => {
      const [required, available] = [Math.max(left, right) + 1, Math.min(left, right)]
      const [much, little] = comparedText('memory', required, available, writing).map((text) => parseQuantity(text) ?? -1n)
      const nano = 10n ** 9n
      return much !== little && (much ?? 0n) >= BigInt(required) * nano && (little ?? 0n) <= BigInt(available) * nano
    }),
  )
})
