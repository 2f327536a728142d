import t from 'tap'
import { faultsIn, fileWith, jobIn } from '../../support/job-file.ts'

t.test('what is not YAML: line, column, and what is wrong', async (t) => {
  for (const [text, fault] of [
    ['name: web\ncontainers: {', /^2:14: it is not YAML: /],
    ['name: web\n\tcontainers: {}', '2:1: a tab is used for indentation, which YAML does not allow'],
    ['name: "web', '1:7: it is not YAML: the quote " is not closed'],
    ["name: web\ncontainers:\n  a:\n    command: ['x', 'y]\n    image: i\n", "4:20: it is not YAML: the quote ' is not closed"],
    ['a: b: c', /^1:4: it is not YAML: /],
    ['name: web\nname: web2\ncontainers: {a: {image: i}}', '2:1: the key "name" stands twice in one map'],
    [fileWith('memory: 1G\nmemory: 1G'), '6:5: the key "memory" stands twice in one map'],
    ['name: *none\ncontainers: {a: {image: i}}', '1:7: the alias *none has no anchor before it'],
    ['x-a: &a [*a]\nname: web\ncontainers: {a: {image: i}}', '1:10: the alias *a stands within what it is an alias of'],
    [fileWith('<<: 5'), '5:5: a merge key takes a map, or a list of maps'],
    [fileWith('? [a]\n: b'), '5:7: a key must be a word'],
    [fileWith('memory: !reset 1G'), '5:20: the tag !reset is not known here'],
    ['a\0b', '1:1: it is not text, or not UTF-8'],
  ] as const) {
    t.match(faultsIn(text)[0], fault, JSON.stringify(text))
  }
})

t.test('aliases that come to billions, depth without end and large files are refused soon', async (t) => {
  const bomb = Array.from({ length: 20 }, (_, index) => `x-${index + 1}: &a${index + 1} [${Array.from({ length: 10 }, () => `*a${index}`).join(', ')}]`)
  t.match(faultsIn(['x-0: &a0 [1]', ...bomb, fileWith('memory: 1G')].join('\n'))[0], /^\d+:\d+: with what its aliases lead to, it comes to more than 200000 values$/)
  t.strictSame(faultsIn(`x: ${'['.repeat(400_000)}`), ['1:1: it holds more values than a job file can have'])
  t.match(faultsIn(`x: ${'['.repeat(200)}${']'.repeat(200)}`)[0], /^1:\d+: it is nested deeper than 100 levels$/)
  t.strictSame(faultsIn('#'.repeat(1_048_577)), ['1:1: it is larger than 1 MiB, which is no job file'])
  t.equal(faultsIn(`name: web\n${Array.from({ length: 5_000 }, (_, index) => `unknown${index}: 1\n`).join('')}`).length, 500)
  t.strictSame(faultsIn(`name: web\ncontainers: {a: {image: i, command: [${'a, '.repeat(340_000)}]}}`), ['1:1: it holds more values than a job file can have'])
  t.equal(jobIn(fileWith(`environment: {A: '${'a'.repeat(1_000_000)}'}`)).containers.length, 1, 'a long text is none of that')
})

t.test('windows line breaks and a byte order mark do no harm', async (t) => {
  t.strictSame(faultsIn('\u{FEFF}name: Web\r\nimage: x\r\ncontainers: {a: {image: i, memory: 1G}}\r\n').map((fault) => fault.split(' ')[0]), ['1:7:', '2:1:'])
  t.strictSame(faultsIn(`\u{FEFF}${fileWith('memory: 1G').replaceAll('\n', '\r\n')}`), [])
})
