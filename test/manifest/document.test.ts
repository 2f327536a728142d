import t from 'tap'
import { stringify } from 'yaml'
import { dataOf, readDocument, yamlOptions } from '../../src/manifest/document.ts'

t.test('reads plain scalars as Kubernetes does', async (t) => {
  for (const [text, value] of [
    ['0x1e', 30], ['0X1E', 30], ['036', 30], ['0o36', 30], ['0b11110', 30], ['+30', 30], ['-0x1e', -30], ['3_0', 30], ['00', 0],
    ['089', 89], ['1.5', 1.5], ['.5', 0.5], ['1e3', 1_000], ['12e03', 12_000], ['1.', 1], ['-.5', -0.5],
    ['.inf', Number.POSITIVE_INFINITY], ['-.inf', Number.NEGATIVE_INFINITY],
    ['18446744073709551615', 18_446_744_073_709_551_615n], ['9007199254740993', 9_007_199_254_740_993n], ['18446744073709551616', 2 ** 64],
    ['yes', true], ['on', true], ['y', true], ['True', true], ['no', false], ['off', false], ['N', false], ['FALSE', false],
    ['~', null], ['null', null], ['', null], ['NULL', null],
    // Strings, against YAML 1.1.
    ['1:30', '1:30'], ['2001-12-14', '2001-12-14'], ['1e999', '1e999'], ['nULL', 'nULL'], ['tRUE', 'tRUE'], ['0x', '0x'], ['1_', 1],
    ['"30"', '30'], ["'off'", 'off'], ['!!str 30', '30'], ['!!int 30', 30],
  ] as const) {
    t.strictSame(read(`a: ${text}\n`), { a: value }, text)
  }
  t.ok(Number.isNaN(Reflect.get(Object(read('a: .nan\n')), 'a')))
  t.strictSame(read('on: 1\n80: 2\n'), { true: 1, 80: 2 }, 'keys')
  t.strictSame(read('b: {x: 1, y: 2}\na: {<<: {x: 3, z: 4}, x: 5}\n'), { b: { x: 1, true: 2 }, a: { x: 5, z: 4 } }, 'merge keys')
})

t.test('quotes strings that somebody may read as something else', async (t) => {
  for (const text of ['30', '0x1e', '036', '0o36', '1:30', 'off', 'y', '~', '', 'null', '.inf', '1_000', '089', '{}', '- a', '# x', 'a: b', ' a']) {
    const printed = stringify({ a: text }, yamlOptions)
    t.match(printed, /^a: ["'].*["']\n$/, text)
    t.strictSame(read(printed), { a: text }, text)
  }
})

t.test('says what is wrong, and where', async (t) => {
  for (const [text, offset, reason] of [
    ['a:\n\tb: 1\n', 3, 'a tab is used for indentation, which YAML does not allow'],
    ['a: 1\nb: 2\na: 3\n', 10, 'a key stands twice in one map'],
    ['{"a": 1, "a": 2}', 9, 'a key stands twice in one map'],
    ['a: {{ .Values.x }}\n', 3, 'it holds a template that is not rendered ({{ … }}); render it first'],
    ['a: 1\n{{- if .x }}\nb: 1\n{{- end }}\n', 5, 'it holds a template that is not rendered ({{ … }}); render it first'],
    ['# {{ c }}\na: x{{ .y }\n  b: 1\n', 14, 'it holds a template that is not rendered ({{ … }}); render it first'],
    ['a: *x\n', 3, 'the alias *x has no anchor before it'],
    ['- a\n', 0, 'it is not a manifest: a map with apiVersion and kind is expected'],
    ['hello\n', 0, 'it is not a manifest: a map with apiVersion and kind is expected'],
    ['a: b: c\n', 3, 'it is neither YAML nor JSON: Nested mappings are not allowed in compact mappings'],
  ] as const) {
    t.strictSame(readDocument(text), { kind: 'unreadable', fault: { offset, reason } }, JSON.stringify(text))
  }
})

t.test('takes no offence at braces and tabs where they may stand', async (t) => {
  for (const text of [
    'a: "{{ x }}"\n', 'a: x{{ y }}\n', 'a: |\n  {{ x }}\n', '# {{ x }}\na: 1\n', 'a: {b: {}}\n', 'a:\tb\n', 'a: 1\t# c\n', 'a: "\tb"\n', 'a: |\n  x\n  \ty\n',
  ]) {
    t.equal(readDocument(text).kind, 'manifest', JSON.stringify(text))
  }
})

t.test('knows what is empty', async (t) => {
  for (const text of ['', '\n', '# c\n', '---\n', '--- # c\n...\n', '~\n']) t.equal(readDocument(text).kind, 'empty', JSON.stringify(text))
})

t.test('shares nothing among the data of aliases, and gives up on a bomb of them', async (t) => {
  const data = read('a: &x {b: 1}\nc: *x\n')
  t.strictSame(data, { a: { b: 1 }, c: { b: 1 } })
  t.not(Reflect.get(Object(data), 'a'), Reflect.get(Object(data), 'c'))
  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let level = 1; level < 9; level++) bomb.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`)
  t.throws(() => read(`${bomb.join('\n')}\n`), /alias/i)
})

function read(text: string): unknown {
  const reading = readDocument(text)
  if (reading.kind !== 'manifest') throw new Error(JSON.stringify(reading))
  return dataOf(reading.manifest)
}
