import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { runUsher } from '../../support/usher-process.ts'

const sketch = fileURLToPath(new URL('../../job/file/sketch.yaml', import.meta.url))
const wrong = 'name: web\ncontainers:\n  app:\n    imge: x\n    memory: 1G\n'

t.test('a valid file: what it holds, and 0', async (t) => {
  t.strictSame(await validate(t, ['-f', sketch]), { code: 0, stdout: 'simple-webapp: 3 instances of app, db\n', stderr: '' })
  t.strictSame(await validate(t, ['-f', '-'], readFileSync(sketch)), { code: 0, stdout: 'simple-webapp: 3 instances of app, db\n', stderr: '' })
})

t.test('warnings go to stderr, and are no fault', async (t) => {
  const { code, stdout, stderr } = await validate(t, ['-f', '-'], 'name: web\ndeploy: {mode: global}\ncontainers: {app: {image: i}}\n')
  t.strictSame({ code, stdout }, { code: 0, stdout: 'web: one instance on each node of app\n' })
  t.match(stderr, /^warning: stdin:3:14: app has no memory: .*\n$/)
})

t.test('everything that is wrong, with file, line and column, and 4', async (t) => {
  const folder = t.testdir({ 'a.yaml': wrong, 'b.yaml': 'name: a_b\n' })
  const { code, stdout, stderr } = await validate(t, ['-f', `${folder}/a.yaml`, '-f', `${folder}/b.yaml`])
  t.strictSame({ code, stdout }, { code: 4, stdout: '' })
  t.strictSame(stderr.replaceAll(`${folder}/`, '').split('\n'), [
    'a.yaml:3:3: app needs an image',
    'a.yaml:4:5: unknown key "imge"; did you mean image?',
    'b.yaml:1:1: a job needs containers',
    'b.yaml:1:7: name: "a_b" is no DNS label: at most 58 of a-z, 0-9 and -, with - neither first nor last; did you mean a-b?',
    'usher job validate: 4 faults',
    '',
  ])
})

t.test('-o json: the same for machines', async (t) => {
  const { code, stdout, stderr } = await validate(t, ['-f', '-', '-o', 'json'], wrong)
  t.strictSame({ code, stderr }, { code: 4, stderr: '' })
  t.strictSame(JSON.parse(stdout), {
    valid: false,
    jobs: [],
    problems: [
      { file: 'stdin', line: 3, column: 3, code: 'invalid-job', message: 'app needs an image' },
      { file: 'stdin', line: 4, column: 5, code: 'invalid-job', message: 'unknown key "imge"; did you mean image?', key: 'imge' },
    ],
    warnings: [],
  })
  const good = await validate(t, ['-f', sketch, '-o', 'json'])
  t.strictSame({ code: good.code, json: JSON.parse(good.stdout) }, { code: 0, json: { valid: true, jobs: ['simple-webapp'], problems: [], warnings: [] } })
})

t.test('a job may stand in one of the files only', async (t) => {
  const folder = t.testdir({ 'a.yaml': 'name: web\ncontainers: {app: {image: i, memory: 1G}}\n', 'b.yaml': 'name: other\ncontainers: {app: {image: i, memory: 1G}}\n---\nname: web\ncontainers: {app: {image: i, memory: 1G}}\n' })
  const { code, stderr } = await validate(t, ['-f', `${folder}/a.yaml`, '-f', `${folder}/b.yaml`])
  t.equal(code, 4)
  t.match(stderr.replaceAll(`${folder}/`, ''), /^b\.yaml:4:7: a job of a\.yaml is called web, too$/m)
})

t.test('variables are those of the environment, and other files are found beside the job file', async (t) => {
  const folder = t.testdir({ jobs: { 'job.yaml': 'name: ${NAME}\nconfigs: {c: {file: ./c.txt}}\ncontainers: {app: {image: i, memory: 1G, env_file: sub/a.env, configs: [c]}}\n', 'c.txt': 'x', sub: { 'a.env': 'A=1\n' } } })
  t.match(await validate(t, ['-f', `${folder}/jobs/job.yaml`], undefined, { NAME: 'web' }), { code: 0, stdout: 'web: 1 instance of app\n' })
  t.match(await validate(t, ['-f', `${folder}/jobs/job.yaml`]), { code: 4, stderr: /job\.yaml:1:7: name: the variable NAME is not set; write \$\{NAME:-\} where it may be empty/ })
  t.match(await validate(t, ['-f', '-'], 'name: web\ncontainers: {app: {image: i, memory: 1G, env_file: none.env}}\n'), { code: 4, stderr: /stdin:2:52: env_file: none\.env cannot be read: there is no such file or folder/ })
})

t.test('a file that a job would bring along must be text, and fit into an object', async (t) => {
  const folder = t.testdir({ 'job.yaml': 'name: web\nconfigs: {a: {file: latin}, b: {file: large}}\ncontainers: {app: {image: i, memory: 1G}}\n', latin: Buffer.from([0xe9]), large: 'x'.repeat(1_024 * 1_024 + 1) })
  const { code, stderr } = await validate(t, ['-f', `${folder}/job.yaml`])
  t.equal(code, 4)
  t.match(stderr, /job\.yaml:2:21: file: latin cannot be read: it is not UTF-8\n/)
  t.match(stderr, /job\.yaml:2:39: file: large cannot be read: it is larger than 1 MiB\n/)
})

t.test('what cannot be read, and what makes no sense: 2, and one sentence', async (t) => {
  const folder = t.testdir({ 'latin.yaml': Buffer.from([0x6e, 0xe9, 0x0a]), 'large.yaml': '#'.repeat(4 * 1_024 * 1_024 + 1) })
  for (const [args, message] of [
    [[], /^usher job validate: nothing to read: -f FILE, or -f - for standard input\n/],
    [['-f', 'none.yaml'], /^usher job validate: -f none\.yaml: it cannot be read: there is no such file or folder\n/],
    [['-f', folder], /it cannot be read: it is a folder\n/],
    [['-f', `${folder}/latin.yaml`], /latin\.yaml: it cannot be read: it is not UTF-8\n/],
    [['-f', `${folder}/large.yaml`], /large\.yaml: it cannot be read: it is larger than 4 MiB\n/],
    [['-f', '-', '-f', '-'], /-f - can be given only once\n/],
    [['-f', '-', '-o', 'wide'], /--output: "wide" is none of table, json and yaml\n/],
    [['job.yaml'], /Unexpected argument|is no flag; files are given with -f/],
  ] as const) {
    const { code, stdout, stderr } = await validate(t, [...args])
    t.strictSame({ code, stdout }, { code: 2, stdout: '' }, args.join(' '))
    t.match(stderr, message, args.join(' '))
  }
})

async function validate(t: Parameters<typeof runUsher>[0], args: readonly string[], stdin: string | Uint8Array = '', env: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await runUsher(t, ['job', 'validate', ...args], { stdin, env })
  return { code, stdout, stderr }
}
