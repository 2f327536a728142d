import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { certsCommand } from '../../src/cli/certs.ts'
import { readFlags, UsageError } from '../../src/cli/command.ts'
import { serviceName } from '../support/certificates.ts'
import { runUsher } from '../support/usher-process.ts'

const dayMs = 86_400_000

t.test('makes a CA and a certificate for the webhook, and says what it made', async (t) => {
  const folder = join(t.testdir({}), 'new', 'certs')
  const { code, stdout, stderr } = await runUsher(t, ['certs', '--dir', folder])
  t.equal(code, 0)
  t.equal(stderr, '')
  t.strictSame(readdirSync(folder).toSorted(), ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'])
  const { ca, leaf } = read(folder)
  t.ok(leaf.verify(ca.publicKey))
  t.equal(validDays(leaf), 365)
  t.equal(validDays(ca), 3_650)
  for (const host of [serviceName, `${serviceName}.cluster.local`, 'usher-webhook', 'localhost']) t.ok(leaf.checkHost(host), host)
  for (const ip of ['127.0.0.1', '::1']) t.ok(leaf.checkIP(ip), ip)
  for (const file of ['ca.key', 'tls.key']) t.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file)
  for (const said of ['ca.crt', 'ca.key', 'tls.crt', 'tls.key', ca.fingerprint256, leaf.validToDate.toISOString(), serviceName]) {
    t.ok(stdout.includes(said), `it says ${said}`)
  }
  t.notMatch(stdout, 'PRIVATE KEY')
})

t.test('keeps what is there unless --force is given', async (t) => {
  const folder = t.testdir({})
  await runUsher(t, ['certs', '--dir', folder])
  const before = contents(folder)

  const refused = await runUsher(t, ['certs', '--dir', folder])
  t.equal(refused.code, 1)
  t.equal(refused.stdout, '')
  for (const said of [join(folder, 'tls.key'), 'exist already', 'nothing was changed', '--force']) t.ok(refused.stderr.includes(said), said)
  t.strictSame(contents(folder), before)

  t.equal((await runUsher(t, ['certs', '--dir', folder, '--force'])).code, 0)
  const after = contents(folder)
  t.strictSame(Object.keys(after), Object.keys(before), 'and leaves nothing else')
  for (const [file, content] of Object.entries(after)) t.not(content, before[file], `${file} is another one`)
  const { ca, leaf } = read(folder)
  t.ok(leaf.verify(ca.publicKey))
  for (const file of ['ca.key', 'tls.key']) t.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file)
})

t.test('a single file that is there is enough to keep all', async (t) => {
  const folder = t.testdir({ 'ca.key': 'precious' })
  const { code, stderr } = await runUsher(t, ['certs', '--dir', folder])
  t.equal(code, 1)
  t.match(stderr, join(folder, 'ca.key'))
  t.strictSame(contents(folder), { 'ca.key': 'precious' })
})

t.test('makes a certificate for the names and the days that it is given, and says so as JSON', async (t) => {
  const folder = t.testdir({})
  const names = ['my.ns.svc', '*.example.org', '10.0.0.7', 'fe80::1']
  const { code, stdout } = await runUsher(t, [
    'certs', '--dir', folder, '--json', '--days', '30', '--ca-days', '60', ...names.flatMap((name) => ['--san', name]),
  ])
  t.equal(code, 0)
  const { ca, leaf } = read(folder)
  t.equal(leaf.subjectAltName, 'DNS:my.ns.svc, DNS:*.example.org, IP Address:10.0.0.7, IP Address:FE80:0:0:0:0:0:0:1')
  t.notOk(leaf.checkHost('localhost'), 'and for no others')
  t.equal(validDays(leaf), 30)
  t.equal(validDays(ca), 60)
  t.match(JSON.parse(stdout), {
    files: { ca: join(folder, 'ca.crt'), caKey: join(folder, 'ca.key'), cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') },
    names: ['my.ns.svc', '*.example.org', '10.0.0.7', /fe80/i],
    validTo: leaf.validToDate.toISOString(),
    caValidTo: ca.validToDate.toISOString(),
    caFingerprint256: ca.fingerprint256,
  })
})

t.test('writes into certs/ of the folder it is called in', async (t) => {
  const folder = t.testdir({})
  t.equal((await runUsher(t, ['certs'], { cwd: folder })).code, 0)
  t.strictSame(readdirSync(join(folder, 'certs')).length, 4)
})

t.test('ends with a sentence where it cannot write', async (t) => {
  const folder = t.testdir({ file: '' })
  const { code, stdout, stderr } = await runUsher(t, ['certs', '--dir', join(folder, 'file', 'certs')])
  t.equal(code, 1)
  t.equal(stdout, '')
  t.match(stderr, /^usher certs: ENOTDIR: .*certs'\n$/)
})

t.test('takes only names and days that a certificate can have', async (t) => {
  const folder = t.testdir({})
  const output = { stdout: process.stdout, stderr: process.stderr }
  for (const [args, message] of [
    [['--san', 'under_score'], '--san: "under_score" is neither a DNS name nor an IP address'],
    [['--san', ''], '--san: "" is neither'],
    [['--san', 'a..b'], '--san: "a..b" is neither'],
    [['--san', 'ok.svc', '--san', 'not ok'], '--san: "not ok" is neither'],
    [['--san', '-a'], '--san'],
    [['--san=300.1.1.1:80'], '--san: "300.1.1.1:80" is neither'],
    [['--san', 'x'.repeat(64)], 'is neither'],
    [['--san', `${'x.'.repeat(127)}xx`], 'is neither'],
    [['--san', 'ünï.svc'], 'is neither'],
    [['--days', '0'], '--days: "0" is not a number of days from 1 to 36500'],
    [['--days', '36501'], '--days: "36501" is not'],
    [['--days', '1.5'], '--days: "1.5" is not'],
    [['--days', '365d'], '--days: "365d" is not'],
    [['--days', ''], '--days: "" is not'],
    [['--days=-1'], '--days: "-1" is not'],
    [['--ca-days', 'ten'], '--ca-days: "ten" is not a number of days from 1 to 36500'],
  ] as const) {
    const run = async () => certsCommand.run(readFlags(certsCommand, ['--dir', folder, ...args]), output)
    const error = await run().catch((thrown: unknown) => thrown)
    t.type(error, UsageError, args.join(' ').slice(0, 40))
    if (error instanceof Error) t.ok(error.message.includes(message), error.message)
  }
  t.strictSame(readdirSync(folder), [], 'and writes nothing')
})

function read(folder: string): { ca: X509Certificate; leaf: X509Certificate } {
  const [ca, leaf] = ['ca.crt', 'tls.crt'].map((file) => new X509Certificate(readFileSync(join(folder, file))))
  if (ca === undefined || leaf === undefined) throw new Error('nothing was written')
  return { ca, leaf }
}

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).toSorted().map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
}

function validDays({ validToDate }: X509Certificate): number {
  return Math.round((validToDate.getTime() - Date.now()) / dayMs)
}
