import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { configMapJson, configMapYaml, isInjected, namesIn, objectsIn, podYaml } from '../support/manifests.ts'
import { runUsher } from '../support/usher-process.ts'

t.test('several files and standard input: one stream, in the order in which they are named', async (t) => {
  const folder = t.testdir({ 'z.yaml': podYaml('z'), 'a.yaml': podYaml('a'), 'any.txt': podYaml('txt') })
  const { code, stdout, stderr } = await runUsher(t, ['inject', '-f', 'z.yaml', '-f', '-', '--filename', 'a.yaml', '-f=any.txt', '-fany.txt'], {
    cwd: folder,
    stdin: podYaml('in'),
  })
  t.equal(code, 1, 'there is no file =any.txt')
  t.strictSame(namesIn(stdout), ['z', 'in', 'a', 'txt'])
  t.ok(objectsIn(stdout).every(isInjected))
  const named = stderr.split('\n').map((line) => /^usher inject: (.*?):/.exec(line)?.[1])
  t.strictSame(named, ['z.yaml', 'standard input', 'a.yaml', '=any.txt', 'any.txt', undefined, undefined])
})

t.test('a file that is named twice is read twice', async (t) => {
  const folder = t.testdir({ 'a.yaml': podYaml('a') })
  const { stdout } = await runUsher(t, ['inject', '-f', 'a.yaml', '-f', './a.yaml'], { cwd: folder })
  t.strictSame(namesIn(stdout), ['a', 'a'])
})

t.test('a folder: its manifests in the order of their names, and no other files', async (t) => {
  const folder = t.testdir({
    manifests: {
      'b.yml': podYaml('b'),
      'a.yaml': podYaml('a'),
      'C.YAML': podYaml('c'),
      'd.json': configMapJson('d'),
      'notes.txt': 'not a manifest',
      'values.yaml.bak': podYaml('backup'),
      deeper: { 'e.yaml': podYaml('e') },
    },
  })
  const { code, stdout, stderr } = await runUsher(t, ['inject', '-f', 'manifests'], { cwd: folder })
  t.equal(code, 0)
  t.strictSame(namesIn(stdout), ['c', 'a', 'b', 'd'])
  t.match(stderr, /^usher inject: manifests\/C\.YAML: document 1, line 1: Pod c: /)

  for (const flag of ['-R', '--recursive']) {
    const deep = await runUsher(t, ['inject', flag, '-f', 'manifests/'], { cwd: folder })
    t.equal(deep.code, 0)
    t.strictSame(namesIn(deep.stdout), ['c', 'a', 'b', 'd', 'e'])
    t.match(deep.stderr, '\nusher inject: manifests/deeper/e.yaml: document 1, line 1: Pod e: ')
  }
})

t.test('a folder without manifests is a fault, and where some lie deeper, how to reach them', async (t) => {
  const folder = t.testdir({ empty: {}, deep: { deeper: { 'a.yaml': podYaml('a') } }, ok: { 'ok.yaml': podYaml('ok') } })
  const { code, stdout, stderr } = await runUsher(t, ['inject', '-q', '-f', 'empty', '-f', 'deep', '-f', 'ok'], { cwd: folder })
  t.equal(code, 1)
  t.strictSame(namesIn(stdout), ['ok'], 'the others are done')
  t.equal(stderr, [
    'usher inject: empty: the folder holds no .yaml, .yml or .json file; -R looks into its folders, too',
    'usher inject: deep: the folder holds no .yaml, .yml or .json file; -R looks into its folders, too',
    '',
  ].join('\n'))
  const deep = await runUsher(t, ['inject', '-q', '-R', '-f', 'empty'], { cwd: folder })
  t.strictSame([deep.code, deep.stderr], [1, 'usher inject: empty: the folder holds no .yaml, .yml or .json file\n'])
})

t.test('what cannot be read is a fault of its own, said once, and the others are done', async (t) => {
  const folder = t.testdir({ 'a.yaml': podYaml('a'), 'z.yaml': podYaml('z'), file: '', d: { 'sub.yaml': {} } })
  symlinkSync('nowhere', join(folder, 'd', 'broken.yaml'))
  symlinkSync('..', join(folder, 'd', 'folder.yaml'))
  const { code, stdout, stderr } = await runUsher(t, ['inject', '-q', '-f', 'a.yaml', '-f', 'none.yaml', '-f', 'file/x.yaml', '-f', 'd', '-f', 'z.yaml'], {
    cwd: folder,
  })
  t.equal(code, 1)
  t.strictSame(namesIn(stdout), ['a', 'z'])
  t.match(stderr.split('\n'), [
    'usher inject: none.yaml: it cannot be read: there is no such file or folder',
    /^usher inject: file\/x\.yaml: it cannot be read: ./,
    /^usher inject: d\/broken\.yaml: it cannot be read.*: there is no such file or folder$/,
    /^usher inject: d\/folder\.yaml: it cannot be read.*: it is a folder$/,
    /^$/,
  ])
  t.equal(stderr.split('\n').length, 5)

  const loud = await runUsher(t, ['inject', '-f', 'd/broken.yaml'], { cwd: folder })
  t.notMatch(loud.stderr, 'it holds no document', 'that is not known')
  t.match(loud.stderr, '\nusher inject: 0 of 0 workloads changed; 1 fault\n')
})

t.test('a file without a document is told of, and is no fault', async (t) => {
  const folder = t.testdir({ 'empty.yaml': '', 'blank.yaml': '\n---\n# only a comment\n---\n', 'a.yaml': configMapYaml('a') })
  for (const command of ['inject', 'uninject']) {
    const { code, stdout, stderr } = await runUsher(t, [command, '-f', 'empty.yaml', '-f', 'blank.yaml', '-f', 'a.yaml'], { cwd: folder })
    t.equal(code, 0)
    t.strictSame(namesIn(stdout), ['a'])
    t.equal(stderr, [
      `usher ${command}: empty.yaml: it holds no document`,
      `usher ${command}: blank.yaml: it holds no document`,
      `usher ${command}: 0 of 0 workloads changed`,
      '',
    ].join('\n'))
  }
})

t.test('links to files are followed', async (t) => {
  const folder = t.testdir({ real: { 'a.txt': podYaml('a') }, links: {} })
  symlinkSync('../real/a.txt', join(folder, 'links', 'a.yaml'))
  const { code, stdout } = await runUsher(t, ['inject', '-f', 'links'], { cwd: folder })
  t.strictSame([code, namesIn(stdout)], [0, ['a']])
})
