import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const script = join(import.meta.dirname, '../go-tools/build.ts')
const groups = ['kubernetes', 'etcd', 'helm', 'helm3']

t.test('needs no Go where everything is built already, and prints where', (t) => {
  const { status, stdout, stderr } = build({})
  t.equal(status, 0)
  t.equal(stderr, '')
  const paths = stdout.trimEnd().split('\n')
  t.strictSame(
    paths.map((path) => path.split('/').at(-1)),
    ['kubectl', 'kube-apiserver', 'etcd', 'helm', 'helm'],
  )
  t.ok(paths.every((path) => existsSync(path)))
  t.equal(new Set(paths).size, paths.length, 'both Helms have their place')
  t.end()
})

t.test('without Go, it says what to do and leaves nothing behind', (t) => {
  const cache = t.testdir({})
  const { status, stdout, stderr } = build({ XDG_CACHE_HOME: cache })
  t.equal(status, 1)
  t.equal(stdout, '')
  t.match(stderr, 'install Go')
  t.notMatch(stderr, ' at ', 'without a stack')
  const files = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  t.strictSame(files, [])
  t.end()
})

/** Runs the script where no Go is to be found. */
function build(env: Readonly<Record<string, string>>): { status: number | null; stdout: string; stderr: string } {
  const { HOME = '', XDG_CACHE_HOME = '' } = process.env
  return spawnSync(process.execPath, [script, ...groups], { encoding: 'utf8', env: { HOME, XDG_CACHE_HOME, PATH: '/nowhere', ...env } })
}
