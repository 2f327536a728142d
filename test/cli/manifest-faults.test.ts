import t from 'tap'
import { largestDocument } from '../../src/manifest/split.ts'
import { configMapYaml, isInjected, namesIn, objectsIn, podYaml } from '../support/manifests.ts'
import { runUsher } from '../support/usher-process.ts'

/** Documents of which nothing can be made: what is wrong, on which of their lines, and what is said. */
const bad: readonly (readonly [text: string, line: number, said: RegExp])[] = [
  ['kind: Pod\n\tname: x\n', 2, /^a tab is used for indentation, which YAML does not allow$/],
  ['a: 1\nb: 2\na: 3\n', 3, /^a key stands twice in one map$/],
  ['kind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n', 3, /^it holds a template that is not rendered \(\{\{ … \}\}\); render it first$/],
  ['{{- if .Values.enabled }}\nkind: Pod\n{{- end }}\n', 1, /^it holds a template that is not rendered/],
  ['kind: Pod\nspec: { containers: [ }\n', 2, /^it is neither YAML nor JSON: ./],
  ['kind: "Pod\n', 1, /^a quote is not closed, or goes on at too small an indentation$/],
  ['- kind: Pod\n', 1, /^it is not a manifest: a map with apiVersion and kind is expected$/],
  ['just a word\n', 1, /^it is not a manifest/],
  ['kind: Pod\nmetadata: *nothing\n', 2, /^the alias \*nothing has no anchor before it$/],
  ['apiVersion: v1\nkind: Pod\nmetadata: { name: empty }\nspec: { containers: [] }\n', 1,
    /^Pod empty passes unchanged, for the API server would not accept its pods: spec\.containers is empty$/],
  ['apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: bare }\nspec: {}\n', 1,
    /^Deployment bare passes unchanged, .*: it has no spec\.template$/],
  ['apiVersion: v1\nkind: Pod\nmetadata: { name: anchored }\nspec:\n  containers: &all\n  - name: a\n    image: b\nold: *all\n', 6,
    /^Pod anchored passes unchanged: .*anchor &all\b/],
]

t.test('a document with a fault passes as it is, with its file, number, line and reason, and the others are done', async (t) => {
  const stream = [podYaml('first'), ...bad.map(([text]) => `${text}---\n`), podYaml('last')].join('---\n')
  const folder = t.testdir({ 'all.yaml': stream })
  const { code, stdout, stderr } = await runUsher(t, ['inject', '-q', '-f', 'all.yaml'], { cwd: folder })
  t.equal(code, 1)
  const said = stderr.trimEnd().split('\n')
  t.equal(said.length, bad.length, stderr)
  for (const [index, [text, line, reason]] of bad.entries()) {
    t.ok(stdout.includes(`---\n${text}---\n`), `its bytes: ${text}`)
    const [, document, at, sentence = ''] = /^usher inject: all\.yaml: document (\d+), line (\d+): (.*)$/.exec(said[index] ?? '') ?? []
    t.equal(Number(document), index + 2, 'what is blank does not count')
    t.equal(Number(at) - lineOf(stream, `---\n${text}---\n`), line, `its line: ${text}`)
    t.match(sentence, reason)
  }
  const outer = [stdout.slice(0, stdout.indexOf('---\n')), stdout.slice(stdout.lastIndexOf('---\n') + 4)]
  t.strictSame(outer.flatMap((text) => objectsIn(text).map(isInjected)), [true, true])
})

t.test('faults are named in the order of the files and documents, among what is said of the others', async (t) => {
  const folder = t.testdir({
    'a.yaml': `a: 1\na: 2\n---\n${podYaml('a')}`,
    'b.yaml': `\n\n${podYaml('b')}---\n---\n# Blank.\n---\n\tx: 1\n`,
    'c.json': '{"kind": "Pod", "kind": "Pod"}\n{"kind": ]}\n',
  })
  const { code, stdout, stderr } = await runUsher(t, ['inject', '-f', 'b.yaml', '-f', 'none.yaml', '-f', 'a.yaml', '-f', 'c.json'], { cwd: folder })
  t.equal(code, 1)
  t.match(stderr.split('\n'), [
    'usher inject: b.yaml: document 1, line 3: Pod b: nap-added (app), lock-added',
    'usher inject: b.yaml: document 2, line 15: a tab is used for indentation, which YAML does not allow',
    'usher inject: none.yaml: it cannot be read: there is no such file or folder',
    'usher inject: a.yaml: document 1, line 2: a key stands twice in one map',
    'usher inject: a.yaml: document 2, line 4: Pod a: nap-added (app), lock-added',
    'usher inject: c.json: document 1, line 1: a key stands twice in one map',
    /^usher inject: c\.json: document 2, line 2: it is neither YAML nor JSON: ./,
    'usher inject: 2 of 2 workloads changed; 5 faults',
    '',
  ])
  t.ok(stdout.endsWith('{"kind": "Pod", "kind": "Pod"}\n{"kind": ]}\n'))
})

t.test('uninject names what it cannot read as inject does', async (t) => {
  const { code, stdout, stderr } = await runUsher(t, ['uninject', '-f', '-'], { stdin: 'a: 1\na: 2\n' })
  t.strictSame({ code, stdout }, { code: 1, stdout: 'a: 1\na: 2\n' })
  t.equal(stderr, 'usher uninject: standard input: document 1, line 2: a key stands twice in one map\nusher uninject: 0 of 0 workloads changed; 1 fault\n')
})

t.test('a document that is too large to be read passes byte for byte, with a sentence, and the next one is done', async (t) => {
  const lines = Math.ceil(largestDocument / 100)
  const large = `${configMapYaml('large')}data:\n  text: |\n${`    ${'x'.repeat(95)}\n`.repeat(lines)}`
  const { code, stdout, stderr } = await runUsher(t, ['inject', '-f', '-'], { stdin: `${podYaml('a')}---\n${large}---\n${podYaml('c')}` })
  t.equal(code, 1)
  t.equal(stderr, [
    'usher inject: standard input: document 1, line 1: Pod a: nap-added (app), lock-added',
    `usher inject: standard input: document 2, line 9: it is larger than ${largestDocument / 2 ** 20} MiB, too large to be read`,
    `usher inject: standard input: document 3, line ${9 + 5 + lines + 2}: Pod c: nap-added (app), lock-added`,
    'usher inject: 2 of 2 workloads changed; 1 fault',
    '',
  ].join('\n'))
  const [a = '', b = '', c = ''] = stdout.split('---\n')
  t.ok(b === large)
  t.strictSame([a, c].flatMap(namesIn), ['a', 'c'])
  t.strictSame([a, c].flatMap((text) => objectsIn(text).map(isInjected)), [true, true])
})

t.test('what is not UTF-8 passes byte for byte, with a sentence', async (t) => {
  const utf16 = Buffer.from(podYaml('wide'), 'utf16le')
  const latin1 = Buffer.from('kind: Pod\n# Gr\u00fc\u00dfe\n', 'latin1')
  for (const [bytes, line] of [
    [Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]), 1],
    [Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(utf16).swap16()]), 1],
    [utf16, 1],
    [latin1, 2],
  ] as const) {
    const alone = await runUsher(t, ['inject', '-q', '-f', '-'], { stdin: bytes })
    t.equal(alone.code, 1)
    t.same(alone.bytes, bytes)
    t.match(alone.stderr, new RegExp(`^usher inject: standard input: document 1, line ${line}: it is not [^\n]*\n$`))
  }
  const folder = t.testdir({ 'a.yaml': podYaml('a'), 'b.yaml': latin1, 'c.yaml': podYaml('c') })
  const among = await runUsher(t, ['inject', '-q', '-f', 'a.yaml', '-f', 'b.yaml', '-f', 'c.yaml'], { cwd: folder })
  t.equal(among.code, 1)
  t.ok(among.bytes.includes(Buffer.concat([Buffer.from('---\n'), latin1, Buffer.from('---\n')])))
  t.equal(among.stderr, 'usher inject: b.yaml: document 1, line 2: it is not UTF-8\n')
  t.equal(among.stdout.match(/usher-lock/g)?.length, 2)
})

t.test('a document that is nested too deep passes with a sentence that says so, and the next one is done', async (t) => {
  const deep = `kind: Deep\napiVersion: v1\na: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n---\n`
  const { code, stdout, stderr } = await runUsher(t, ['inject', '-q', '-f', '-'], { stdin: deep + podYaml('next') })
  t.equal(code, 1)
  t.ok(stdout.startsWith(deep))
  t.ok(objectsIn(stdout.slice(deep.length)).every(isInjected))
  t.match(stderr, /^usher inject: standard input: document 1, line \d: it is [^\n]*(?:deep|nested)[^\n]*\n$/)
})

/** The number of lines before something. */
function lineOf(text: string, what: string): number {
  return text.slice(0, text.indexOf(what) + 4).split('\n').length - 1
}
