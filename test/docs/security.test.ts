import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'

const root = new URL('../../', import.meta.url)
const document = readFileSync(new URL('docs/security.md', root), 'utf8')

/** The rows of the tables of claims: what is claimed, and the cell of its tests. */
const claims = [...document.matchAll(/^\| (.+?) \| (`test\/.+) \|$/gm)].map(([, claim = '', tests = '']) => ({ claim, tests: tests.split('<br>') }))

t.test('each claim of docs/security.md names tests that there are, by their titles', async (t) => {
  t.ok(claims.length > 30)
  for (const { claim, tests } of claims) {
    for (const each of tests) {
      const [, file = '', title = ''] = /^`(test\/[\w./-]+\.test\.ts)`(?:: (.+))?$/.exec(each) ?? []
      const place = new URL(file, root)
      t.ok(file !== '' && existsSync(place), `${claim}: ${each}`)
      if (file !== '' && existsSync(place)) t.ok(readFileSync(place, 'utf8').includes(title), `${claim}: ${file} has ${title}`)
    }
  }
})

t.test('and each table of claims has nothing but claims with tests', async (t) => {
  const [, ...tables] = document.split('| claim | test |\n|---|---|\n')
  const rows = tables.flatMap((table) => table.split('\n\n', 1)[0]?.split('\n') ?? [])
  t.equal(rows.length, claims.length)
})
