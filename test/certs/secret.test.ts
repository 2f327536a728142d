import t from 'tap'
import { certificatesIn } from '../../src/certs/bundle.ts'
import { namesIn } from '../../src/certs/files.ts'
import { issueWithOwnCa } from '../../src/certs/issue.ts'
import { isSameData, readSecretData, toSecretData, type TrustedPair, trustedPairOf } from '../../src/certs/secret.ts'
import { issueUnfit } from '../support/certificates.ts'

const name = 'usher-webhook.usher-system.svc'

t.test('what is written is read again', async (t) => {
  const [current, next] = [await issue(), await issue()]
  for (const shared of [{ current, next, cas: [current.ca, next.ca] }, { current, next: undefined, cas: [current.ca] }]) {
    const data = toSecretData(shared)
    const held = readSecretData(data, name)
    t.strictSame([held.current?.pair, held.next?.pair, held.fault], [shared.current.pair, shared.next?.pair, ''])
    t.strictSame(held.cas.map(({ id }) => id), shared.cas.map(({ id }) => id))
    t.ok(isSameData(toSecretData({ current, next: held.next, cas: held.cas }), data))
  }
  t.notOk(isSameData({ a: 'b' }, { a: 'b', c: 'd' }))
})

t.test('a certificate is for every name of the Service in its namespace, of a CA that nobody has the key of', async (t) => {
  const issued = await issueWithOwnCa(namesIn('elsewhere'), 60_000, new Date())
  const { leaf, ca } = trustedPairOf(issued)
  for (const each of ['usher-webhook.elsewhere.svc', 'usher-webhook.elsewhere.svc.cluster.local', 'localhost']) t.ok(leaf.x509.checkHost(each), each)
  t.notOk(leaf.x509.checkHost(name))
  t.equal(leaf.to, ca.to, 'one ends with the other')
  t.strictSame(Object.keys(issued), ['pair', 'ca'])
  t.notMatch(issued.ca, 'KEY')
})

t.test('what cannot be served: what is missing or wrong', async (t) => {
  const [good, other] = [await issue(), await issue()]
  const data = toSecretData({ current: good, next: undefined, cas: [good.ca] })
  for (const [changes, fault] of [
    [{ 'tls.crt': '' }, /has not both tls\.crt and tls\.key/],
    [{ 'tls.key': 'x' }, /tls\.key of the Secret is not a private key in PEM/],
    [{ 'tls.crt': 'x' }, /tls\.crt of the Secret is not a certificate in PEM/],
    [{ 'ca.crt': 'x' }, /tls\.crt of the Secret is of no CA in its ca\.crt/],
    [{ 'ca.crt': other.ca.pem }, /is of no CA in its ca\.crt/],
    [{ 'tls.key': other.pair.key }, /tls\.key of the Secret is not the key of tls\.crt of the Secret/],
  ] as const) {
    const held = readSecretData({ ...data, ...changes }, name)
    t.equal(held.current, undefined)
    t.match(held.fault, fault)
  }
  t.match(readSecretData(data, 'usher-webhook.elsewhere.svc').fault, /tls\.crt of the Secret is not for usher-webhook\.elsewhere\.svc/)
  t.equal(readSecretData({ ...data, 'next.crt': 'x', 'next.key': 'x' }, name).next, undefined)
})

t.test('what a server or the API server would refuse is as what is not there: a key too small, a name that is only a common name', async (t) => {
  for (const [kind, fault] of [
    ['small-key', /^tls\.crt of the Secret cannot be served: .*key too small/],
    ['common-name-only', /^tls\.crt of the Secret is not for usher-webhook\.usher-system\.svc$/],
  ] as const) {
    const { cert, key } = await issueUnfit(kind, new Date())
    const held = readSecretData({ 'tls.crt': cert, 'tls.key': key, 'ca.crt': cert }, name)
    t.equal(held.current, undefined)
    t.match(held.fault, fault)
  }
})

t.test('of a bundle every certificate counts once, and nothing else, as Go reads it', async (t) => {
  const [{ ca }, { ca: other }] = [await issue(), await issue()]
  const broken = ca.pem.replace(/\n[^-\n]{20}/, '\n')
  t.strictSame(certificatesIn(`x\n${ca.pem}y${broken}${other.pem}${ca.pem}`).map(({ id }) => id), [ca.id, other.id])
  t.strictSame(certificatesIn(''), [])
})

async function issue(): Promise<TrustedPair> {
  return trustedPairOf(await issueWithOwnCa([name], 3_600_000, new Date()))
}
