import t from 'tap'
import { jobVerbs } from '../../../src/cli/job/verbs.ts'
import { runUsher } from '../../support/usher-process.ts'

// A job file, and one of Compose as well.
const file = 'name: web\nservices: {app: {image: i, memory: 1G}}\n'

t.test('all verbs take -n, -o and --timeout', async (t) => {
  for (const [name, { load }] of Object.entries(jobVerbs)) {
    const { flags } = await load()
    t.match(flags, { namespace: { short: 'n' }, output: { short: 'o' }, timeout: {} }, name)
    for (const form of ['table', 'json', 'yaml']) t.match(flags['output']?.help, form, `${name} -o ${form}`)
  }
})

t.test('a file that is not valid: each fault is told once, then how many there are', async (t) => {
  const stdin = 'name: web\ncontainers:\n  app: {depends_on: [db]}\n'
  for (const verb of ['run', 'plan']) {
    const { code, stdout, stderr } = await runUsher(t, ['job', verb, '-f', '-'], { stdin })
    t.equal(code, 4)
    t.match(JSON.parse(stdout), { type: /#invalid-job$/, job: '-' })
    t.match(stderr.split('\n').slice(-4), [/^stdin:3:3: app needs an image$/, /^stdin:3:22: app waits for db, which is no container/, /^stdin: 2 faults\. Nothing was changed\. \(invalid-job\)$/, ''], stderr)
  }
  const lone = await runUsher(t, ['job', 'run', '-f', '-'], { stdin: 'name: web\ncontainers: {app: {image: i, memory: 1G, depends_on: [db]}}\n' })
  t.match(lone, { code: 4, stderr: /^stdin:2:\d+: app waits for db.*\nstdin: 1 fault\. Nothing was changed\. \(unsatisfied-dependency\)\n$/ }, 'it is not called a job')
})

t.test('those that ask no cluster take them as well, and refuse what none would take', async (t) => {
  for (const verb of ['validate', 'render', 'import']) {
    for (const form of ['table', 'json', 'yaml']) {
      const found = await runUsher(t, ['job', verb, '-f', '-', '--timeout', '1m', '-n', 'shop', '-o', form], { stdin: file })
      t.equal(found.code, 0, `${verb} -o ${form}: ${found.stderr}`)
      if (form === 'json') t.ok(typeof JSON.parse(found.stdout) === 'object')
    }
    for (const [flags, message] of [
      [['-n', 'Shop_1'], /--namespace: "Shop_1" is not a name that a namespace can have/],
      [['--timeout', 'soon'], /--timeout: "soon" is not /],
      [['-o', 'xml'], /--output: "xml" is none of table, json and yaml/],
    ] as const) {
      const found = await runUsher(t, ['job', verb, '-f', '-', ...flags], { stdin: file })
      t.match(found, { code: 2, stdout: '', stderr: message }, `${verb} ${flags.join(' ')}`)
    }
  }
})
