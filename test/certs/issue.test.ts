import { spawnSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import t, { type Test } from 'tap'
import { issueCa, issueLeaf } from '../../src/certs/issue.ts'
import { type Issued, issueForTest, serviceName } from '../support/certificates.ts'

const dayMs = 86_400_000
const names = [serviceName, 'localhost', '*.example.org', '127.0.0.1', '::1', '10.0.0.7']

t.test('the certificate is issued by the CA, and the CA by itself', async (t) => {
  const { ca, leaf } = await parsed()
  t.equal(ca.ca, true)
  t.equal(leaf.ca, false)
  t.equal(ca.verify(ca.publicKey), true)
  t.equal(leaf.verify(ca.publicKey), true)
  t.equal(leaf.checkIssued(ca), true)
  t.equal(leaf.verify(leaf.publicKey), false)
  t.equal(leaf.issuer, ca.subject)
  t.match(ca.subject, /^CN=usher CA [0-9a-f]{16}$/, 'no two have the same name')
})

t.test('each key belongs to its certificate and to no other', async (t) => {
  const { issued, ca, leaf } = await parsed()
  t.equal(ca.checkPrivateKey(createPrivateKey(issued.ca.key)), true)
  t.equal(leaf.checkPrivateKey(createPrivateKey(issued.leaf.key)), true)
  t.equal(leaf.checkPrivateKey(createPrivateKey(issued.ca.key)), false)
  for (const { publicKey } of [ca, leaf]) {
    t.match(publicKey.asymmetricKeyDetails, { namedCurve: 'prime256v1' })
  }
})

t.test('the certificate is for its names, and for no others', async (t) => {
  const { leaf } = await parsed()
  t.strictSame(leaf.subjectAltName?.split(', '), [
    'DNS:usher-webhook.usher-system.svc',
    'DNS:localhost',
    'DNS:*.example.org',
    'IP Address:127.0.0.1',
    'IP Address:0:0:0:0:0:0:0:1',
    'IP Address:10.0.0.7',
  ])
  for (const host of [serviceName, 'localhost', 'any.example.org']) t.ok(leaf.checkHost(host), host)
  for (const host of ['usher-webhook.elsewhere.svc', 'example.org', '127.0.0.1']) t.notOk(leaf.checkHost(host), host)
  for (const ip of ['127.0.0.1', '::1', '10.0.0.7']) t.ok(leaf.checkIP(ip), ip)
  t.notOk(leaf.checkIP('10.0.0.8'))
})

t.test('the certificate may serve, and nothing else', async (t) => {
  const { leaf } = await parsed()
  t.strictSame(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'extended key usage: serverAuth')
})

t.test('is valid as long as it was asked to be, from a little before now', async (t) => {
  const now = new Date('2030-01-02T03:04:05Z')
  const issued = await issueCa(3_650, now)
  const ca = new X509Certificate(issued.cert)
  const leaf = new X509Certificate((await issueLeaf(issued, names, 365, now)).cert)
  for (const [certificate, days] of [[ca, 3_650], [leaf, 365]] as const) {
    t.equal(certificate.validToDate.getTime(), now.getTime() + days * dayMs)
    const before = now.getTime() - certificate.validFromDate.getTime()
    t.ok(before > 0 && before <= 3_600_000, `clocks may differ by ${before} ms`)
  }
})

t.test('no two certificates have the same serial number, and none a negative one', async (t) => {
  const all = await Promise.all(Array.from({ length: 5 }, async () => parsed()))
  const serials = all.flatMap(({ ca, leaf }) => [ca.serialNumber, leaf.serialNumber])
  t.equal(new Set(serials).size, serials.length)
  t.ok(serials.every((serial) => /^[0-9A-F]{8,40}$/.test(serial) && !/^0+$/.test(serial)), serials.join())
})

t.test('a long first name does not make a certificate that nobody reads', async (t) => {
  const long = `${'x'.repeat(63)}.${'y'.repeat(63)}.svc`
  const { leaf } = await parsed([long])
  t.equal(leaf.subjectAltName, `DNS:${long}`)
  t.ok(leaf.subject.length <= 'CN='.length + 64, 'a common name has at most 64 characters')
})

t.test('a TLS client that trusts only the CA trusts the server, by name and by address', async (t) => {
  const issued = await issueForTest(names)
  const port = await serve(t, issued)
  for (const servername of [serviceName, 'localhost']) {
    t.equal(await isTrusted(t, port, { ca: issued.ca.cert, servername }), true, servername)
  }
  t.equal(await isTrusted(t, port, { ca: issued.ca.cert, host: '127.0.0.1' }), true, 'by its address')
  t.equal(await isTrusted(t, port, { ca: (await issueCa(1, new Date())).cert, servername: serviceName }), false, 'with another CA')
})

const openssl = spawnSync('openssl', ['version'], { encoding: 'utf8' })
const noOpenssl = openssl.status === 0 ? false : 'there is no openssl on this machine'

t.test('openssl verifies the chain for a TLS server of this name', { skip: noOpenssl }, async (t) => {
  const issued = await issueForTest(names)
  const folder = t.testdir({ 'ca.crt': issued.ca.cert, 'tls.crt': issued.leaf.cert })
  const run = (...args: string[]) => spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' })
  const verify = (name: string) =>
    run('verify', '-CAfile', 'ca.crt', '-purpose', 'sslserver', '-verify_hostname', name, 'tls.crt')
  t.match(verify(serviceName), { status: 0, stdout: /: OK$/m })
  t.not(verify('elsewhere.svc').status, 0)
  const show = (name: string): string => run('x509', '-in', name, '-noout', '-text').stdout
  t.match(show('ca.crt'), /Basic Constraints: critical\s+CA:TRUE/)
  t.match(show('ca.crt'), /Key Usage: critical\s+Certificate Sign, CRL Sign/)
  t.match(show('tls.crt'), /Basic Constraints: critical\s+CA:FALSE/)
  t.match(show('tls.crt'), /Key Usage: critical\s+Digital Signature\n/)
})

async function parsed(of?: readonly string[]): Promise<{ issued: Issued; ca: X509Certificate; leaf: X509Certificate }> {
  const issued = await issueForTest(of ?? names)
  return { issued, ca: new X509Certificate(issued.ca.cert), leaf: new X509Certificate(issued.leaf.cert) }
}

async function serve(t: Test, { leaf }: Issued): Promise<number> {
  const server = createServer({ cert: leaf.cert, key: leaf.key })
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function isTrusted(t: Test, port: number, options: { ca: string; servername?: string; host?: string }): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options })
  t.teardown(() => socket.destroy())
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  socket.on('secureConnect', () => resolve(socket.authorized))
  socket.on('error', reject)
  return promise
}
