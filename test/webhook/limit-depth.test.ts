import * as fc from 'fast-check'
import t from 'tap'
import { limitDepth, maxDepth } from '../../src/webhook/limit-depth.ts'

// Below this length nothing can be too deep, and a body is not looked at.
const padding = ' '.repeat(2 * maxDepth)

/** Text that is full of what could be taken for brackets. */
const tricky = fc.string({ unit: fc.constantFrom('[', ']', '{', '}', '"', '\\', '\\\\', '\\"', 'u005b', 'ñ', '🦀', '\n', 'a') })

const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 5 }, tie('leaf'), tie('list'), tie('map')),
  leaf: fc.oneof(tricky, fc.integer(), fc.boolean(), fc.constant(null)),
  list: fc.array(tie('any'), { maxLength: 4 }),
  map: fc.dictionary(tricky, tie('any'), { maxKeys: 4 }),
})).any

function limited(text: string): { readonly text: string; readonly cut: boolean } {
  const { body, cut } = limitDepth(Buffer.from(text))
  return { text: body.toString(), cut }
}

/** A text within levels of lists and objects, as a mask says. */
function nest(levels: number, inner: string, mask: readonly boolean[]): string {
  const isList = (level: number): boolean => mask[level % mask.length] !== false
  const levelsInOrder = Array.from({ length: levels }, (_, level) => level)
  const open = levelsInOrder.map((level) => (isList(level) ? '[' : '{"a":')).join('')
  return open + inner + levelsInOrder.toReversed().map((level) => (isList(level) ? ']' : '}')).join('')
}

const mask = fc.array(fc.boolean(), { minLength: 1, maxLength: 5 })

t.test('gives back the very same body where nothing is too deep', async () => {
  fc.assert(fc.property(value, (each) => {
    const body = Buffer.from(JSON.stringify(each) + padding)
    const limitedTo = limitDepth(body)
    if (limitedTo.cut || limitedTo.body !== body) throw new Error('it was cut')
  }))
})

t.test('brackets and escapes in strings do not count, at any depth that is read', async () => {
  fc.assert(fc.property(tricky, fc.integer({ min: 0, max: maxDepth }), mask, (string, levels, kinds) => {
    const many = JSON.stringify([string, '['.repeat(maxDepth + 1), '\\"{'.repeat(maxDepth)])
    // The list around the strings is a level too.
    const text = nest(Math.max(0, levels - 1), many, kinds)
    if (limited(text).cut) throw new Error('it was cut')
  }), { numRuns: 30 })
})

t.test('puts null in the place of what is deeper, and leaves all else as it was', async () => {
  fc.assert(fc.property(value, tricky, fc.integer({ min: 1, max: 2_000 }), mask, (inner, string, more, kinds) => {
    const tooDeep = nest(more, JSON.stringify(inner), kinds)
    const around = (part: string): string => `[${JSON.stringify(string)},${nest(maxDepth - 1, part, kinds)},{"after":1}]`
    const { text, cut } = limited(around(tooDeep))
    if (!cut || text !== around('null')) throw new Error(`of ${more} levels more: ${cut}`)
  }), { numRuns: 30 })
})

t.test('cuts each place that is too deep', async (t) => {
  const { text, cut } = limited(nest(maxDepth, '[1],{"a":[2]},"[[",[]', [true]))
  t.equal(cut, true)
  t.equal(text, nest(maxDepth, 'null,null,"[[",null', [true]))
})

t.test('the deepest nesting that is allowed passes, one level more does not', async (t) => {
  for (const kinds of [[true], [false], [true, false]]) {
    t.equal(limited(nest(maxDepth, '1', kinds)).cut, false)
    const { text, cut } = limited(nest(maxDepth + 1, '1', kinds))
    t.equal(cut, true)
    t.equal(text, nest(maxDepth, 'null', kinds))
    t.doesNotThrow(() => JSON.parse(text))
  }
})

t.test('does not look at a body that is too small to be deep', async (t) => {
  const body = Buffer.from('['.repeat(2 * maxDepth - 1))
  t.equal(limitDepth(body).body, body)
})

t.test('never makes JSON of what is none, and never throws', async () => {
  const byte = fc.constantFrom(...Buffer.from('[]{}"\\a1,: '))
  fc.assert(fc.property(fc.array(byte, { maxLength: 200 }), fc.constantFrom('[', '{', ']', '}', '"', '\\'), (bytes, start) => {
    const text = start.repeat(maxDepth + 5) + Buffer.from(bytes).toString() + padding
    const { text: rest } = limited(text)
    if (isJson(rest) && !isJson(text)) throw new Error('it was no JSON before')
  }), { numRuns: 200 })
  for (const text of ['['.repeat(30_000), '{"a":'.repeat(10_000), `${'['.repeat(20_000)}${']'.repeat(19_999)}`]) {
    if (isJson(limited(text).text)) throw new Error('brackets that are not closed became JSON')
  }
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
