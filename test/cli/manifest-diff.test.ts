import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { largestDocument } from '../../src/manifest/split.ts'
import { configMapYaml, deployment, podYaml } from '../support/manifests.ts'
import { runUsher } from '../support/usher-process.ts'

/** Files that are laid out in different ways. */
const files: Readonly<Record<string, string>> = {
  'plain.yaml': podYaml('plain'),
  'several.yaml': `${podYaml('a')}---\n${configMapYaml('b')}---\n${podYaml('c')}`,
  'no-final-newline.yaml': podYaml('open').trimEnd(),
  'crlf.yaml': podYaml('windows').replaceAll('\n', '\r\n'),
  'mark.yaml': `\u{FEFF}${podYaml('mark')}`,
  'minified.json': JSON.stringify(deployment('minified')),
  'indented.json': `${JSON.stringify(deployment('indented'), null, 2)}\n`,
  'nothing.yaml': configMapYaml('nothing'),
}

t.test('--diff: what the changed files would become, for patch and git apply; nothing is changed', async (t) => {
  const folder = t.testdir(files)
  const { code, stdout, stderr } = await runUsher(t, ['inject', '-f', '.', '--diff'], { cwd: folder })
  t.equal(code, 0)
  t.match(stderr, /usher inject: 8 of 8 workloads changed\n$/)
  for (const [file, text] of Object.entries(files)) t.equal(readFileSync(join(folder, file), 'utf8'), text)
  t.notMatch(stdout, '\u{1b}', 'no colours in a pipe')
  t.notMatch(stdout, 'nothing.yaml', 'what stays as it is is not named')
  const wanted = await injectedFiles(t)
  for (const [tool, args] of [['git', ['apply', '-p0', 'all.diff']], ['patch', ['-p0', '--binary', '--fuzz=0', '-i', 'all.diff']]] as const) {
    const copy = t.testdir({ ...files, 'all.diff': stdout })
    const { status, stdout: said, stderr: complaint } = spawnSync(tool, args, { cwd: copy, encoding: 'utf8' })
    t.equal(status, 0, `${tool}: ${said}${complaint}`)
    for (const file of Object.keys(files)) t.equal(readFileSync(join(copy, file), 'utf8'), wanted[file], `${tool}: ${file}`)
  }
})

t.test('--diff: a name with spaces is one that patch finds', async (t) => {
  const folder = t.testdir({ 'my pod.yaml': podYaml('web') })
  const { stdout } = await runUsher(t, ['inject', '-f', 'my pod.yaml', '--diff'], { cwd: folder })
  writeFileSync(join(folder, 'out.diff'), stdout)
  for (const [tool, args] of [['patch', ['-p0', '--dry-run', '-i', 'out.diff']], ['git', ['apply', '-p0', '--check', 'out.diff']]] as const) {
    const { status, stdout: said } = spawnSync(tool, args, { cwd: folder, encoding: 'utf8', input: '' })
    t.equal(status, 0, `${tool}: ${said}`)
  }
})

t.test('--diff of standard input says so in its header', async (t) => {
  const { code, stdout } = await runUsher(t, ['inject', '-f', '-', '--diff'], { stdin: podYaml('web') })
  t.equal(code, 0)
  t.match(stdout, /^--- standard input\t?\n\+\+\+ standard input\t?\n@@ -2,7 \+2,/)
})

t.test('--diff is in colours where they are wanted', async (t) => {
  const { stdout } = await runUsher(t, ['inject', '-f', '-', '--diff'], { stdin: podYaml('web'), env: { FORCE_COLOR: '1' } })
  const lines = stdout.split('\n')
  t.ok(lines[0]?.startsWith('\u{1b}[1m--- standard input'))
  t.ok(lines[1]?.startsWith('\u{1b}[1m+++ standard input'))
  t.ok(lines[2]?.startsWith('\u{1b}[36m@@ -2,7 +2,'))
  t.ok(lines.some((line) => line === '\u{1b}[32m+      lifecycle:\u{1b}[39m'))
  t.ok(lines.some((line) => line === ' spec:'), 'what stays has none')
  const injected = await runUsher(t, ['inject', '-f', '-'], { stdin: podYaml('web') })
  const back = await runUsher(t, ['uninject', '-f', '-', '--diff'], { stdin: injected.bytes, env: { FORCE_COLOR: '1' } })
  t.ok(back.stdout.split('\n').some((line) => line === '\u{1b}[31m-      lifecycle:\u{1b}[39m'))
})

t.test('--diff is empty where nothing would change', async (t) => {
  const injected = await runUsher(t, ['inject', '-f', '-'], { stdin: podYaml('web') })
  const { code, stdout } = await runUsher(t, ['inject', '-f', '-', '--diff'], { stdin: injected.bytes })
  t.strictSame({ code, stdout }, { code: 0, stdout: '' })
})

t.test('--diff: a document that cannot be read does not hide what becomes of the others', async (t) => {
  const broken: Readonly<Record<string, Buffer>> = {
    'no YAML': Buffer.from('\tx: 1\n'),
    'no UTF-8': Buffer.from([0x61, 0x3a, 0x20, 0xff, 0x0a]),
  }
  for (const [what, bytes] of Object.entries(broken)) {
    const folder = t.testdir({ 'a.yaml': Buffer.concat([Buffer.from(`${podYaml('a')}---\n`), bytes, Buffer.from(`---\n${podYaml('c')}`)]) })
    const diff = await runUsher(t, ['inject', '-q', '-f', 'a.yaml', '--diff'], { cwd: folder })
    t.equal(diff.code, 1, what)
    t.match(diff.stderr, /^usher inject: a\.yaml: document 2, line 10: [^\n]*\n$/, what)
    t.equal(diff.stdout.match(/^@@ /gm)?.length, 2, what)
    t.equal(diff.stdout.match(/^\+ +lifecycle:$/gm)?.length, 2, what)

    const injected = await runUsher(t, ['inject', '-q', '-f', 'a.yaml'], { cwd: folder })
    const { status, stdout } = spawnSync('patch', ['-p0', '--binary', '--fuzz=0'], { cwd: folder, encoding: 'utf8', input: diff.bytes })
    t.equal(status, 0, `${what}: ${stdout}`)
    t.same(readFileSync(join(folder, 'a.yaml')), injected.bytes, what)
  }
})

t.test('--diff: a file that is too large to be compared is named, and the others are done', async (t) => {
  const large = `${configMapYaml('large')}data:\n  text: |\n${`    ${'x'.repeat(95)}\n`.repeat(largestDocument / 128)}`
  const folder = t.testdir({ 'a.yaml': Array(3).fill(large).join('---\n'), 'b.yaml': podYaml('b') })
  const { code, stdout, stderr } = await runUsher(t, ['inject', '-q', '-f', folder, '--diff'], { cwd: folder })
  t.equal(code, 1)
  t.match(stderr, /^usher inject: \S*a\.yaml: it is larger than \d+ MiB, too large to be compared\n$/)
  t.match(stdout, /^--- \S*b\.yaml\n/)
})

/** What inject writes for each of the files. */
async function injectedFiles(t: Test): Promise<Record<string, string>> {
  const folder = t.testdir(files)
  const wanted: Record<string, string> = {}
  for (const file of Object.keys(files)) wanted[file] = (await runUsher(t, ['inject', '-q', '-f', join(folder, file)])).stdout
  return wanted
}
