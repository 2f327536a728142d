import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import { generate } from 'selfsigned'
import t, { type Test } from 'tap'
import type { CertificatePair } from '../../src/certs/issue.ts'
import { issueForTest, serviceName } from '../support/certificates.ts'
import { offer, tlsVersions } from '../support/client-hello.ts'
import { secretVolume } from '../support/secret-volume.ts'
import { until } from '../support/until.ts'
import { startWebhook } from '../support/usher-process.ts'

// https://www.iana.org/assignments/tls-parameters, by the names of OpenSSL.
const modern = {
  rsa: { 'ECDHE-RSA-AES128-GCM-SHA256': 0xc02f, 'ECDHE-RSA-AES256-GCM-SHA384': 0xc030, 'ECDHE-RSA-CHACHA20-POLY1305': 0xcca8 },
  ec: { 'ECDHE-ECDSA-AES128-GCM-SHA256': 0xc02b, 'ECDHE-ECDSA-AES256-GCM-SHA384': 0xc02c, 'ECDHE-ECDSA-CHACHA20-POLY1305': 0xcca9 },
} as const
const weak = {
  'no forward secrecy': { 'AES128-SHA': 0x002f, 'AES256-SHA': 0x0035, 'AES128-SHA256': 0x003c, 'AES128-GCM-SHA256': 0x009c, 'AES256-GCM-SHA384': 0x009d },
  CBC: { 'ECDHE-RSA-AES128-SHA': 0xc013, 'ECDHE-RSA-AES256-SHA': 0xc014, 'ECDHE-RSA-AES128-SHA256': 0xc027, 'ECDHE-ECDSA-AES128-SHA': 0xc009, 'ECDHE-ECDSA-AES128-SHA256': 0xc023 },
  '3DES and RC4': { 'DES-CBC3-SHA': 0x000a, 'ECDHE-RSA-DES-CBC3-SHA': 0xc012, 'RC4-SHA': 0x0005 },
  'no encryption': { 'NULL-SHA': 0x0002, 'NULL-SHA256': 0x003b },
  'no certificate': { 'ADH-AES128-GCM-SHA256': 0x00a6, 'AECDH-AES128-SHA': 0xc018 },
  'finite fields': { 'DHE-RSA-AES128-SHA': 0x0033, 'DHE-RSA-AES128-GCM-SHA256': 0x009e },
} as const
const weakSuites = Object.values(weak).flatMap((suites) => Object.values(suites))

t.test('the webhook speaks TLS 1.2 and 1.3 with modern ciphers, and nothing else: with a key of RSA, and with one of EC after a reload', async (t) => {
  const volume = secretVolume(t.testdir({}), await rsaPair())
  const webhook = await startWebhook(t, ['--tls-cert', volume.cert, '--tls-key', volume.key])
  await isModern(t, webhook.port, 'rsa')
  volume.swap((await issueForTest()).leaf)
  await until('the other certificate is served', async () => (await keyTypeOf(webhook.port)) === 'ec')
  await isModern(t, webhook.port, 'ec')
})

t.test('what is refused is really offered: a server that takes anything takes it', async (t) => {
  const server = createServer({ ...(await rsaPair()), minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' })
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  for (const version of [tlsVersions['TLS 1.0'], tlsVersions['TLS 1.1']]) t.equal(await offer(port, { version, suites: [0xc013] }), 0xc013)
  for (const suite of [...Object.values(weak['no forward secrecy']), 0xc013, 0xc027]) {
    t.equal(await offer(port, { version: tlsVersions['TLS 1.2'], suites: [suite] }), suite)
  }
})

async function isModern(t: Test, port: number, key: 'rsa' | 'ec'): Promise<void> {
  const version = tlsVersions['TLS 1.2']
  for (const [name, suite] of Object.entries(modern[key])) t.equal(await offer(port, { version, suites: [suite] }), suite, `${name} is taken`)
  for (const [what, suites] of Object.entries(weak)) {
    for (const [name, suite] of Object.entries(suites)) t.equal(await offer(port, { version, suites: [suite] }), undefined, `${name} (${what}) is refused`)
  }
  t.equal(await offer(port, { version, suites: weakSuites }), undefined, 'all of them together as well')
  for (const older of ['TLS 1.0', 'TLS 1.1'] as const) {
    t.equal(await offer(port, { version: tlsVersions[older], suites: [...Object.values(modern[key]), 0xc013, 0xc009, 0x002f] }), undefined, `${older} is refused`)
  }
  t.match(await protocolOf(port, 'TLSv1.2'), /^TLSv1\.2 ECDHE-.*(?:GCM|POLY1305)/)
  t.match(await protocolOf(port, 'TLSv1.3'), /^TLSv1\.3 TLS_/)
}

/** What a client of today agrees on with it. */
function protocolOf(port: number, version: 'TLSv1.2' | 'TLSv1.3'): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect({ host: '127.0.0.1', port, servername: serviceName, minVersion: version, maxVersion: version, rejectUnauthorized: false }, () => {
    resolve(`${socket.getProtocol()} ${socket.getCipher().name}`)
    socket.destroy()
  })
  socket.on('error', reject)
  return promise
}

/** Of the certificate that is served. */
function keyTypeOf(port: number): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
  const socket = connect({ host: '127.0.0.1', port, servername: serviceName, rejectUnauthorized: false }, () => {
    resolve(socket.getPeerX509Certificate()?.publicKey.asymmetricKeyType)
    socket.destroy()
  })
  socket.on('error', reject)
  return promise
}

async function rsaPair(): Promise<CertificatePair> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: serviceName }], {
    keyType: 'rsa',
    keySize: 2_048,
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: serviceName }] }],
  })
  return { cert, key }
}
