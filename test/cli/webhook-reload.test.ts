import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type CertificatePair, issueCa, issueLeaf } from '../../src/certs/issue.ts'
import { serviceName } from '../support/certificates.ts'
import { readAnswer, reviewOf, smallPod } from '../support/review.ts'
import { secretVolume } from '../support/secret-volume.ts'
import { connectRaw, type RawConnection, rawReview, type Server } from '../support/tls-client.ts'
import { until, within } from '../support/until.ts'
import { startWebhook, type WebhookProcess } from '../support/usher-process.ts'
import { readMetric } from '../support/webhook.ts'

const complaint = 'the certificate cannot be reloaded; the last good one stays'

t.test('serves another certificate once its files change, and drops no connection', async (t) => {
  const { ca, leaves: [first, second, third] } = await issue()
  const volume = secretVolume(t.testdir({}), first)
  const webhook = await startWebhook(t, ['--tls-cert', volume.cert, '--tls-key', volume.key])
  const server = { ...webhook, ca }
  const open = await connectRaw(t, server)
  await isAnswered(t, open, 'before')
  t.equal(servedOn(open), fingerprintOf(first))

  await t.test('when the link of a Secret volume is swapped', async (t) => {
    volume.swap(second)
    const next = await connectionWith(t, server, second)
    await isAnswered(t, next, 'with the new certificate')
    await isAnswered(t, open, 'on the old connection')
    t.equal(servedOn(open), fingerprintOf(first), 'which keeps what it agreed on')
    t.equal(await metric(webhook, 'usher_webhook_certificate_reloads_total{result="success"}'), 1)
    t.equal(await metric(webhook, 'usher_webhook_certificate_expiry_timestamp_seconds'), endsAt(second))
    await until('it is logged', () => webhook.lines('serving certificate').length === 2)
    t.match(webhook.lines('serving certificate'), [{}, { validTo: new X509Certificate(second.cert).validToDate.toISOString() }])
  })

  await t.test('but not one that is broken or does not match its key', async (t) => {
    for (const [times, pair] of [
      { cert: third.cert, key: second.key },
      { cert: 'nonsense', key: third.key },
      { cert: third.cert, key: '' },
    ].entries()) {
      volume.swap(pair)
      await until(`failure ${times + 1} is counted`, async () =>
        (await metric(webhook, 'usher_webhook_certificate_reloads_total{result="failure"}')) === times + 1,
      )
      const next = await connectRaw(t, server)
      t.equal(servedOn(next), fingerprintOf(second), 'the last good one stays')
      await isAnswered(t, next, 'with it')
    }
    await until('each is logged', () => webhook.lines(complaint).length === 3)
    t.match(webhook.lines(complaint), [
      { level: 'error', err: { message: /tls\.key is not the key of .*tls\.crt/ } },
      { err: { message: /tls\.crt is not a certificate in PEM/ } },
      { err: { message: /tls\.key is not a private key in PEM/ } },
    ])
    t.notMatch(webhook.text(), 'PRIVATE KEY')
    t.equal((await webhook.probe('/readyz')).status, 200)
  })

  await t.test('and again once they are mended', async (t) => {
    volume.swap(third)
    await isAnswered(t, await connectionWith(t, server, third), 'with the third certificate')
    await isAnswered(t, open, 'on the first connection still')
    t.equal(await metric(webhook, 'usher_webhook_certificate_reloads_total{result="success"}'), 2)
    t.equal(await metric(webhook, 'usher_webhook_certificate_expiry_timestamp_seconds'), endsAt(third))
  })
})

t.test('--host localhost: no address of it goes on with the old certificate', async (t) => {
  const { ca, leaves: [first, second] } = await issue()
  const folder = t.testdir({ volume: {}, 'localhost.mjs': twoAddresses })
  const volume = secretVolume(join(folder, 'volume'), first)
  const flags = ['--host', 'localhost', '--tls-cert', volume.cert, '--tls-key', volume.key]
  const webhook = await startWebhook(t, flags, { nodeFlags: ['--import', join(folder, 'localhost.mjs')] })
  await isAnswered(t, await connectRaw(t, { ...webhook, ca }), 'on the first address')
  volume.swap(second)
  await connectionWith(t, { ...webhook, ca }, second)
  const other = await connectRaw(t, { ...webhook, ca, host: '127.0.0.2' }).catch((error: NodeJS.ErrnoException) => error)
  if (other instanceof Error) t.equal(other.code, 'ECONNREFUSED', 'nothing is served there')
  else t.equal(servedOn(other), fingerprintOf(second))
})

t.test('says loudly that it serves an expired certificate, and serves it', async (t) => {
  const longAgo = new Date(Date.now() - 10 * 86_400_000)
  const ca = await issueCa(20, longAgo)
  const leaf = await issueLeaf(ca, [serviceName], 1, longAgo)
  const folder = t.testdir({})
  writeFileSync(join(folder, 'tls.crt'), leaf.cert)
  writeFileSync(join(folder, 'tls.key'), leaf.key)
  const webhook = await startWebhook(t, ['--certs', folder])
  t.match(webhook.lines('the API server will not trust the certificate'), [{ level: 'error', fault: /^the certificate has expired at 20/ }])
  t.match(await webhook.probe('/readyz'), { status: 503, body: /^the certificate has expired at 20/ })
  await t.rejects(connectRaw(t, { ...webhook, ca: ca.cert }), { code: 'CERT_HAS_EXPIRED' })
  t.equal((await webhook.probe('/healthz')).status, 200)
})

/** Gives localhost a second address, as it has where there is IPv6. */
const twoAddresses = `
import dns from 'node:dns'
const { lookup } = dns
dns.lookup = (host, options, done) =>
  host === 'localhost' && options.all === true
    ? done(null, [{ address: '127.0.0.1', family: 4 }, { address: '127.0.0.2', family: 4 }])
    : lookup(host, host === 'localhost' ? { ...options, family: 4 } : options, done)
`

async function issue(): Promise<{ ca: string; leaves: [CertificatePair, CertificatePair, CertificatePair] }> {
  const now = new Date()
  const ca = await issueCa(9, now)
  const leaf = (days: number): Promise<CertificatePair> => issueLeaf(ca, [serviceName, '127.0.0.1'], days, now)
  return { ca: ca.cert, leaves: [await leaf(1), await leaf(2), await leaf(3)] }
}

/** Connects until this certificate is served. */
async function connectionWith(t: Test, server: Server, { cert }: CertificatePair): Promise<RawConnection> {
  return until('the new certificate is served', async () => {
    const connection = await connectRaw(t, server)
    if (servedOn(connection) === fingerprintOf({ cert })) return connection
    connection.socket.destroy()
    return undefined
  })
}

async function isAnswered(t: Test, connection: RawConnection, uid: string): Promise<void> {
  connection.send(rawReview(reviewOf(smallPod(), { uid })))
  const { status, body: answer } = await within(5_000, uid, connection.answer())
  t.equal(status, 200, uid)
  t.match(readAnswer(answer), { uid, allowed: true })
}

function servedOn({ socket }: RawConnection): string {
  return socket.getPeerCertificate().fingerprint256
}

function fingerprintOf({ cert }: Pick<CertificatePair, 'cert'>): string {
  return new X509Certificate(cert).fingerprint256
}

function endsAt({ cert }: CertificatePair): number {
  return new X509Certificate(cert).validToDate.getTime() / 1_000
}

async function metric(webhook: WebhookProcess, sample: string): Promise<number> {
  return readMetric((await webhook.probe('/metrics')).body, sample)
}
