import { chmodSync, chownSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { configMapYaml, deployment, isInjected, objectsIn, podYaml } from '../support/manifests.ts'
import { until } from '../support/until.ts'
import { runUsher, spawnUsher } from '../support/usher-process.ts'

t.test('--in-place writes the changed files back, and does not touch the others', async (t) => {
  const folder = t.testdir({
    'a.yaml': podYaml('a'),
    'b.yaml': configMapYaml('b').trimEnd(),
    'c.json': JSON.stringify(deployment('c')),
    deeper: { 'd.yaml': podYaml('d') },
  })
  const before = statSync(join(folder, 'b.yaml'))
  for (const flag of ['-i', '--in-place']) {
    const { code, stdout, stderr } = await runUsher(t, ['inject', flag, '-f', '.'], { cwd: folder })
    t.strictSame({ code, stdout }, { code: 0, stdout: '' })
    t.match(stderr, flag === '-i' ? '2 of 2 workloads changed' : '0 of 2 workloads changed')
    t.strictSame(readdirSync(folder).toSorted(), ['a.yaml', 'b.yaml', 'c.json', 'deeper'], 'and leaves nothing else')
    t.ok(objectsIn(readFileSync(join(folder, 'a.yaml'), 'utf8')).every(isInjected))
    t.ok(isInjected(JSON.parse(readFileSync(join(folder, 'c.json'), 'utf8'))))
    t.equal(readFileSync(join(folder, 'b.yaml'), 'utf8'), configMapYaml('b').trimEnd())
    t.equal(readFileSync(join(folder, 'deeper', 'd.yaml'), 'utf8'), podYaml('d'))
  }
  const after = statSync(join(folder, 'b.yaml'))
  t.strictSame([after.ino, after.mtimeMs], [before.ino, before.mtimeMs], 'what stays as it is is the same file')
})

t.test('a file keeps its mode, whatever the umask', async (t) => {
  const modes = { 'a.yaml': 0o600, 'b.yaml': 0o666, 'c.yaml': 0o444 }
  const folder = t.testdir(Object.fromEntries(Object.keys(modes).map((file) => [file, podYaml('web')])))
  for (const [file, mode] of Object.entries(modes)) chmodSync(join(folder, file), mode)
  t.equal((await runUsher(t, ['inject', '-i', '-f', folder])).code, 0)
  for (const [file, mode] of Object.entries(modes)) {
    t.ok(objectsIn(readFileSync(join(folder, file), 'utf8')).every(isInjected))
    t.equal(statSync(join(folder, file)).mode & 0o777, mode, `the mode of ${file}`)
  }
})

t.test('a file keeps its owner', { skip: process.getuid?.() === 0 ? false : 'only root can give files away' }, async (t) => {
  const folder = t.testdir({ 'a.yaml': podYaml('web') })
  const file = join(folder, 'a.yaml')
  chownSync(file, 65_532, 65_533)
  t.equal((await runUsher(t, ['inject', '-i', '-f', file])).code, 0)
  t.ok(objectsIn(readFileSync(file, 'utf8')).every(isInjected))
  const { uid, gid } = statSync(file)
  t.strictSame([uid, gid], [65_532, 65_533])
})

t.test('a link stays a link, and what it leads to is changed', async (t) => {
  const folder = t.testdir({ real: { 'a.yaml': podYaml('a') }, links: {} })
  const link = join(folder, 'links', 'a.yaml')
  symlinkSync('../real/a.yaml', link)
  t.equal((await runUsher(t, ['inject', '-i', '-f', link])).code, 0)
  t.ok(lstatSync(link).isSymbolicLink())
  t.ok(objectsIn(readFileSync(join(folder, 'real', 'a.yaml'), 'utf8')).every(isInjected))
  t.strictSame([readdirSync(join(folder, 'links')), readdirSync(join(folder, 'real'))], [['a.yaml'], ['a.yaml']])
})

t.test('a document with a fault loses nothing: its bytes stay, and those around it are changed', async (t) => {
  const bad = Buffer.from('---\n\tbroken: 1 \r\n---\n# \u00e9\n')
  const worse = Buffer.from([0x2d, 0x2d, 0x2d, 0x0a, 0x78, 0x3a, 0x20, 0xff, 0x00, 0x0a])
  const folder = t.testdir({ 'a.yaml': Buffer.concat([Buffer.from(podYaml('a')), bad, worse, Buffer.from(`---\n${podYaml('b')}`)]) })
  const file = join(folder, 'a.yaml')
  const { code, stderr } = await runUsher(t, ['inject', '-i', '-f', file])
  t.equal(code, 1)
  t.match(stderr, '2 of 2 workloads changed; 2 faults')
  const changed = readFileSync(file)
  t.ok(changed.includes(Buffer.concat([bad, worse])))
  t.equal(changed.toString().match(/usher-lock/g)?.length, 2)
  t.equal((await runUsher(t, ['uninject', '-i', '-f', file])).code, 1)
  t.same(readFileSync(file), Buffer.concat([Buffer.from(podYaml('a')), bad, worse, Buffer.from(`---\n${podYaml('b')}`)]))
  t.strictSame(readdirSync(folder), ['a.yaml'])
})

t.test('a file that cannot be written stays as it is, is named, and does not keep the others from it', async (t) => {
  // No name can be longer, so that none is left for a file beside it.
  const long = `${'l'.repeat(250)}.yaml`
  const folder = t.testdir({ 'a.yaml': podYaml('a'), [long]: podYaml('long'), 'z.yaml': podYaml('z') })
  const { code, stdout, stderr } = await runUsher(t, ['inject', '-q', '-i', '-f', '.'], { cwd: folder })
  t.strictSame({ code, stdout }, { code: 1, stdout: '' })
  t.match(stderr, new RegExp(`^usher inject: ${long}: it cannot be [^\n]*\n$`))
  t.strictSame(readdirSync(folder).toSorted(), ['a.yaml', long, 'z.yaml'])
  t.equal(readFileSync(join(folder, long), 'utf8'), podYaml('long'))
  for (const file of ['a.yaml', 'z.yaml']) t.ok(objectsIn(readFileSync(join(folder, file), 'utf8')).every(isInjected))
})

t.test('a file that could not be written is not counted as changed', async (t) => {
  const long = `${'l'.repeat(250)}.yaml`
  const folder = t.testdir({ [long]: podYaml('long') })
  const { stderr } = await runUsher(t, ['inject', '-i', '-f', '.'], { cwd: folder })
  t.match(stderr, /\nusher inject: 0 of 1 workload changed; 1 fault\n$/)
})

t.test('ended by a signal in the middle: the file is there as it was, and nothing beside it', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const text = Array.from({ length: 5_000 }, (_, index) => podYaml(`web-${index}`)).join('---\n')
    const folder = t.testdir({ 'a.yaml': text })
    const { child, ended } = spawnUsher(t, ['inject', '-q', '-i', '-f', join(folder, 'a.yaml')], {})
    await until('it writes', () => readdirSync(folder).length > 1)
    child.kill(signal)
    const { code, signal: by } = await ended
    t.ok(code !== 0 || by !== null, 'it did not get to its end')
    t.equal(readFileSync(join(folder, 'a.yaml'), 'utf8'), text)
    t.strictSame(readdirSync(folder), ['a.yaml'])
  }
})

t.test('a file in which nothing changes is not written, even beside itself', async (t) => {
  const long = `${'l'.repeat(250)}.yaml`
  const folder = t.testdir({ [long]: configMapYaml('long') })
  t.strictSame((await runUsher(t, ['inject', '-q', '-i', '-f', '.'], { cwd: folder })).stderr, '')
  t.equal(readFileSync(join(folder, long), 'utf8'), configMapYaml('long'))
})
