import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import manifest from '../../package.json' with { type: 'json' }
import type { Command } from '../../src/cli/command.ts'
import { everyCommand } from '../../src/cli/main.ts'
import { codeBlocksIn, sectionOf } from '../support/markdown.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)))
const lines = pages.flatMap((page) => codeBlocksIn(read(page)).flat().map((line) => ({ page, line })))

t.test('every npm script that the documents name is one of package.json', async (t) => {
  const named = lines.flatMap(({ page, line }) => [...line.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)].map(([, name = '']) => ({ page, name })))
  t.ok(named.length > 20, `${named.length} lines`)
  t.strictSame(named.filter(({ name }) => !Object.hasOwn(manifest.scripts, name)), [])
})

t.test('every flag that the documents give to usher is one of its command', async (t) => {
  const loaded = new Map(await Promise.all(everyCommand().map(async ([name, { load }]) => [name, await load()] as const)))
  const used = lines.flatMap(({ page, line }) => callsIn(line).flatMap(({ name, flags }) => flags.map((flag) => ({ page, line, flag, command: loaded.get(name) }))))
  t.ok(used.length > 20, `${used.length} flags`)
  t.strictSame(used.filter(({ command, flag }) => command !== undefined && !takes(command, flag)).map(({ page, line, flag }) => `${page}: ${flag}: ${line}`), [])
})

t.test('the lines of the README by which usher is installed and removed are a script that a shell reads', async (t) => {
  for (const heading of ['Install it', 'Remove it']) {
    const script = codeBlocksIn(sectionOf(read('README.md'), heading)).flat().join('\n')
    t.match(script, 'helm ')
    t.match(spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' }), { status: 0, stderr: '' }, heading)
  }
})

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

interface Call {
  readonly name: string
  /** As they are written, without values. */
  readonly flags: readonly string[]
}

/** The calls of usher in a line: at its start, behind a pipe, or by npx. */
function callsIn(line: string): readonly Call[] {
  return [...line.matchAll(/(?:^|[|(] *|\bnpx )usher (job [a-z]+|[a-z][a-z-]*)([^|#&;<>)]*)/g)].map(([, name = '', rest = '']) => ({
    name,
    flags: [...rest.matchAll(/(?<= )(--?[A-Za-z][\w-]*)/g)].map(([flag]) => flag),
  }))
}

function takes({ flags }: Command, written: string): boolean {
  const name = written.replace(/^-+/, '')
  if (['help', 'h'].includes(name) || Object.hasOwn(flags, name)) return true
  return !written.startsWith('--') && Object.values(flags).some(({ short }) => short === name)
}
