import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { namesIn } from '../../src/certs/files.ts'
import { makeSecretData, readSecretData } from '../../src/certs/secret.ts'

t.test('makes a certificate of a CA, for every name of the Service in its namespace', async (t) => {
  const data = await makeSecretData(namesIn('elsewhere'), new Date())
  const { pair, ca } = readSecretData(data)
  const leaf = new X509Certificate(pair.cert)
  t.ok(leaf.verify(new X509Certificate(ca).publicKey))
  for (const name of ['usher-webhook.elsewhere.svc', 'usher-webhook.elsewhere.svc.cluster.local', 'localhost']) {
    t.ok(leaf.checkHost(name), name)
  }
  t.notOk(leaf.checkHost('usher-webhook.usher-system.svc'))
  t.ok(leaf.checkIP('127.0.0.1'))
  t.match(data['ca.key'], /^-----BEGIN PRIVATE KEY-----/, 'kept for a later certificate of the same CA')
})

t.test('a CA that is made while another is trusted stands before it, and only before the last', async (t) => {
  const first = await makeSecretData(['localhost'], new Date())
  const second = await makeSecretData(['localhost'], new Date(), first['ca.crt'])
  const third = await makeSecretData(['localhost'], new Date(), second['ca.crt'])
  t.equal(certificates(second['ca.crt'])[1], certificates(first['ca.crt'])[0])
  t.strictSame(certificates(third['ca.crt']).slice(1), certificates(second['ca.crt']).slice(0, 1))
  const { pair, ca } = readSecretData(third)
  t.ok(new X509Certificate(pair.cert).verify(new X509Certificate(ca).publicKey))
})

t.test('what cannot be served: what is missing or wrong', async (t) => {
  const good = await makeSecretData(['localhost'], new Date())
  const other = await makeSecretData(['localhost'], new Date())
  for (const [data, message] of [
    [undefined, /has not all of tls\.crt, tls\.key and ca\.crt; when it is deleted/],
    [{ ...good, 'ca.crt': undefined }, /has not all of/],
    [{ ...good, 'tls.key': '' }, /tls\.key of the Secret is not a private key in PEM/],
    [{ ...good, 'tls.crt': 'x' }, /tls\.crt of the Secret is not a certificate in PEM/],
    [{ ...good, 'ca.crt': 'x' }, /ca\.crt of the Secret is not a certificate in PEM/],
    [{ ...good, 'tls.key': other['tls.key'] }, /tls\.key of the Secret is not the key of tls\.crt of the Secret/],
  ] as const) {
    t.throws(() => readSecretData(data), { message }, String(message))
  }
})

function certificates(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
}
