import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { isInjected, namesIn, objectsIn, podYaml } from '../support/manifests.ts'
import { within } from '../support/until.ts'
import { runUsher, spawnUsher, type Starting } from '../support/usher-process.ts'

const patienceMs = 20_000
// More than a pipe holds.
const many = Array.from({ length: 500 }, (_, index) => podYaml(`web-${index}`)).join('---\n')

t.test('is a filter: what inject writes, uninject takes back', async (t) => {
  const injected = await runUsher(t, ['inject', '-f', '-'], { stdin: many })
  t.ok(objectsIn(injected.stdout).every(isInjected))
  const back = await runUsher(t, ['uninject', '-f', '-'], { stdin: injected.bytes })
  t.strictSame([back.code, back.stdout === many], [0, true])
  t.match(back.stderr, /\nusher uninject: 500 of 500 workloads changed\n$/)
})

t.test('a reader that leaves early ends it quietly, though its own input goes on', async (t) => {
  const { child, ended } = spawnUsher(t, ['inject', '-q', '-f', '-'], {})
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin.on('error', () => {})
  child.stdin.write(many)
  await within(patienceMs, 'it writes', once(child.stdout, 'data'))
  child.stdout.destroy()
  // Not ended: what writes to it may not have noticed yet.
  child.stdin.write(many)
  t.strictSame(await within(patienceMs, 'it ends', ended), { code: 0, signal: null })
  t.equal(stderr, '')
})

t.test('a disk that is full is a failure, and is said', { skip: !existsSync('/dev/full') }, async (t) => {
  const { code, stderr } = await runUsher(t, ['inject', '-q', '-f', '-'], { ...redirected('> /dev/full'), stdin: podYaml('web') })
  t.equal(code, 1)
  t.match(stderr, /^usher inject: [^\n]*(?:no space|ENOSPC)[^\n]*\n$/)
})

t.test('a reader of stderr that has gone takes nothing from stdout', async (t) => {
  const { child, ended } = spawnUsher(t, ['inject', '-f', '-'], {})
  child.stderr.destroy()
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stdin.on('error', () => {})
  child.stdin.end(many)
  const { code } = await within(patienceMs, 'it ends', ended)
  t.equal(code, 0)
  t.equal(namesIn(Buffer.concat(chunks).toString()).length, 500)
})

t.test('a reader of stderr that has gone does not stop --in-place halfway', async (t) => {
  const folder = t.testdir({ 'a.yaml': `${podYaml('a')}---\n${podYaml('b')}`, 'c.yaml': podYaml('c') })
  const { child, ended } = spawnUsher(t, ['inject', '-i', '-f', folder], {})
  child.stderr.destroy()
  child.stdin.end()
  await within(patienceMs, 'it ends', ended)
  t.strictSame(readdirSync(folder), ['a.yaml', 'c.yaml'], 'nothing is left over')
  for (const file of readdirSync(folder)) t.ok(objectsIn(readFileSync(join(folder, file), 'utf8')).every(isInjected), file)
})

t.test('without stderr or stdout, it goes on as if nobody looked', async (t) => {
  const { code, stdout } = await runUsher(t, ['inject', '-f', '-'], { ...redirected('2>&-'), stdin: podYaml('web') })
  t.strictSame([code, objectsIn(stdout).map(isInjected)], [0, [true]])
  const silent = await runUsher(t, ['inject', '-f', '-'], { ...redirected('>&-'), stdin: podYaml('web') })
  t.match(silent, { code: 0, stderr: /1 of 1 workload changed/ })
})

t.test('a standard input that cannot be read is a fault', async (t) => {
  for (const [what, redirection] of [['a folder', '< .'], ['one for writing', '0> /dev/null']] as const) {
    const { code, stdout, stderr } = await runUsher(t, ['inject', '-q', '-f', '-'], redirected(redirection))
    t.strictSame({ code, stdout }, { code: 1, stdout: '' }, what)
    t.match(stderr, /^usher inject: standard input: it cannot be read[^\n]*\n$/, what)
  }
  const nothing = await runUsher(t, ['inject', '-f', '-'], redirected('<&-'))
  t.match(nothing, { code: 0, stdout: '', stderr: /^usher inject: standard input: it holds no document\n/ }, 'none is an empty one')
})

/** Starts it by a shell that redirects its streams. */
function redirected(redirection: string): Starting {
  return { node: '/bin/sh', nodeFlags: ['-c', `exec "$0" "$@" ${redirection}`, process.execPath] }
}
