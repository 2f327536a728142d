import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import type { Test } from 'tap'
import { until } from '../support/until.ts'
import { type Nap, testNap } from './support/naps.ts'
import { run, start } from './support/run.ts'
import { traced } from './support/system-calls.ts'

const words = 'Sleeping...\nDone!\n'
const notANumber = 'Not a number, naps 10 s\n'
const tooLarge = 'Too large, naps 10 s\n'

interface Outcome {
  readonly code: number
  /** The sleep that the kernel was asked for; undefined for none. */
  readonly seconds: string | undefined
  readonly stderr: string
}

const napped = (seconds: string | undefined): Outcome => ({ code: 0, seconds, stderr: '' })
const refused: Outcome = { code: 1, seconds: '10', stderr: notANumber }
const overflowed: Outcome = { code: 2, seconds: '10', stderr: tooLarge }

const outcomes: readonly (readonly [what: string, args: readonly string[], outcome: Outcome])[] = [
  ['no argument: the default', [], napped('10')],
  ['a number of seconds', ['5'], napped('5')],
  ['0 does not sleep', ['0'], napped(undefined)],
  ['leading zeros are decimal', ['007'], napped('7')],
  ['zeros alone are 0', ['000'], napped(undefined)],
  ['any number of leading zeros', [`${'0'.repeat(40)}12`], napped('12')],
  ['the largest number', ['9223372036854775807'], napped('9223372036854775807')],
  ['one more than the largest', ['9223372036854775808'], overflowed],
  ['2^64, which is 0 where it wraps', ['18446744073709551616'], overflowed],
  ['2^64 + 1', ['18446744073709551617'], overflowed],
  ['20 digits', ['99999999999999999999'], overflowed],
  ['100 digits', ['1'.repeat(100)], overflowed],
  ['many digits, and then no digit', [`${'9'.repeat(30)}s`], refused],
  ['an empty argument', [''], refused],
  ['a negative number', ['-1'], refused],
  ['a plus sign', ['+5'], refused],
  ['a fraction', ['1.5'], refused],
  ['an exponent', ['1e3'], refused],
  ['hexadecimal', ['0x10'], refused],
  ['a unit', ['5s'], refused],
  ['a space before', [' 5'], refused],
  ['a space after', ['5 '], refused],
  ['a newline after', ['5\n'], refused],
  ['the characters next to the digits: /', ['/'], refused],
  ['the characters next to the digits: :', [':'], refused],
  ['digits of another script', ['٣'], refused],
  ['a flag', ['--help'], refused],
  ['two numbers: the default, as the older nap', ['1', '2'], napped('10')],
  ['two words: the default, as the older nap', ['a', 'b'], napped('10')],
  ['many arguments', ['1', '', '3', '4'], napped('10')],
]

testNap('defines each argument', { commands: ['strace'] }, async (t, nap) => {
  for (const [what, args, outcome] of outcomes) {
    await t.test(`${what}: ${JSON.stringify(args)}`, async (t) => {
      const { stdout, ...found } = await outcomeOf(t, nap, args)
      t.strictSame(found, outcome)
      t.equal(stdout, words)
    })
  }
})

testNap('takes what is all digits and fits 63 bits, and nothing else', { commands: ['strace'] }, async (t, nap) => {
  const digits = fc.stringMatching(/^[0-9]{1,25}$/)
  const nearTheLimit = fc.bigInt({ min: 2n ** 63n - 50n, max: 2n ** 63n + 50n }).map(String)
  const nearTheWrap = fc.bigInt({ min: 2n ** 64n - 50n, max: 2n ** 64n + 50n }).map(String)
  // A NUL ends an argument, and lone surrogates do not come through to a program.
  const anything = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'))
  const almost = fc.tuple(digits, fc.constantFrom('.', '-', ' ', '/', ':', 'e'), digits).map((parts) => parts.join(''))
  const property = fc.asyncProperty(fc.oneof(digits, nearTheLimit, nearTheWrap, anything, almost), async (text) => {
    const found = await outcomeOf(t, nap, [text])
    return isDeepStrictEqual(found, { ...expected(text), stdout: words })
  })
  await fc.assert(property, { numRuns: 100 })
})

testNap('says that it sleeps, sleeps, and says that it is done', {}, async (t, nap) => {
  const before = performance.now()
  const running = start(t, nap.command('1'))
  await until('it says that it sleeps', () => running.stdout() !== '')
  t.equal(running.stdout(), 'Sleeping...\n')
  t.match(await running.finish(), { code: 0, signal: null, stdout: words, stderr: '' })
  t.ok(performance.now() - before >= 1_000, 'for a second')
})

testNap('does not need to be waited for where it does not sleep', {}, async (t, nap) => {
  t.match(await run(t, nap.command('0')), { code: 0, signal: null, stdout: words, stderr: '' })
})

/** What nap promises, in other words than its own. */
function expected(text: string): Outcome {
  if (!/^[0-9]+$/.test(text)) return refused
  const seconds = BigInt(text)
  if (seconds >= 2n ** 63n) return overflowed
  return napped(seconds === 0n ? undefined : String(seconds))
}

/** Runs nap with a kernel that sleeps no longer than a moment. */
async function outcomeOf(t: Test, nap: Nap, args: readonly string[]): Promise<Outcome & { readonly stdout: string }> {
  const flags = ['-e', 'trace=nanosleep', '-e', 'inject=nanosleep:retval=0']
  const { code, signal, stdout, stderr, calls } = await traced(t, flags, nap.command(...args))
  if (code === null) throw new Error(`ended by ${signal}`)
  const sleeps = calls.map((call) => /^nanosleep\(\{tv_sec=(\d+), tv_nsec=0\}/.exec(call)?.[1])
  if (sleeps.length > 1) throw new Error(`it sleeps ${sleeps.length} times`)
  return { code, seconds: sleeps[0], stdout, stderr }
}
