import t from 'tap'
import { appIn, faultsIn, fileWith, jobIn, warningsIn } from '../../support/job-file.ts'

const gibibyte = { bytes: 1_024 ** 3, written: '1G' }
const local = { type: 'local', path: '/d', space: gibibyte, isReadOnly: false, isEnforced: false }
const shared = { type: 'shared', path: '/d', space: gibibyte, isReadOnly: false, oneNode: false }
const top = 'volumes: {data: {type: shared, space: 1G}, tmp: {type: local, space: 1G, enforce: true}}\n'

t.test('local and shared volumes, with all their keys', async (t) => {
  for (const [written, volume] of [
    ['{type: local, path: /d, space: 1G}', { ...local, name: 'app-d' }],
    ['{type: local, path: /d, space: 1G, name: own, enforce: true, read_only: true}', { ...local, name: 'own', isEnforced: true, isReadOnly: true }],
    ['{type: local, target: /d, source: own, space: 1G}', { ...local, name: 'own' }],
    ['{type: shared, path: /d, space: 1G}', { ...shared, name: 'app-d' }],
    ['{type: shared, path: /d, space: 1G, storage_class: nfs, one_node: true}', { ...shared, name: 'app-d', storageClass: 'nfs', oneNode: true }],
  ] as const) {
    t.strictSame(appIn(`volumes: [${written}]`).volumes, [volume], written)
  }
})

t.test('volumes of the top, by the short and the long form of Compose', async (t) => {
  for (const [written, volume] of [
    ['data:/d', { ...shared, name: 'data' }],
    ['data:/d:ro', { ...shared, name: 'data', isReadOnly: true }],
    ['data:/d:rw', { ...shared, name: 'data' }],
    ['tmp:/d', { ...local, name: 'tmp', isEnforced: true }],
    ['{type: volume, source: data, target: /d, read_only: true}', { ...shared, name: 'data', isReadOnly: true }],
    ['{name: data, path: /d}', { ...shared, name: 'data' }],
    ['{name: data, path: /d, type: shared, space: 1024M}', { ...shared, name: 'data' }],
  ] as const) {
    t.strictSame(appIn(`volumes: [${written}]`, top).volumes, [volume], written)
  }
})

t.test('containers that name a volume share it, if it is the same', async (t) => {
  const two = (a: string, b: string) => `name: web\ncontainers:\n  a: {image: i, volumes: [${a}]}\n  b: {image: i, volumes: [${b}]}\n`
  const one = '{type: local, name: x, path: /d, space: 1G}'
  t.strictSame(jobIn(two(one, one)).containers.map(({ volumes }) => volumes[0]?.name), ['x', 'x'])
  t.match(faultsIn(two(one, one.replace('1G', '2G'))), [/^4:27: the volume x is another one elsewhere in this job: /])
  t.strictSame(faultsIn(two('{type: local, path: /d, space: 1G}', '{type: local, name: a-d, path: /e, space: 1G}')), ['4:27: two volumes would be called a-d; give this one a name'])
  t.strictSame(faultsIn(fileWith('volumes: [{type: local, path: /a-b, space: 1G}, {type: local, path: /a/b, space: 1G}]')), ['5:53: two volumes would be called app-a-b; give this one a name'])
})

t.test('a name that is made of a long path is a DNS label of its own', async (t) => {
  const [first, second] = appIn(`volumes: [{type: local, path: /${'a'.repeat(90)}, space: 1G}, {type: local, path: /${'a'.repeat(91)}, space: 1G}]`).volumes
  t.match(first?.name, /^app-a+-[0-9a-f]{8}$/)
  t.equal(first?.name.length, 63)
  t.not(first?.name, second?.name)
})

t.test('what is no volume, and what to do instead', async (t) => {
  for (const [written, fault] of [
    ['./data:/d', 'bind is not supported: "./data:/d": files of a node are not mounted; use {type: shared or local, path: …, space: …}, or configs and secrets for files of this folder'],
    ['/data:/d', /^bind is not supported/],
    ['~/data:/d', /^bind is not supported/],
    ['/d', 'the volume "/d" needs a type and space: {type: local, path: /d, space: 1G}'],
    ['none:/d', 'the volume "none" is not declared at the top: volumes: {none: {type: local, space: 1G}}'],
    ['data:/d:z', 'a volume is NAME:PATH, NAME:PATH:ro, or a map, not "data:/d:z"'],
    ['data:d', 'the path of a volume must be absolute, and without .. and :, not "d"'],
    ['{type: bind, source: ./x, target: /d}', /^bind is not supported: files of a node are not mounted/],
    ['{type: tmpfs, target: /d}', 'tmpfs is not supported: write type: local, with space'],
    ['{type: volume, source: none, target: /d}', 'volume is not supported: write type: shared or type: local here, or declare the volume at the top'],
    ['{type: big, path: /d, space: 1G}', 'type must be shared or local, not "big"'],
    ['{path: /d, space: 1G}', 'a volume needs a type: shared is one for all instances; local is of one instance, and gone with it'],
    ['{type: local, path: /d}', 'a volume needs space, such as 1G'],
    ['{type: local, space: 1G}', 'a volume needs a path'],
    ['{type: local, path: /, space: 1G}', 'a volume cannot be at /: it would be in the place of the image'],
    ['{type: local, path: /../d, space: 1G}', 'the path of a volume must be absolute, and without .. and :, not "/../d"'],
    ['{type: shared, path: /d, space: 1G, enforce: true}', 'enforce is of local volumes: a shared one has its space for itself'],
    ['{type: local, path: /d, space: 1G, storage_class: x}', 'storage_class is of shared volumes'],
    ['{type: local, path: /d, space: 1G, name: My_Volume}', 'name: "My_Volume" is no DNS label: at most 63 of a-z, 0-9 and -, with - neither first nor last; did you mean my-volume?'],
    ['{type: local, path: /d, space: 1G, bind: {}}', /^bind is not supported: files of a node are not mounted/],
    ['{name: data, path: /d, type: local}', 'type says local, but the top says otherwise of data; leave it out here'],
    ['{name: data, path: /d, space: 2G}', 'space says 2G, but the top says otherwise of data; leave it out here'],
    ['{name: data, path: /d, enforce: true}', 'enforce of data stands at the top; leave it out here'],
    ['{type: local, path: /d, space: 1G, name: a, source: b}', 'source says "b", but name says "a": they are the same, and must agree'],
  ] as const) {
    const faults = faultsIn(fileWith(`volumes: [${written}]`, top)).map((line) => line.replace(/^6:\d+: /, ''))
    t.match(faults, [fault], written)
    t.equal(faults.length, 1, written)
  }
  t.strictSame(faultsIn(fileWith('volumes: ["data:/d", "tmp:/d/"]', top)), ['6:26: there is something at /d/ already'])
})

t.test('what is wrong with volumes of the top', async (t) => {
  for (const [written, fault] of [
    ['{data: }', '2:11: the volume data needs a type and space: {type: local, space: 1G}, or {type: shared, space: 1G}'],
    ['{data: {}}', '2:11: data needs a type: shared is one for all instances; local is of one instance, and gone with it'],
    ['{data: {type: local}}', '2:11: data needs space, such as 1G'],
    ['{data: {type: local, space: 1G, external: true}}', '2:42: external is not supported: a volume of a job is kept between its versions; write type and space'],
    ['{my_data: {type: local, space: 1G}}', '2:11: volumes: "my_data" is no DNS label: at most 63 of a-z, 0-9 and -, with - neither first nor last; did you mean my-data?'],
    ['[data]', '2:10: volumes must be a map of names, not a list'],
  ] as const) {
    t.match(faultsIn(fileWith('memory: 1G', `volumes: ${written}\n`)), [fault, ...(written === '{data: {}}' ? [/space/] : [])], written)
  }
})

t.test('secrets and configs, of the cluster and brought along', async (t) => {
  const declared = 'secrets: {own: {content: "a$$b"}, DB_PASSWORD: {environment: PW}, theirs: {external: true}, other: {external: true, name: real, key: k}}\nconfigs: {settings: {file: ./settings.ini}}\n'
  const options = { variables: (name: string) => (name === 'PW' ? 'secret' : undefined), readFile: (path: string) => `content of ${path}` }
  const lines = 'secrets: [own, {source: DB_PASSWORD, target: pw}, theirs, {source: other, target: /etc/x}]\nconfigs: [settings, {source: settings, target: /etc/settings.ini}]'
  t.strictSame(appIn(lines, declared, options).volumes, [
    { type: 'secret', name: 'own', path: '/run/secrets/own' },
    { type: 'secret', name: 'db-password', path: '/run/secrets/pw' },
    { type: 'secret', name: 'theirs', path: '/run/secrets/theirs', key: 'theirs' },
    { type: 'secret', name: 'real', path: '/etc/x', key: 'k' },
    { type: 'config', name: 'settings', path: '/settings' },
    { type: 'config', name: 'settings', path: '/etc/settings.ini' },
  ])
  t.strictSame(jobIn(fileWith(lines, declared), options).files, [
    { type: 'secret', name: 'own', content: 'a$b' },
    { type: 'secret', name: 'db-password', content: 'secret' },
    { type: 'config', name: 'settings', content: 'content of ./settings.ini' },
  ])
})

t.test('what is wrong with secrets and configs', async (t) => {
  for (const [job, lines, fault] of [
    ['', 'secrets: [none]', '5:15: the secret "none" is not declared at the top: secrets: {none: {external: true}}'],
    ['secrets: {a: {}}\n', 'memory: 1G', '2:11: a needs one of file, content, environment, or external: true'],
    ['secrets: {a: {content: x, file: y}}\n', 'memory: 1G', '2:27: a has content already: one of file, content, environment'],
    ['secrets: {a: {external: true, content: x}}\n', 'memory: 1G', '2:31: a is external, and has no content here'],
    ['secrets: {a: {environment: NONE}}\n', 'memory: 1G', '2:28: environment: the variable NONE is not set'],
    ['secrets: {a: {content: x, name: y}}\n', 'memory: 1G', '2:27: name is of external ones: what the job brings along is called as it is here'],
    ['secrets: {A_B: {external: true}}\n', 'memory: 1G', '2:11: A_B: there can be no secret of this name in a cluster; write the one that it has there as name'],
    ['secrets: {a_b: {content: x}, a-b: {content: y}}\n', 'memory: 1G', '2:30: a-b would be called a-b in the cluster, as a_b is'],
    ['secrets: {a: {content: x}}\n', 'secrets: [{source: a, mode: 0400}]', '6:27: mode is not supported: all users of the container may read it'],
    ['secrets: {a: {content: x}}\n', 'secrets: [{source: a, target: ../b}]', '6:35: target must be the path of a file, without .. and :, not "../b"'],
    ['configs: {a: {file: none}}\n', 'memory: 1G', '2:21: file: none cannot be read: no other files are read here'],
  ] as const) {
    t.strictSame(faultsIn(fileWith(lines, job)), [fault], job + lines)
  }
})

t.test('what is declared and named by no container is told', async (t) => {
  const declared = 'volumes: {data: {type: local, space: 1G}, dta: {type: local, space: 1G}}\nsecrets: {a: {content: x}, b: {content: x}, c: {external: true}}\nconfigs: {d: {content: x}}\n'
  t.strictSame(warningsIn(fileWith('memory: 1G\nvolumes: ["data:/d"]\nsecrets: [a]\nenvironment: {X: {secret: c}}', declared)), [
    '2:43: the volume dta is named by no container, and is not made',
    '3:28: the secret b is named by no container',
    '4:11: the config d is named by no container',
  ])
  t.strictSame(warningsIn(fileWith('memory: 1G\nvolumes: ["data:/d:odd"]', 'volumes: {data: {type: local, space: 1G}}\n')), [], 'what names it may be what is wrong')
})
