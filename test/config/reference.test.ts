import { readFileSync } from 'node:fs'
import t from 'tap'
import { configReference, errorReference, reasonReference } from '../../src/config/reference.ts'
import { configSchema } from '../../src/config/schema.ts'
import { reasonTable } from '../../src/inject/reasons.ts'
import { isObject } from '../../src/units/json.ts'

t.test('the documentation says what the code does', async (t) => {
  for (const [file, text] of [
    ['docs/configuration.md', configReference()],
    ['docs/reasons.md', reasonReference()],
    ['docs/errors.md', errorReference()],
  ] as const) {
    t.equal(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'), text, `${file} is as \`npm run docs\` writes it`)
  }
})

t.test('every key is documented with its default, what is allowed, and what it means', async (t) => {
  const rows = configReference().split('\n').filter((line) => line.startsWith('| `'))
  const keys = [...keysOf(configSchema, '')]
  t.strictSame(rows.map((row) => /^\| `([^`]+)`/.exec(row)?.[1]), keys)
  t.equal(keys.length, 18)
  for (const row of rows) {
    const cells = row.split(' | ')
    t.equal(cells.length, 4, row)
    t.notMatch(row, 'undefined')
    t.match(cells[3], /\w.*\. \|$/, `a sentence: ${row}`)
  }
})

t.test('every reason has one sentence', async (t) => {
  for (const [code, sentence] of Object.entries(reasonTable)) {
    t.match(code, /^[a-z]+(-[a-z]+)*$/)
    t.match(sentence, /^[A-Za-z].*\.$/, code)
    t.notMatch(sentence, /[|\n]/, `${code}: it stands in a table`)
    t.match(reasonReference(), `| \`${code}\` | ${sentence} |`)
  }
})

function* keysOf(schema: unknown, path: string): Iterable<string> {
  if (!isObject(schema) || !isObject(schema['properties'])) return
  for (const [key, child] of Object.entries(schema['properties'])) {
    if (isObject(child) && isObject(child['properties'])) yield* keysOf(child, `${path}${key}.`)
    else yield `${path}${key}`
  }
}
