import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { withAlertTable } from '../../docs/pages/alerts.ts'
import { annotationReference } from '../../docs/pages/annotations.ts'
import { commandReference, exitCodeReference } from '../../docs/pages/commands.ts'
import { configurationReference } from '../../docs/pages/configuration.ts'
import { lockMetrics, webhookMetrics } from '../../docs/pages/metrics.ts'
import { withJobTables } from '../../docs/pages/jobs.ts'
import { errorPage, reasonReference } from '../../docs/pages/reasons.ts'
import { referencePage } from '../../docs/pages/reference.ts'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { everyCommand } from '../../src/cli/main.ts'
import { configSchema } from '../../src/config/schema.ts'
import { tuning } from '../../src/inject/names.ts'
import { reasonTable } from '../../src/inject/reasons.ts'
import { isObject } from '../../src/units/json.ts'

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')

t.test('what is generated of the documentation says what the code does', async (t) => {
  const operations = read('docs/operations.md')
  for (const [file, text] of [
    ['docs/reference.md', await referencePage()],
    ['docs/errors.md', errorPage()],
    ['docs/operations.md', withAlertTable(operations)],
    ['docs/jobs.md', withJobTables(read('docs/jobs.md'))],
  ] as const) {
    t.equal(read(file), text, `${file} is as \`npm run docs\` writes it`)
  }
})

t.test('every annotation is documented with its default, what is allowed, and what it means', async (t) => {
  const rows = rowsOf(annotationReference())
  t.strictSame(rows.map(([key]) => key).filter((key) => Object.values(tuning).some((each) => key === `\`${each}\``)), Object.values(tuning).map((key) => `\`${key}\``))
  t.match(rows.find(([key]) => key === '`usher.dev/nap`'), ['`usher.dev/nap`', '`10s`', '"disabled" or a duration up to 300s, such as 15s', /\.$/])
  t.match(rows.find(([key]) => key === '`usher.dev/lock-weight`'), ['`usher.dev/lock-weight`', '`1`', 'a whole number from 1 to 16', /\.$/])
})

t.test('every key of the configuration is documented with its default, what is allowed, and what it means', async (t) => {
  const rows = rowsOf(configurationReference()).filter(([key]) => key?.startsWith('`'))
  t.strictSame(rows.map(([key]) => key), [...keysOf(configSchema, '')].map((key) => `\`${key}\``))
  t.equal(rows.length, 20)
  for (const row of rows) {
    t.equal(row.length, 4, row.join(' | '))
    t.notMatch(row.join(), 'undefined')
    t.match(row[3], /\w.*\.$/, `a sentence: ${row[0]}`)
  }
})

t.test('every command is documented with each of its flags', async (t) => {
  const text = (await commandReference()).join('\n')
  for (const [name, { load }] of everyCommand()) {
    const [, section] = text.split(`### usher ${name}\n`)
    t.ok(section, name)
    const { flags } = await load()
    for (const flag of Object.keys(flags)) t.match(section?.split('\n### ')[0], new RegExp(`^\\| \`(?:-\\w, )?--${flag}[ \`]`, 'm'), `${name} --${flag}`)
  }
  t.match(text, /^ +--connect-wait TIME +\w/m, 'those of usher-wait, too')
})

t.test('every reason has one sentence', async (t) => {
  for (const [code, sentence] of Object.entries(reasonTable)) {
    t.match(code, /^[a-z]+(-[a-z]+)*$/)
    t.match(sentence, /^[A-Za-z].*\.$/, code)
    t.notMatch(sentence, /[|\n]/, `${code}: it stands in a table`)
    t.match(reasonReference().join('\n'), `| \`${code}\` | ${sentence} |`)
  }
})

t.test('every metric that the code names is documented, with its labels', async (t) => {
  const sources = globSync(fileURLToPath(new URL('../../src/**/*.ts', import.meta.url)))
  const named = new Set(sources.flatMap((file) => readFileSync(file, 'utf8').match(/(?<=')usher_(?:webhook|lock)_\w+(?=')/g) ?? []))
  const metrics = [...webhookMetrics(), ...lockMetrics()]
  t.strictSame(metrics.map(({ name }) => name).toSorted(), [...named].toSorted())
  t.match(metrics.find(({ name }) => name === 'usher_lock_grants_total'), { type: 'counter', labels: ['grant', 'client'] })
  for (const { name, help } of metrics) t.match(help, /^[A-Z].*\.$/, name)
})

t.test('every exit code has a meaning', async (t) => {
  t.strictSame(rowsOf(exitCodeReference()).map(([code]) => code).slice(1), Object.values(exitCodes).map(String))
  t.notMatch(exitCodeReference().join('\n'), 'undefined')
})

/** The cells of each row of the tables, their heads among them. */
function rowsOf(lines: readonly string[]): readonly (readonly string[])[] {
  return lines.filter((line) => line.startsWith('| ')).map((line) => line.slice(2, -2).split(' | '))
}

function* keysOf(schema: unknown, path: string): Iterable<string> {
  if (!isObject(schema) || !isObject(schema['properties'])) return
  for (const [key, child] of Object.entries(schema['properties'])) {
    if (isObject(child) && isObject(child['properties'])) yield* keysOf(child, `${path}${key}.`)
    else yield `${path}${key}`
  }
}
