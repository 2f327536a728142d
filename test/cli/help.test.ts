import { readFileSync } from 'node:fs'
import t from 'tap'
import { runUsher } from '../support/usher-process.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

t.test('--help lists the commands with a sentence each', async (t) => {
  const { code, stdout, stderr } = await runUsher(t, ['--help'])
  t.equal(code, 0)
  t.equal(stderr, '')
  t.match(stdout, `usher ${version}: `)
  t.match(stdout, 'Usage: usher COMMAND [FLAGS]')
  for (const name of ['webhook', 'certs', 'demo']) t.match(stdout, new RegExp(`^ {2}${name} +\\w.*$`, 'm'), name)
  t.match(stdout, 'Exit codes: 0 done, 1 something is wrong or failed, 2 wrong usage')
  t.ok(stdout.split('\n').every((line) => line.length <= 100))
})

t.test('COMMAND --help shows its flags, whatever else there is', async (t) => {
  for (const args of [['webhook', '--port', 'nonsense', '-h'], ['help', 'certs']]) {
    const [name] = args.filter((arg) => arg !== 'help')
    const { code, stdout, stderr } = await runUsher(t, args)
    t.equal(code, 0, args.join(' '))
    t.equal(stderr, '')
    t.match(stdout, new RegExp(`^usher ${name}: `))
    t.match(stdout, /^Flags:$/m)
    t.match(stdout, /^ {2}--help +show this$/m)
    t.match(stdout, /^Examples:$/m)
  }
})

t.test('the usage has brackets around a word that may be left out, and around no other', async (t) => {
  for (const [args, usage] of [
    [['job', 'scale'], 'Usage: usher job scale JOB N [FLAGS]'],
    [['why'], 'Usage: usher why WORKLOAD [FLAGS]'],
    [['status'], 'Usage: usher status [NODE] [FLAGS]'],
    [['rescue'], 'Usage: usher rescue [NAMESPACE/POD] [FLAGS]'],
  ] as const) {
    t.match((await runUsher(t, [...args, '--help'])).stdout, `\n${usage}\n`)
  }
})

t.test('an unknown command: what was probably meant, and where to look', async (t) => {
  for (const [name, message] of [
    ['webhok', 'usher: unknown command "webhok"; did you mean webhook?\nusher --help lists the commands\n'],
    ['nonsense', 'usher: unknown command "nonsense"\nusher --help lists the commands\n'],
    ['constructor', 'usher: unknown command "constructor"\nusher --help lists the commands\n'],
    ['', 'usher: unknown command ""'],
  ] as const) {
    const { code, stdout, stderr } = await runUsher(t, [name])
    t.equal(code, 2, name)
    t.equal(stdout, '', name)
    t.ok(stderr.startsWith(message), stderr)
  }
})
