import { fileURLToPath } from 'node:url'
import t from 'tap'
import { runUsher } from '../../support/usher-process.ts'

const shop = fileURLToPath(new URL('../../job/file/compose/shop.yaml', import.meta.url))
const plain = 'services:\n  web:\n    image: web\n    mem_limit: 1g\n    restart: always\n'

t.test('a file that can be carried over: the job file on stdout, and 0', async (t) => {
  const folder = t.testdir({ My_Shop: { 'compose.yaml': plain } })
  t.match(await runUsher(t, ['job', 'import', '-f', `${folder}/My_Shop/compose.yaml`]), { code: 0, stderr: '', stdout: `name: my-shop\n${plain.replace('services', 'containers')}` })
  t.match(await runUsher(t, ['job', 'import', '-f', '-', '--name', 'shop'], { stdin: plain }), { code: 0, stderr: '', stdout: /^name: shop\n/ })
})

t.test('what is lost or other is told on stderr; what is lost, in the job file, too, and by 1', async (t) => {
  const { code, stdout, stderr } = await runUsher(t, ['job', 'import', '-f', shop])
  t.equal(code, 1)
  t.match(stdout, /^# Not carried over from .*shop\.yaml:\n#   line 5: logging is not supported/)
  t.match(stderr, /^not carried over: .*shop\.yaml:13:5: build is not supported: images are built elsewhere/m)
  t.match(stderr, /^look at this: .*shop\.yaml:61:3: the volume data outlives its containers in Compose/m)
  t.notMatch(stderr, 'to be mended')
})

t.test('-o json: the job file, and all notes', async (t) => {
  const { code, stdout, stderr } = await runUsher(t, ['job', 'import', '-f', shop, '-o', 'json'])
  t.strictSame([code, stderr], [1, ''])
  const found: unknown = JSON.parse(stdout)
  t.match(found, { jobFile: /^# Not carried over from/, notCarriedOver: [{ line: 5, column: Number, message: /logging/ }], changed: [{ line: Number }], toBeMended: [] })
  const wrong = await runUsher(t, ['job', 'import', '-f', '-', '-o', 'json'], { stdin: 'services: [' })
  t.equal(wrong.code, 4)
  t.match(JSON.parse(wrong.stdout), { jobFile: null, problems: [{ line: Number, message: String }] })
})

t.test('what comes out is valid', async (t) => {
  for (const flags of [[], ['--split']]) {
    const { stdout } = await runUsher(t, ['job', 'import', '-f', shop, ...flags])
    const folder = t.testdir({ 'job.yaml': stdout, secrets: { 'db_password.txt': 'x' } })
    t.match(await runUsher(t, ['job', 'validate', '-f', `${folder}/job.yaml`], { env: { SECRET_KEY: 'x' } }), { code: 0, stdout: flags.length === 0 ? 'compose: 2 instances of web, migrate, order-db\n' : 'web: 2 instances of web\nmigrate: 1 instance of migrate\norder-db: 1 instance of order-db\n' })
  }
})

t.test('a file beside the file of Compose becomes a config, a folder does not', async (t) => {
  const folder = t.testdir({ 'compose.yaml': `${plain}    volumes: ["./web.conf:/etc/web.conf", "./data:/data", "./none:/none"]\n`, 'web.conf': 'x', data: {} })
  const { code, stdout, stderr } = await runUsher(t, ['job', 'import', '-f', `${folder}/compose.yaml`, '--name', 'shop'])
  t.equal(code, 1)
  t.match(stdout, 'web.conf: {file: ./web.conf}')
  t.strictSame(stderr.match(/the volume "[^"]*"/g), ['the volume "./data:/data"', 'the volume "./none:/none"'])
  const long = await runUsher(t, ['job', 'import', '-f', '-', '--name', 'shop'], { cwd: folder, stdin: `${plain}    volumes: [{type: bind, source: ./web.conf, target: /etc/web.conf, read_only: true}, {type: bind, source: ./data, target: /data}]\n` })
  t.equal(long.code, 1)
  for (const wanted of ['web.conf: {file: ./web.conf}', '- {source: web.conf, target: /etc/web.conf}']) t.match(long.stdout, wanted)
  t.strictSame(long.stderr.match(/the volume of type \w+/g), ['the volume of type bind'])
})

t.test('services that exclude each other in one job: to be mended, or split', async (t) => {
  const stdin = 'services:\n  a: {image: i, restart: always, ports: ["80:80"]}\n  b: {image: i, restart: always, ports: ["81:80"]}\n'
  const together = await runUsher(t, ['job', 'import', '-f', '-'], { stdin })
  t.match(together, { code: 1, stderr: /^to be mended: job file:4:42: port 80 is taken by a already.*\nusher job import: --split makes one job of each service/m })
  t.match(await runUsher(t, ['job', 'import', '-f', '-', '--split'], { stdin }), { code: 0, stderr: '', stdout: /^name: a\n[^]*---\nname: b\n/ })
})

t.test('what is no file of Compose is rejected; what cannot be read is wrong usage', async (t) => {
  t.match(await runUsher(t, ['job', 'import', '-f', '-'], { stdin: 'a: {' }), { code: 4, stdout: '', stderr: /^stdin:1:5: it is not YAML: a \{ is not closed, or goes on at too small an indentation\n$/ })
  t.match(await runUsher(t, ['job', 'import', '-f', '-'], { stdin: 'a: b' }), { code: 4, stdout: '', stderr: 'stdin:1:1: it is no file of Compose, which is a map with services\n' })
  t.match(await runUsher(t, ['job', 'import', '-f', 'none.yaml']), { code: 2, stdout: '', stderr: /it cannot be read: there is no such file or folder/ })
  t.match(await runUsher(t, ['job', 'import']), { code: 2, stdout: '', stderr: /nothing to read/ })
})
