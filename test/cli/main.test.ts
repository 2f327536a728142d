import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const launcher = fileURLToPath(new URL('../../src/cli/launch.js', import.meta.url))
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

t.test('help lists the commands, and each command has help of its own', async (t) => {
  for (const args of [['--help'], ['-h'], ['help']]) {
    const { code, stdout } = await usher(args)
    t.equal(code, 0)
    for (const command of ['webhook', 'certs', 'demo']) t.match(stdout, command)
  }
  for (const command of ['webhook', 'certs', 'demo']) {
    for (const args of [[command, '--help'], ['help', command], [command, '--nonsense', '-h']]) {
      const { code, stdout } = await usher(args)
      t.equal(code, 0, args.join(' '))
      t.match(stdout, new RegExp(`^usher ${command}: `))
      t.match(stdout, 'Flags:')
      t.match(stdout, 'Examples:')
    }
  }
})

t.test('no command at all is wrong usage, and shows the help on stderr', async (t) => {
  const { code, stdout, stderr } = await usher([])
  t.equal(code, 2)
  t.equal(stdout, '')
  t.match(stderr, 'Usage: usher COMMAND')
})

t.test('tells its version', async (t) => {
  for (const args of [['--version'], ['version']]) {
    t.match(await usher(args), { code: 0, stdout: `usher ${manifest.version}\n` })
  }
})

t.test('wrong usage ends with 2 and a sentence that helps', async (t) => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['webhok'], /unknown command "webhok"; did you mean webhook\?/],
    [['__proto__'], /unknown command "__proto__"/],
    [['webhook', '--prot', '1'], /unknown flag --prot; did you mean --port\?/],
    [['webhook', '--port', 'https'], /--port: "https" is not a port/],
    [['webhook', '--kube-version', 'new'], /--kube-version: "new" is not a version such as 1\.37/],
    [['webhook', '--tls-cert', 'x'], /--tls-cert and --tls-key go together/],
    [['webhook', '--log-level', 'loud'], /--log-level: "loud" is not one of/],
    [['certs', '--san', 'not a name'], /--san: "not a name" is neither a DNS name nor an IP address/],
    [['certs', '--days', '0'], /--days: "0" is not a number of days/],
    [['certs', '--ca-days', 'x'], /--ca-days: "x" is not a number of days/],
    [['demo', 'now'], /Unexpected argument/],
  ]
  for (const [args, message] of cases) {
    const { code, stderr } = await usher(args)
    t.equal(code, 2, args.join(' '))
    t.match(stderr, message)
    t.notMatch(stderr, /\n {4}at /, 'no stack')
  }
})

t.test('a wrong configuration stops the start with file, place and what is allowed', async (t) => {
  const folder = t.testdir({ 'usher.yaml': 'nap:\n  duraton: 5s\nlock: {port: 0}\n' })
  const { code, stderr } = await usher(['webhook', '--config', `${folder}/usher.yaml`])
  t.equal(code, 1)
  t.match(stderr, /usher\.yaml:2:3: nap\.duraton: unknown key "duraton"/)
  t.match(stderr, /usher\.yaml:3:8: lock\.port: 0 is not allowed; it must be a whole number from 1 to 65535/)
  t.match(await usher(['webhook', '--config', `${folder}/none.yaml`]), { code: 1, stderr: /none\.yaml: cannot be read/ })
})

t.test('certs makes what it says, and overwrites only when told to', async (t) => {
  const folder = `${t.testdir({})}/certs`
  const made = await usher(['certs', '--dir', folder, '--san', 'a.example.test', '--san', '10.0.0.1', '--days', '2'])
  t.equal(made.code, 0)
  t.match(made.stdout, /tls\.crt .*for a\.example\.test,\s+10\.0\.0\.1/)
  t.equal(statSync(`${folder}/tls.key`).mode & 0o777, 0o600)
  const before = readFileSync(`${folder}/ca.crt`, 'utf8')
  const refused = await usher(['certs', '--dir', folder])
  t.equal(refused.code, 1)
  t.match(refused.stderr, /exist already; nothing was changed; --force overwrites them/)
  t.equal(readFileSync(`${folder}/ca.crt`, 'utf8'), before)
  const forced = await usher(['certs', '--dir', folder, '--force', '--json'])
  t.equal(forced.code, 0)
  t.match(JSON.parse(forced.stdout), { files: { ca: `${folder}/ca.crt` }, names: /localhost/ })
  t.not(readFileSync(`${folder}/ca.crt`, 'utf8'), before)
})

t.test('certificates that cannot be served stop the start with a sentence', async (t) => {
  const folder = t.testdir({ half: { 'ca.crt': 'x' }, 'bad.crt': 'x', 'bad.key': 'x' })
  const half = await usher(['webhook', '--certs', `${folder}/half`])
  t.match(half, { code: 1, stderr: /holds only .*ca\.crt; usher certs --dir .* --force makes all anew/ })
  const bad = await usher(['webhook', '--tls-cert', `${folder}/bad.crt`, '--tls-key', `${folder}/bad.key`])
  t.match(bad, { code: 1, stderr: /bad\.crt is not a certificate in PEM/ })
})

t.test('a port that is taken ends the start, and does not hang it', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const address = server.address()
  const port = String(typeof address === 'object' ? address?.port : '')
  const folder = t.testdir({})
  const common = ['webhook', '--host', '127.0.0.1', '--certs', `${folder}/certs`]
  t.match(await usher([...common, '--port', port, '--probe-port', '0']), { code: 1, stderr: /EADDRINUSE/ })
  t.match(await usher([...common, '--port', '0', '--probe-port', port]), { code: 1, stderr: /EADDRINUSE/ })
})

t.test('an older Node finds the one that npm ci has brought, and says what to do where there is none', async (t) => {
  // A stand-in for an older version, in the first process alone: the launcher asks nothing but process.versions.
  const folder = t.testdir({})
  const preload = `${folder}/older.mjs`
  writeFileSync(
    preload,
    "if (!process.env.SEEN) Object.defineProperty(process.versions, 'node', { value: '20.0.0' })\nprocess.env.SEEN = '1'\n",
  )
  const found = await run(['--import', preload, launcher, '--version'])
  t.match(found, { code: 0, stdout: `usher ${manifest.version}\n` })
  const always = `${folder}/always-older.mjs`
  writeFileSync(always, "Object.defineProperty(process.versions, 'node', { value: '20.0.0' })\n")
  t.match(await run(['--import', always, launcher, '--version']), { code: 1, stderr: /run npm ci/ }, 'no endless chain')
})

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function usher(args: readonly string[]): Promise<Ended> {
  return run([launcher, ...args])
}

async function run(args: readonly string[]): Promise<Ended> {
  const env = { PATH: process.env['PATH'] }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}
