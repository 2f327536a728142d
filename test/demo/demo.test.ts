import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const launcher = fileURLToPath(new URL('../../src/cli/launch.js', import.meta.url))
const examples = readdirSync(new URL('../../deploy/examples/', import.meta.url))

t.test('shows every example with its diff and reasons, and leaves nothing behind', async (t) => {
  const { code, stdout, temporary } = await demo(t, [])
  t.equal(code, 0)
  for (const file of examples) t.match(stdout, `deploy/examples/${file}`)
  t.match(stdout, /^ {4}\+ +- name: usher-lock$/m, 'an added line of the diff')
  t.match(stdout, /^ {4}- +terminationGracePeriodSeconds: 45$/m, 'a removed line of the diff')
  t.match(stdout, 'lock-added: An init container was added')
  t.match(stdout, `${examples.length} pods were reviewed over TLS`)
  t.match(stdout, /^ {2}waiting for the startup lock of this node: 1 ahead \(holder shop\/db-0, 12 s\)$/m)
  t.match(stdout, /^ {2}got the startup lock of this node after /m)
  t.match(stdout, /^ {2}Sleeping\.\.\.\n {2}Done!\n {2}ended with 0$/m)
  t.notMatch(stdout, '\u001b[', 'no colours where no terminal is')
  t.same(readdirSync(temporary), [])
})

t.test('is coloured where colours are forced', async (t) => {
  const { stdout } = await demo(t, [], { FORCE_COLOR: '1' })
  t.match(stdout, '\u001b[32m')
})

t.test('--json gives one document with each pod before and after', async (t) => {
  const { code, stdout } = await demo(t, ['--json'])
  t.equal(code, 0)
  const document = JSON.parse(stdout)
  t.equal(document.examples.length, examples.length)
  t.match(document.programs, { kind: 'played', runs: [{ code: 0 }, { code: 0, lines: ['Sleeping...', 'Done!'] }] })
  const codes = Object.fromEntries(
    document.examples.map((each: { name: string; reasons: { code: string }[] }) => [
      each.name,
      each.reasons.map(({ code }) => code),
    ]),
  )
  t.same(codes, {
    'log-agent': ['daemonset-pod', 'daemonset-pod'],
    db: ['nap-added', 'lock-added'],
    migrate: ['finishes-by-itself', 'job-pod'],
    orders: ['nap-added', 'lock-added'],
    reporter: ['nap-added', 'lock-added'],
    legacy: ['opted-out'],
    gateway: ['nap-added', 'prestop-exists', 'lock-added'],
    tiny: ['nap-added', 'lock-added'],
    web: ['nap-added', 'lock-added'],
  })
})

t.test('cleans up after itself when it is interrupted', async (t) => {
  const { code, stderr, temporary } = await demo(t, [], {}, 'SIGINT')
  t.equal(code, 1)
  t.match(stderr, 'ended by SIGINT')
  t.same(readdirSync(temporary), [])
})

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly temporary: string
}

/** Runs the demo with a folder for temporary files of its own; interrupts it once it has shown something. */
async function demo(t: Test, flags: string[], env: NodeJS.ProcessEnv = {}, interrupt?: NodeJS.Signals): Promise<Ended> {
  const temporary = t.testdir({})
  const child = spawn(process.execPath, [launcher, 'demo', ...flags], {
    env: { PATH: process.env['PATH'], TMPDIR: temporary, ...env },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    if (interrupt !== undefined) child.kill(interrupt)
  })
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, stdout, stderr, temporary }
}
