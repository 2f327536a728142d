import { readFileSync } from 'node:fs'
import t from 'tap'
import { commands } from '../../src/cli/main.ts'
import { sectionOf } from '../support/markdown.ts'

const operations = read('docs/operations.md')
const readme = read('README.md')

t.test('wherever pods hang on usher-lock, the documents name usher rescue, and no work by hand', async (t) => {
  const rows = rowsOf(sectionOf(operations, 'When something fails').split('\n### ').find((part) => part.startsWith('The image of the init container')) ?? '')
  t.ok(rows.length >= 4, `${rows.length} rows`)
  t.strictSame(rows.filter((row) => !row.includes('[`usher rescue`](rescue.md)')), [])
  t.notMatch(operations, 'kubectl set image')
  const failures = rowsOf(sectionOf(readme, 'When something fails'))
  t.match(failures.filter((row) => row.includes('rescue')), [/^\| the pods that hang on `usher-lock` already.*\[`usher rescue`\]\(docs\/rescue\.md\)/])
})

t.test('the README names each command that changes a cluster where a reader would look for it', async (t) => {
  for (const [heading, name] of [['Install it', 'install'], ['Remove it', 'uninstall'], ['Turn it on and off', 'enable'], ['Turn it on and off', 'disable'], ['When something fails', 'rescue']] as const) {
    t.match(sectionOf(readme, heading), new RegExp(`\\x60usher ${name}[\\x60 ]`), `${name} in ${heading}`)
    t.ok(Object.hasOwn(commands, name))
  }
})

/** Of the tables of a section, without their heads. */
function rowsOf(section: string): readonly string[] {
  return section.split('\n').filter((line, index, lines) => line.startsWith('|') && !/^\|[-|]+$/.test(line) && !/^\|[-|]+$/.test(lines[index + 1] ?? ''))
}

function read(page: string): string {
  return readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8')
}
