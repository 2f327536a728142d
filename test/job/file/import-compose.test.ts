import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import t from 'tap'
import { importCompose, type ImportOptions } from '../../../src/job/file/import-compose.ts'
import { formatFileProblem } from '../../../src/job/file/report.ts'
import { read } from '../../support/job-file.ts'
import { runs } from '../../support/property.ts'

const options: ImportOptions = { file: 'compose.yaml', name: 'shop', isSplit: false, variables: () => undefined, isFile: () => false }
const shop = readFileSync(new URL('compose/shop.yaml', import.meta.url), 'utf8')

function run(text: string, more: Partial<ImportOptions> = {}) {
  const made = importCompose(text, { ...options, ...more })
  if ('problems' in made) throw new Error(made.problems.map(formatFileProblem).join('\n'))
  const lines = (problems: typeof made.left) => problems.map((problem) => formatFileProblem(problem).replace(/^compose\.yaml:/, ''))
  return { text: made.text, dropped: lines(made.dropped), changed: lines(made.changed), left: lines(made.left) }
}

/** The jobs that come out, for whoever has these variables. */
function jobsOf(text: string) {
  const reading = read(text, { variables: () => 'x', readFile: () => 'content' })
  if ('problems' in reading) throw new Error(reading.problems.map(formatFileProblem).join('\n'))
  return reading.jobs
}

const few = 'services:\n  web:\n    image: web\n    mem_limit: 1g\n    restart: always\n'

t.test('a file that a job file can be as well stays as it is, but for its name', async (t) => {
  t.strictSame(run(few), { text: `name: shop\n${few.replace('services', 'containers')}`, dropped: [], changed: [], left: [] })
  t.equal(run(`name: My_Shop\n${few}`).text, `name: my-shop\n${few.replace('services', 'containers')}`)
  t.equal(run(`name: \${NAME}\n${few}`).text, `name: \${NAME}\n${few.replace('services', 'containers')}`)
  t.equal(run(few, { name: 'Some_Folder' }).text.split('\n')[0], 'name: some-folder')
})

t.test('all services become containers of one job, and what is lost or other is told with its line', async (t) => {
  const { text, dropped, changed, left } = run(shop)
  t.strictSame(left, [])
  t.strictSame(dropped.map((line) => line.split(' is not supported')[0]), [
    '5:3: logging',
    '13:5: build',
    '25:5: networks',
    '27:9: the volume "./web/config:/etc/web" of web',
    '36:7: placement',
    '49:5: container_name',
    '63:5: driver',
    '65:1: networks',
  ])
  t.match(changed, [
    '2:1: version is left out: Compose itself has no use for it any more',
    '10:3: web has 2 instances, and migrate, order_db with it: they are one job; --split makes a job of each',
    /^16:9: "127\.0\.0\.1:8080:3000": the Service of a job has an address of its own/,
    /^29:9: the volume \/srv\/cache of web has no name: it is local/,
    /^46:3: order_db would not be started again by Compose/,
    '46:3: order_db is called order-db now, as a host, too, since it must be a DNS label; look at line 18',
    /^51:5: expose of order_db is left out/,
    /^61:3: the volume data outlives its containers in Compose/,
    /^62:3: the volume uploads outlives/,
  ])
  t.match(text, /^# Not carried over from compose\.yaml:\n#   line 5: logging is not supported: /)
  for (const comment of ['# The shop, as developers run it.', '# What customers see.', '# the only one']) t.ok(text.includes(comment), comment)
  const [job] = jobsOf(text)
  t.match(job, { name: 'shop', instances: 2, containers: [{ name: 'web' }, { name: 'migrate' }, { name: 'order-db' }] })
  t.match(job?.containers[0], {
    image: 'registry.example.com/shop/web:x',
    ports: [{ port: 8_080, target: 3_000 }],
    dependsOn: [{ container: 'order-db', condition: 'healthy' }, { container: 'migrate', condition: 'completed' }],
    environment: [{ name: 'DATABASE_URL', value: 'postgres://shop@order_db/shop' }, { name: 'SECRET_KEY', value: 'x' }],
    memory: { written: '512M' },
    cpus: 0.5,
    volumes: [{ type: 'shared', name: 'uploads' }, { type: 'local', path: '/srv/cache' }],
  })
})

t.test('--split makes a job of each service, which wait for each other as jobs', async (t) => {
  const { text, dropped, changed, left } = run(shop, { isSplit: true })
  t.strictSame(left, [])
  t.match(dropped.filter((line) => line.startsWith('23:')), ['23:7: web cannot wait until migrate has completed, which is another job: nothing but healthy can be waited for'])
  t.match(changed.filter((line) => line.startsWith('51:')), ['51:5: expose of order_db is in its ports now, by which other jobs reach it'])
  for (const comment of ['# The shop, as developers run it.', '# What customers see.', '# the only one']) t.ok(text.includes(comment), comment)
  t.notMatch(text, /[&*]logging|<<|x-logging/)
  const jobs = jobsOf(text)
  t.match(jobs, [
    { name: 'web', instances: 2, dependsOn: ['job/order-db'], containers: [{ name: 'web', dependsOn: [] }], files: [] },
    { name: 'migrate', dependsOn: ['job/order-db'], containers: [{ restart: { policy: 'never' } }] },
    { name: 'order-db', dependsOn: [], containers: [{ ports: [{ port: 5_432 }], volumes: [{ name: 'data' }, { type: 'secret', name: 'db-password', path: '/run/secrets/db_password' }] }], files: [{ name: 'db-password', content: 'content' }] },
  ])
})

t.test('--split tells of volumes of several services, and of jobs that cannot be reached', async (t) => {
  const { text, changed } = run(`name: shop\nservices:\n  a:\n    image: i\n    restart: always\n    volumes: ["data:/d"]\n    depends_on: {b: {condition: service_started}}\n  b:\n    image: i\n    restart: always\n    volumes: [{type: volume, source: data, target: /d}]\nvolumes: {data: {type: local, space: 1G}}\n`, { isSplit: true })
  t.strictSame(changed, [
    '1:1: the name shop is left out: each job has that of its service',
    '7:18: a waits until the job b is healthy, not only started',
    '8:3: b has no ports: other jobs reach it by its name at the ports that it names, such as ports: [5432]',
    '12:11: the volume data is of a and b: as jobs of their own, each has one of its own; services that share files are one job',
  ])
  t.strictSame(jobsOf(text).map(({ containers }) => containers[0]?.volumes[0]?.name), ['data', 'data'])
})

t.test('--split tells of a job without ports that variables of another one name as a host', async (t) => {
  const file = (environment: string) => `services:\n  my_db: {image: i, restart: always}\n  web: {image: i, restart: always, environment: ${environment}}\n`
  for (const environment of ['[HOST=my_db]', '{URL: "postgres://u@my_db:5432/x"}', '{HOSTS: "a,my_db"}', '{HOST: my-db}']) t.match(run(file(environment), { isSplit: true }).changed.at(-1), /^2:3: my-db has no ports: other jobs reach it/, environment)
  for (const environment of ['[my_db=x]', '{A: not-my_db}', '{A: my_db.example.com}']) t.strictSame(run(file(environment), { isSplit: true }).changed.length, 1, environment)
})

t.test('volumes whose names are no DNS labels get others, wherever they are named', async (t) => {
  const text = 'services:\n  a:\n    image: i\n    restart: always\n    volumes: ["db_data:/d", {type: volume, source: Logs, target: /l}]\nvolumes: {db_data: {type: local, space: 1G}, Logs: {type: local, space: 1G}, a_b: {type: local, space: 1G}, a-b: {type: local, space: 1G}}\n'
  for (const isSplit of [false, true]) {
    const { text: made, changed } = run(text, { isSplit })
    t.strictSame(changed, ['6:11: the volume db_data is called db-data now, since it must be a DNS label', '6:46: the volume Logs is called logs now, since it must be a DNS label'])
    if (isSplit) t.strictSame(jobsOf(made)[0]?.containers[0]?.volumes.map(({ name }) => name), ['db-data', 'logs'])
  }
  t.match(run(text).left, [/volumes: "a_b" is no DNS label/], 'where that name is taken, somebody must decide')
})

t.test('what Compose would not start again is told, unless it says so itself', async (t) => {
  const of = (lines: string) => run(`services:\n  a: {image: i${lines}}\n`).changed
  t.match(of(''), [/^2:3: a would not be started again by Compose/])
  t.match(of(', deploy: {replicas: 1}'), [/^2:3: a would not be started again by Compose/])
  t.strictSame(of(', deploy: {restart_policy: {condition: any}}'), [])
  t.strictSame(of(', restart: "no"'), [])
})

t.test('files of the folder become configs', async (t) => {
  const isFile = (path: string) => path.endsWith('.conf')
  const text = 'services:\n  web:\n    image: i\n    restart: always\n    volumes: ["./web.conf:/etc/web.conf:ro", "./data:/data", "./sub/web.conf:/etc/sub.conf", "./web.conf:/again"]\n'
  for (const isSplit of [false, true]) {
    const made = run(text, { isFile, isSplit })
    t.strictSame(made.dropped.map((line) => line.split(' is not')[0]), ['5:46: the volume "./data:/data" of web'])
    t.strictSame(made.changed.slice(0, 1), ['5:15: the file ./web.conf of web is a config that the job brings along: read-only, and as it is when the job is run'])
    t.strictSame(made.left, [])
    const [job] = jobsOf(made.text)
    t.strictSame(job?.containers[0]?.volumes, [
      { type: 'config', name: 'web-conf', path: '/etc/web.conf' },
      { type: 'config', name: 'web-conf-2', path: '/etc/sub.conf' },
      { type: 'config', name: 'web-conf', path: '/again' },
    ])
    t.equal(job?.files.length, 2)
    t.match(made.text, 'web.conf: {file: ./web.conf}')
  }
})

t.test('what cannot stand in one job is left to be mended, with the lines of the job file', async (t) => {
  t.strictSame(run('services:\n  a: {image: i, restart: always, ports: ["80:80"]}\n  b: {image: i, restart: always, ports: ["81:80"]}\n').left, ['job file:4:42: port 80 is taken by a already: the containers of a job share one network'])
  t.strictSame(run('services:\n  a: {build: ., restart: always}\n').left, ['job file:5:3: a needs an image'])
})

t.test('what is merged is changed once, and what several services merge stays merged', async (t) => {
  const { text, changed } = run('x-common: &common\n  image: i\n  restart: always\n  ports: ["127.0.0.1:80:80"]\nservices:\n  a: {<<: *common}\n')
  t.equal(changed.length, 1)
  t.match(text, /x-common: &common\n/)
  t.match(jobsOf(text)[0]?.containers[0]?.ports, [{ port: 80, target: 80 }])
})

t.test('anchors that are redefined are those that stand before', async (t) => {
  const text = 'services:\n  a: {image: &i one, restart: always}\n  b: {image: *i, restart: always}\n  c: {image: &i two, restart: always}\n  d: {image: *i, restart: always}\n'
  t.strictSame(jobsOf(run(text, { isSplit: true }).text).map(({ containers }) => containers[0]?.image), ['one', 'one', 'two', 'two'])
})

t.test('what is merged into depends_on stays merged, and waits as it did', async (t) => {
  const text = `x-all: &all\n  image: i\n  restart: always\n  depends_on: &db\n    my_db: {condition: service_started}\nservices:\n  my_db: {image: i, restart: always}\n  web:\n    <<: *all\n    depends_on:\n      <<: *db\n      migrate: {condition: service_completed_successfully}\n  migrate: {image: i, restart: 'no'}\n`
  const { text: together, left } = run(text)
  t.strictSame(left, [])
  t.match(jobsOf(together)[0]?.containers[1]?.dependsOn, [{ container: 'migrate', condition: 'completed' }, { container: 'my-db', condition: 'started' }])
  const split = run(text, { isSplit: true })
  t.strictSame(split.left, [])
  t.strictSame(jobsOf(split.text)[1]?.dependsOn, ['job/my-db'])
})

t.test('services and volumes may be merged, too', async (t) => {
  const text = 'x-s: &s\n  My_A: {image: i, restart: always, volumes: ["d_d:/d"]}\nx-v: &v {d_d: }\nservices:\n  <<: *s\n  b: {image: i, restart: always}\nvolumes: {<<: *v}\n'
  const { text: made, left } = run(text)
  t.strictSame(left, [])
  t.match(jobsOf(made)[0]?.containers, [{ name: 'b' }, { name: 'my-a', volumes: [{ name: 'd-d' }] }])
})

t.test('an anchor within what is left out: what refers to it is written out', async (t) => {
  const { text, dropped, left } = run('services:\n  a: {image: i, restart: always, build: {args: &args {A: 1}}, environment: *args}\n  b: {image: i, restart: always, environment: {<<: *args, B: 2}}\n')
  t.match(dropped, [/^2:34: build is not supported/])
  t.strictSame(left, [])
  t.match(jobsOf(text)[0]?.containers.map(({ environment }) => environment), [[{ name: 'A', value: '1' }], [{ name: 'B', value: '2' }, { name: 'A', value: '1' }]])
})

t.test('modes of a mount that are about files of a node are left out, and told', async (t) => {
  const { text, dropped, changed, left } = run('services:\n  a:\n    image: i\n    restart: always\n    volumes: ["d:/1:Z", "d:/2:ro,z", "d:/3:rw", "./x:/4:ro,cached", "d:/5:odd"]\nvolumes: {d: {type: local, space: 1G}}\n')
  t.strictSame(changed.map((line) => line.split(' is left out')[0]), ['5:15: "d:/1:Z" of a: Z', '5:25: "d:/2:ro,z" of a: z'])
  t.match(dropped, [/^5:49: the volume "\.\/x:\/4:ro,cached" of a is not supported/])
  t.match(left, [/a volume is NAME:PATH.*not "d:\/5:odd"$/], 'what is not known is not guessed')
  t.match(jobsOf(text.replace(', "d:/5:odd"', ''))[0]?.containers[0]?.volumes, [{ path: '/1', isReadOnly: false }, { path: '/2', isReadOnly: true }, { path: '/3', isReadOnly: false }])
})

t.test('in one job, what says nothing of its number has that of the others: that is told', async (t) => {
  const text = (more: string) => `services:\n  a: {image: i, restart: always}\n  b: {image: i, restart: always, ${more}}\n`
  t.strictSame(run(text('scale: 3')).changed, ['3:3: b has 3 instances, and a with it: they are one job; --split makes a job of each'])
  t.strictSame(run(text('deploy: {mode: global}')).changed, ['3:3: b has an instance on each node, and a with it: they are one job; --split makes a job of each'])
  t.strictSame(run(text('deploy: {replicas: 1}')).changed, [])
  t.strictSame(run(text('scale: 3'), { isSplit: true }).changed, [])
  t.strictSame(run('services:\n  b: {image: i, restart: always, scale: 3}\n').changed, [], 'there is no other')
})

t.test('a byte order mark does not move what is told', async (t) => {
  t.strictSame(run(`\u{FEFF}version: "3"\n${few}`).changed, ['1:1: version is left out: Compose itself has no use for it any more'])
})

t.test('what is no file of Compose is refused', async (t) => {
  for (const [text, fault] of [
    ['', '1:1: it is no file of Compose, which is a map with services'],
    ['a: b', '1:1: it is no file of Compose, which is a map with services'],
    ['services: [a]', '1:1: it is no file of Compose, which is a map with services'],
    [`${few}---\n${few}`, '1:1: a file of Compose is one document'],
    ['services: {', /^1:12: it is not YAML: /],
  ] as const) {
    const made = importCompose(text, options)
    t.match('problems' in made && made.problems.map((problem) => formatFileProblem(problem).replace('compose.yaml:', '')), [fault], text)
  }
})

t.test('whatever a file holds, importing it ends', async (t) => {
  const words = fc.constantFrom(...'image ports expose volumes depends_on deploy restart type source bind data:/d ./x:/y /z 127.0.0.1:80:80 condition service_started a b_c secrets <<'.split(' '))
  const value = fc.letrec((tie) => ({
    node: fc.oneof({ maxDepth: 4 }, words, fc.constant(null), fc.string(), fc.array(tie('node'), { maxLength: 3 }), fc.dictionary(words, tie('node'), { maxKeys: 4 })),
  })).node
  fc.assert(fc.property(fc.dictionary(words, value, { maxKeys: 3 }), fc.dictionary(words, value, { maxKeys: 2 }), fc.boolean(), (services, more, isSplit) => {
    const made = importCompose(JSON.stringify({ services, ...more }), { ...options, isSplit })
    if ('text' in made && made.left.some(({ line }) => line < 1)) throw new Error('no place')
  }), { numRuns: runs })
  t.pass()
})
