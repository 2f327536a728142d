import t from 'tap'
import { appIn, faultsIn, fileWith } from '../../support/job-file.ts'

const variables = (name: string): string | undefined => ({ HOME: '/home/me', EMPTY: '' })[name]

t.test('a list of names and values, of K=V, and a map are the same', async (t) => {
  const expected = [{ name: 'A', value: '1' }, { name: 'B', value: 'x=y' }, { name: 'C', value: '' }]
  for (const lines of [
    'environment: [{name: A, value: 1}, {name: B, value: x=y}, {name: C, value: ""}]',
    'environment: [A=1, B=x=y, C=]',
    'environment: {A: 1, B: x=y, C: ""}',
  ]) {
    t.strictSame(appIn(lines).environment, expected, lines)
  }
})

t.test('values are as they are written', async (t) => {
  t.strictSame(appIn('environment: {A: 1.0, B: true, C: 0x10, D: 007, E: yes, F: "null"}').environment.map((each) => 'value' in each && each.value), ['1.0', 'true', '0x10', '007', 'yes', 'null'])
})

t.test('a name alone is taken from the environment of who reads the file', async (t) => {
  for (const lines of ['environment: [HOME]', 'environment: {HOME: }', 'environment: {HOME: null}']) t.strictSame(appIn(lines, '', { variables }).environment, [{ name: 'HOME', value: '/home/me' }], lines)
  t.strictSame(faultsIn(fileWith('environment: [NONE]'), { variables }), ['5:19: the variable NONE has no value here, and is not set in the environment, from which it would be taken'])
  t.strictSame(faultsIn(fileWith('environment: {NONE: }'), { variables }), ['5:19: the variable NONE has no value here, and is not set in the environment, from which it would be taken'])
})

t.test('a variable may be of a Secret', async (t) => {
  t.strictSame(appIn('environment: [{name: A, secret: s, key: k}, {name: B, secret: s}, {secret: all}]').environment, [{ name: 'A', secret: 's', key: 'k' }, { name: 'B', secret: 's', key: 'B' }, { allOfSecret: 'all' }])
  t.strictSame(appIn('environment: {A: {secret: s, key: k}, B: {secret: s}}').environment, [{ name: 'A', secret: 's', key: 'k' }, { name: 'B', secret: 's', key: 'B' }])
  t.strictSame(faultsIn(fileWith('environment: [{name: A, secret: s, value: v}]')), ['5:40: a variable has a value, or is of a secret, not both'])
  t.strictSame(faultsIn(fileWith('environment: {A: {key: k}}')), ['5:22: A needs a value, or a secret'])
  t.strictSame(faultsIn(fileWith('environment: [{secret: S_S}]')), ['5:28: secret must be a secret of the top, or the name of a Secret, not "S_S"'])
})

t.test('or of a secret of the top, whose name and key in the cluster stand there', async (t) => {
  const top = 'secrets: {PW: {content: x}, theirs: {external: true, name: real, key: k}}\n'
  t.strictSame(appIn('environment: {A: {secret: PW}, B: {secret: theirs}, C: {secret: theirs, key: k}, D: {secret: pw}}', top).environment, [
    { name: 'A', secret: 'pw', key: 'pw' },
    { name: 'B', secret: 'real', key: 'k' },
    { name: 'C', secret: 'real', key: 'k' },
    { name: 'D', secret: 'pw', key: 'pw' },
  ])
  t.strictSame(appIn('environment: [{secret: theirs}]', top).environment, [{ allOfSecret: 'real' }])
  t.strictSame(faultsIn(fileWith('environment: {A: {secret: theirs, key: other}}', top)), ['6:39: the key of this secret stands at the top: it is k; leave it out here'])
})

t.test('what is wrong with variables', async (t) => {
  for (const [lines, fault] of [
    ['environment: A=1', '5:18: environment must be a list or a map, not "A=1"'],
    ['environment: [A=1, A=2]', '5:24: environment: the variable "A" stands there twice'],
    ['environment: [{name: A}]', '5:19: a variable needs a value; an empty one is written ""'],
    ['environment: [{value: A}]', '5:19: a variable needs a name'],
    ['environment: [{name: A, value: 1, vaule: 2}]', '5:39: unknown key "vaule"; did you mean value?'],
    ['environment: [=1]', '5:19: "" is no name of a variable'],
    ['environment: {A: [1]}', '5:22: A must be a text, not a list'],
  ] as const) {
    t.strictSame(faultsIn(fileWith(lines)), [fault], lines)
  }
})

t.test('env_file: lines as Compose reads them, each replaced by what comes later', async (t) => {
  const files: Readonly<Record<string, string>> = {
    'a.env': '# a comment\n\nA=1\nexport B=two words # no more\nC="x\\ny \\"z\\""\nD=\'$HOME #\'\nE=${HOME}/e\nHOME\nF=\nG="two\nlines"\nH=a#b\n',
    'b.env': 'A=2\n',
  }
  const readFile = (path: string) => files[path]
  const values = (lines: string) => Object.fromEntries(appIn(lines, '', { variables, readFile }).environment.map((each) => ('value' in each ? [each.name, each.value] : [])))
  const ofA = { A: '1', B: 'two words', C: 'x\ny "z"', D: '$HOME #', E: '/home/me/e', HOME: '/home/me', F: '', G: 'two\nlines', H: 'a#b' }
  t.strictSame(values('env_file: a.env'), ofA)
  t.strictSame(values('env_file: [a.env, b.env]'), { ...ofA, A: '2' })
  t.strictSame(values('env_file: [{path: a.env}, {path: none.env, required: false}]\nenvironment: {A: 3}'), { ...ofA, A: '3' })
  t.strictSame(faultsIn(fileWith('env_file: none.env'), { readFile }), ['5:15: env_file: none.env cannot be read: there is no such file or folder'])
  const unreadable = (): string => {
    throw new Error('permission denied')
  }
  t.strictSame(faultsIn(fileWith('env_file: [{path: a.env, required: false}]'), { readFile: unreadable }), ['5:23: env_file: a.env cannot be read: permission denied'], 'only what is not there may be left out')
  t.strictSame(faultsIn(fileWith('env_file: c.env'), { readFile: () => `ä=1\n${'k'.repeat(70)}` }), [
    '5:15: env_file c.env, line 1: "ä" is no name of a variable',
    `5:15: env_file c.env, line 2: ${'k'.repeat(60)}… has no value, and is not set in the environment, from which it would be taken`,
  ])
  t.strictSame(faultsIn(fileWith('env_file: a.env')), ['5:15: env_file: a.env cannot be read: no other files are read here'])
  t.strictSame(faultsIn(fileWith('env_file: c.env'), { readFile: () => 'A=1\n= 2\nB="x\nNONE' }), [
    '5:15: env_file c.env, line 2: it is no KEY=VALUE',
    '5:15: env_file c.env, line 3: its quotes do not match',
  ])
  t.strictSame(faultsIn(fileWith('env_file: c.env'), { readFile: () => 'NONE\nA=${NONE}' }), [
    '5:15: env_file c.env, line 1: NONE has no value, and is not set in the environment, from which it would be taken',
    '5:15: env_file c.env, line 2: the variable NONE is not set; write ${NONE:-} where it may be empty',
  ])
})
