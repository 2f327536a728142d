import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { anchorsIn, codeBlocksIn, linksIn } from '../support/markdown.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
// What git knows, or would: nothing of node_modules or dist.
const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)))

t.test('every link of a document leads somewhere', async (t) => {
  t.ok(pages.includes('README.md') && pages.includes('docs/reference.md'), `${pages.length} pages`)
  const found = pages.flatMap((page) => linksIn(read(page)).map((link) => ({ page, ...link })))
  t.ok(found.length > 100, `${found.length} links`)
  t.strictSame(found.flatMap(({ page, target, line }) => faultOf(page, target).map((fault) => `${page}:${line}: ${fault}`)), [])
})

t.test('a link that leads nowhere is found', async (t) => {
  t.strictSame(faultOf('README.md', 'docs/nowhere.md'), ['docs/nowhere.md is not there'])
  t.strictSame(faultOf('docs/lock.md', 'errors.md#nothing'), ['docs/errors.md has no heading #nothing'])
  t.strictSame(faultOf('docs/lock.md', '#nothing'), ['docs/lock.md has no heading #nothing'])
  t.strictSame(faultOf('docs/lock.md', 'errors.md#locked'), [])
  t.strictSame(faultOf('docs/lock.md', '../test/cluster'), [])
})

t.test('links in code are none, and headings get the anchors that GitHub gives them', async (t) => {
  const page = ['# A `b` & c, [d](e.md)', '', '## Twice', '## Twice', '', 'see [one](a.md), `[two](b.md)`', '', '```', '[three](c.md)', '## no heading', '```'].join('\n')
  t.strictSame([...anchorsIn(page)], ['a-b--c-d', 'twice', 'twice-1'])
  t.strictSame(linksIn(page).map(({ target }) => target), ['e.md', 'a.md'])
})

t.test('every page of docs/ is linked from the README or from a page that is', async (t) => {
  const reached = new Set(['README.md'])
  for (const page of reached) {
    for (const { target } of linksIn(read(page))) {
      const file = relative(root, join(root, dirname(page), target.split('#')[0] ?? ''))
      if (pages.includes(file)) reached.add(file)
    }
  }
  t.strictSame(pages.filter((page) => page.startsWith('docs/') && !reached.has(page)), [])
})

t.test('every test that a document calls as its witness is there', async (t) => {
  const named = pages.flatMap((page) => [...read(page).matchAll(/`((?:test|src|deploy|docs)\/[\w./-]+\.(?:ts|yaml|json|c|h|md))`/g)].map(([, file = '']) => ({ page, file })))
  t.ok(named.some(({ page }) => page === 'docs/operations.md'))
  t.strictSame(named.filter(({ file }) => !existsSync(join(root, file))), [])
})

t.test('upgrades keep the values that were set, and take the new defaults', async (t) => {
  const lines = pages.flatMap((page) => codeBlocksIn(read(page)).flat())
  t.ok(lines.some((line) => line.includes('--reset-then-reuse-values')))
  t.strictSame(lines.filter((line) => line.includes(' --reuse-values')), [], 'with --reuse-values, templates miss the values that are new')
})

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

function faultOf(page: string, target: string): readonly string[] {
  if (/^[a-z]+:/.test(target)) return []
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? page : relative(root, join(root, dirname(page), path))
  const place = join(root, file)
  if (!existsSync(place)) return [`${file} is not there`]
  if (anchor === undefined) return []
  if (statSync(place).isDirectory() || !file.endsWith('.md')) return [`${file} is no page, and has no heading #${anchor}`]
  return anchorsIn(read(file)).has(anchor) ? [] : [`${file} has no heading #${anchor}`]
}
