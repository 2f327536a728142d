import t from 'tap'
import { parse } from 'yaml'
import { configMapJson, configMapYaml, deployment, isInjected, namesIn, objectsIn, podYaml } from '../support/manifests.ts'
import { runUsher } from '../support/usher-process.ts'

// 2^53 + 1, which a number cannot hold.
const large = '9007199254740993'

t.test('without -o, each document stays in its own format', async (t) => {
  const folder = t.testdir({ 'a.yaml': podYaml('a'), 'b.json': JSON.stringify(deployment('b')), 'c.json': JSON.stringify(deployment('c'), null, 4) })
  const { code, stdout } = await runUsher(t, ['inject', '-f', folder])
  t.equal(code, 0)
  const [yaml = '', json = ''] = stdout.split('---\n')
  t.equal(yaml.slice(0, 10), 'kind: Pod\n')
  const [minified = '', ...indented] = json.split('\n')
  t.ok(isInjected(JSON.parse(minified)))
  t.notMatch(minified, /[:,] "/, 'minified stays minified')
  t.match(indented.join('\n'), /^\{\n {4}"apiVersion"/, 'and indented by 4 stays so')
  t.ok(isInjected(JSON.parse(indented.join('\n'))))
})

t.test('-o yaml: JSON becomes YAML, and YAML keeps its comments', async (t) => {
  const folder = t.testdir({
    'a.json': JSON.stringify(deployment('a')),
    'b.yaml': podYaml('b'),
    'c.json': configMapJson('c').replace('}}', `},"count":${large},"f":0.5,"answer":"no","multi":"a\\nb\\n","empty":{},"none":null}`) + configMapJson('d'),
  })
  const { code, stdout } = await runUsher(t, ['inject', '-f', folder, '-o', 'yaml'])
  t.equal(code, 0)
  t.strictSame(namesIn(stdout), ['a', 'b', 'c', 'd'])
  t.strictSame(objectsIn(stdout).map(isInjected), [true, true, false, false])
  t.notMatch(stdout, /^\s*[{"]/m, 'nothing of it is JSON any more')
  t.match(stdout, '\n  name: b # ours\n')
  const [, , c = ''] = stdout.split('---\n')
  t.match(c, `\ncount: ${large}\n`)
  t.match(c, '\nanswer: "no"\n', 'what YAML 1.1 takes for a boolean is quoted')
  t.strictSame(parse(c), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, count: Number(large), f: 0.5, answer: 'no', multi: 'a\nb\n', empty: {}, none: null })
})

t.test('-o json: YAML becomes JSON, one object after the other, in the order read', async (t) => {
  const folder = t.testdir({
    'a.yaml': `${podYaml('a')}---\n# Nothing.\n---\n${configMapYaml('b')}count: ${large}\nhex: 0x1F\nswitch: on\nanchors: [&x { k: v }, *x]\n`,
    'c.json': `\u{FEFF}${JSON.stringify(deployment('c'))}`,
    'd.yaml': '# Only a comment.\n',
  })
  const { code, stdout } = await runUsher(t, ['inject', '-f', folder, '-o', 'json'])
  t.equal(code, 0)
  t.ok(stdout.endsWith('}\n'))
  const texts = stdout.split(/\n(?=\{)/)
  const [a, b, c] = texts.map((text) => JSON.parse(text))
  t.equal(texts.length, 3)
  t.strictSame([a, b, c].map((object) => object.metadata.name), ['a', 'b', 'c'])
  t.strictSame([a, b, c].map(isInjected), [true, false, true])
  t.match(texts[1], `"count": ${large}`)
  t.strictSame([b.hex, b.switch, b.anchors], [31, true, [{ k: 'v' }, { k: 'v' }]])
  t.match(texts[0], /^\{\n {2}"kind": "Pod",\n {2}"apiVersion"/, 'indented, and in the order of the keys')
})

t.test('what cannot be read: -o yaml has it as it came, -o json leaves it out; both name it', async (t) => {
  const stdin = `${podYaml('a')}---\n\tbroken: 1\n---\n${podYaml('c')}`
  const yaml = await runUsher(t, ['inject', '-q', '-f', '-', '-o', 'yaml'], { stdin })
  t.equal(yaml.code, 1)
  t.match(yaml.stdout, '---\n\tbroken: 1\n---\nkind: Pod\n')
  t.match(yaml.stderr, /^usher inject: standard input: document 2, line 10: [^\n]*tab[^\n]*\n$/)
  const json = await runUsher(t, ['inject', '-q', '-f', '-', '-o', 'json'], { stdin })
  t.equal(json.code, 1)
  t.strictSame(json.stdout.split(/\n(?=\{)/).map((text) => JSON.parse(text).metadata.name), ['a', 'c'])
  t.equal(json.stderr, yaml.stderr)
})

t.test('-o json: what is left out is not said to pass', async (t) => {
  const { code, stdout, stderr } = await runUsher(t, ['inject', '-q', '-f', '-', '-o', 'json'], {
    stdin: Buffer.concat([Buffer.from(`${configMapYaml('a')}---\n`), Buffer.from([0xff, 0x0a]), Buffer.from(`---\n${configMapYaml('c')}`)]),
  })
  t.equal(code, 1)
  t.strictSame(stdout.split(/\n(?=\{)/).map((text) => JSON.parse(text).metadata.name), ['a', 'c'])
  t.match(stderr, 'document 2, line 5: it is not UTF-8')
  t.notMatch(stderr, 'passes')
})

t.test('uninject writes in other formats, too', async (t) => {
  const injected = await runUsher(t, ['inject', '-q', '-f', '-'], { stdin: JSON.stringify(deployment('a')) })
  const { code, stdout } = await runUsher(t, ['uninject', '-q', '-f', '-', '-o', 'yaml'], { stdin: injected.bytes })
  t.equal(code, 0)
  t.strictSame(parse(stdout), deployment('a'))
})
