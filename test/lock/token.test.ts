import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import t, { type Test } from 'tap'
import { type TokenRefusal, tokenRefusals, type TokenRequirements, verifyToken } from '../../src/lock/token.ts'
import type { Json } from '../../src/units/json.ts'
import { claims, encode, issuedAtMs, keysOf, lifeMs, makeKey, podOfClaims, tokenOf } from '../support/service-account-tokens.ts'

const rsa = makeKey('rsa', 2_048)
const weak = makeKey('weak', 1_024)
const p256 = makeKey('p256', 'P-256')
const p384 = makeKey('p384', 'P-384')
const p521 = makeKey('p521', 'P-521')
const koblitz = makeKey('koblitz', 'secp256k1')
const keys = keysOf(rsa, weak, p256, p384, p521, koblitz)
const wanted: TokenRequirements = { audience: 'usher', keys, nowMs: issuedAtMs + 1_000 }
const ofPod = { kind: 'of-pod', pod: podOfClaims }
const seen = new Set<string>()

t.test('says whose a token is, with each algorithm of Kubernetes', async (t) => {
  for (const alg of ['RS256', 'RS384', 'RS512']) t.strictSame(verifyToken(tokenOf(rsa, alg), wanted), ofPod, alg)
  for (const [key, alg] of [[p256, 'ES256'], [p384, 'ES384'], [p521, 'ES512']] as const) t.strictSame(verifyToken(tokenOf(key, alg), wanted), ofPod, alg)
})

t.test('refuses what was not signed by one of the keys', async (t) => {
  const [header = '', content = ''] = tokenOf(rsa, 'RS256').split('.')
  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' })
  const withHmac = `${encode({ alg: 'HS256', kid: 'rsa' })}.${content}`
  const other = tokenOf(rsa, 'RS256', { ...claims, aud: ['api'] }).split('.')[2] ?? ''
  refuses(t, 'signature-wrong', [tokenOf(makeKey('rsa', 2_048), 'RS256'), `${header}.${content}.${other}`, `${header}.${content}.AAAA`])
  refuses(t, 'signature-wrong', [ofEc((bytes) => bytes.subarray(1)), ofEc((bytes) => Buffer.concat([bytes, bytes])), ofEc(() => Buffer.alloc(64)), inDer()], 'an EC signature of another form')
  refuses(t, 'algorithm-unsupported', [
    `${encode({ alg: 'none', kid: 'rsa' })}.${content}.AAAA`,
    `${withHmac}.${createHmac('sha256', pem).update(withHmac).digest('base64url')}`,
    tokenOf(rsa, 'RS256', claims, { alg: 'PS256', kid: 'rsa' }),
    tokenOf(rsa, 'RS256', claims, { alg: 'constructor', kid: 'rsa' }),
    tokenOf(rsa, 'RS256', claims, { alg: 'rs256', kid: 'rsa' }),
  ])
  refuses(t, 'malformed', [`${encode({ alg: 'none', kid: 'rsa' })}.${content}.`, `${header}.${content}.`], 'without a signature')
  refuses(t, 'key-unfit', [
    tokenOf(p256, 'ES256', claims, { alg: 'RS256', kid: 'p256' }),
    tokenOf(rsa, 'RS256', claims, { alg: 'ES256', kid: 'rsa' }),
    tokenOf(p384, 'ES384', claims, { alg: 'ES256', kid: 'p384' }),
    tokenOf(koblitz, 'ES256'),
    tokenOf(weak, 'RS256'),
  ])
  refuses(t, 'key-not-known', [tokenOf(rsa, 'RS256', claims, { alg: 'RS256', kid: 'another' })])
})

t.test('takes no key that is not public, nor one of RSA-PSS', async (t) => {
  const secret = { find: () => rsa.privateKey, isKnown: () => true }
  t.strictSame(verifyToken(tokenOf(rsa, 'RS256'), { ...wanted, keys: secret }), refusal('key-unfit'))
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2_048 })
  const signed = `${encode({ alg: 'RS256', kid: 'pss' })}.${encode(claims)}`
  const token = `${signed}.${sign('sha256', Buffer.from(signed), pss.privateKey).toString('base64url')}`
  t.strictSame(verifyToken(token, { ...wanted, keys: { find: () => pss.publicKey, isKnown: () => true } }), refusal('key-unfit'))
})

t.test('asks for the key that the token names, and says where none is known yet', async (t) => {
  const asked: string[] = []
  const none = { find: (id: string) => void asked.push(id), isKnown: () => false }
  t.strictSame(verifyToken(tokenOf(rsa, 'RS256'), { ...wanted, keys: none }), refusal('keys-not-known'))
  t.strictSame(asked, ['rsa'])
})

t.test('reads a token only as it is written', async (t) => {
  const token = tokenOf(rsa, 'RS256')
  const [header = '', content = '', signature = ''] = token.split('.')
  const last = signature.at(-1) ?? ''
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  // Of the last character two bits count: these mean the same bytes to a reader that does not care.
  const sameBytes = alphabet[alphabet.indexOf(last) ^ 1] ?? ''
  t.strictSame(Buffer.from(signature.slice(0, -1) + sameBytes, 'base64url'), Buffer.from(signature, 'base64url'))
  refuses(t, 'malformed', [
    `${header}.${content}.${signature.slice(0, -1)}${sameBytes}`,
    `${token}=`,
    `${token} `,
    ` ${token}`,
    `${token}.`,
    `${token}.x`,
    `.${token}`,
    `${header}.${content}`,
    `${header}..${signature}`,
    '',
    '.',
    '..',
    '...',
    'x',
  ])
})

t.test('refuses a header or content that is no object, and extensions that it does not know', async (t) => {
  for (const value of [null, 1, 'text', [], true]) refuses(t, 'malformed', [tokenOf(rsa, 'RS256', value), tokenOf(rsa, 'RS256', claims, value)])
  refuses(t, 'malformed', [
    tokenOf(rsa, 'RS256', claims, { alg: 'RS256' }),
    tokenOf(rsa, 'RS256', claims, { kid: 'rsa' }),
    tokenOf(rsa, 'RS256', claims, { alg: ['RS256'], kid: 'rsa' }),
    tokenOf(rsa, 'RS256', claims, { alg: 'RS256', kid: 7 }),
    tokenOf(rsa, 'RS256', claims, { alg: 'RS256', kid: 'rsa', crit: ['b64'], b64: false }),
    `${Buffer.from('{"alg":"RS256",').toString('base64url')}.${encode(claims)}.AAAA`,
  ])
})

t.test('reads no more than 8 KiB', async (t) => {
  const base = tokenOf(rsa, 'RS256', { ...claims, filler: '' }).length
  const filler = 'x'.repeat(Math.floor(((8_192 - base) * 3) / 4) - 3)
  const long = tokenOf(rsa, 'RS256', { ...claims, filler })
  t.ok(long.length > 8_180 && long.length <= 8_192, `${long.length}`)
  t.strictSame(verifyToken(long, wanted), ofPod)
  refuses(t, 'malformed', [tokenOf(rsa, 'RS256', { ...claims, filler: `${filler}${'x'.repeat(12)}` }), 'x'.repeat(100_000_000)])
})

t.test('takes the audience alone or among others, and no other one', async (t) => {
  for (const aud of ['usher', ['usher'], ['https://kubernetes.default.svc', 'usher']]) t.strictSame(verifyToken(withClaim('aud', aud), wanted), ofPod)
  for (const aud of ['https://kubernetes.default.svc', ['api'], [], '', 'usher2', ['ushe', 'r'], [['usher']], null, undefined, { usher: true }]) {
    refuses(t, 'audience-wrong', [withClaim('aud', aud)], JSON.stringify(aud))
  }
})

t.test('is good from nbf to exp, with a minute for clocks that differ', async (t) => {
  const token = tokenOf(rsa, 'RS256')
  const at = (nowMs: number) => verifyToken(token, { ...wanted, nowMs })
  t.strictSame(at(issuedAtMs - 60_000), ofPod)
  t.strictSame(at(issuedAtMs - 60_001), refusal('not-yet-valid'))
  t.strictSame(at(issuedAtMs + lifeMs + 59_999), ofPod)
  t.strictSame(at(issuedAtMs + lifeMs + 60_000), refusal('expired'))
  t.strictSame(verifyToken(withClaim('nbf', undefined), { ...wanted, nowMs: 0 }), ofPod, 'nbf may be left out')
  t.strictSame(verifyToken(withClaim('exp', issuedAtMs / 1_000 + 0.5), { ...wanted, nowMs: issuedAtMs + 60_499 }), ofPod, 'and a time have a fraction')
  for (const time of ['1893456000', null, [], {}, true]) refuses(t, 'malformed', [withClaim('exp', time), withClaim('nbf', time)])
  refuses(t, 'malformed', [withClaim('exp', undefined), withText('exp', '1e999'), withText('nbf', '-1e999')])
})

t.test('takes any issuer, or the one that is asked for', async (t) => {
  const here = { ...wanted, issuer: 'https://kubernetes.default.svc' }
  t.strictSame(verifyToken(withClaim('iss', 'https://elsewhere.example.test'), wanted), ofPod)
  t.strictSame(verifyToken(tokenOf(rsa, 'RS256'), here), ofPod)
  for (const iss of ['https://elsewhere.example.test', 'https://kubernetes.default.svc/', undefined, ['https://kubernetes.default.svc']]) {
    t.strictSame(verifyToken(withClaim('iss', iss), here), refusal('issuer-wrong'))
  }
})

t.test('refuses what is bound to no pod', async (t) => {
  const pod = { name: 'cart-0', uid: 'u' }
  for (const claim of [
    undefined,
    null,
    'shop/cart-0',
    [],
    {},
    { namespace: 'shop', serviceaccount: { name: 'default', uid: 'u' } },
    { namespace: 'shop', node: { name: 'node-1', uid: 'u' } },
    { namespace: 'shop', pod: null },
    { namespace: 'shop', pod: { name: 'cart-0' } },
    { namespace: 'shop', pod: { uid: 'u' } },
    { namespace: 'shop', pod: { ...pod, uid: '' } },
    { namespace: 'shop', pod: { ...pod, uid: 7 } },
    { namespace: '', pod },
    { pod },
  ]) refuses(t, 'not-of-a-pod', [withClaim('kubernetes.io', claim)], JSON.stringify(claim))
  const older = { iss: 'kubernetes/serviceaccount', 'kubernetes.io/serviceaccount/namespace': 'shop', sub: 'system:serviceaccount:shop:default' }
  refuses(t, 'malformed', [tokenOf(rsa, 'RS256', older)], 'the kind of before 1.21, which never ends')
})

t.test('has no reason that it never gives', async (t) => {
  for (const reason of ['keys-not-known', 'expired', 'not-yet-valid', 'issuer-wrong']) seen.add(reason)
  t.strictSame([...seen].toSorted(), Object.keys(tokenRefusals).toSorted())
})

function refuses(t: Test, reason: TokenRefusal, tokens: readonly string[], message: string = reason): void {
  seen.add(reason)
  for (const [index, token] of tokens.entries()) t.strictSame(verifyToken(token, wanted), refusal(reason), `${message}, ${index}`)
}

function refusal(reason: TokenRefusal): object {
  return { kind: 'refused', reason }
}

function withClaim(name: string, value: Json | undefined): string {
  return tokenOf(rsa, 'RS256', { ...claims, [name]: value })
}

/** With a number that JSON.stringify does not write. */
function withText(name: string, text: string): string {
  const content = JSON.stringify({ ...claims, [name]: 'HERE' }).replace('"HERE"', text)
  const signed = `${encode({ alg: 'RS256', kid: 'rsa' })}.${Buffer.from(content).toString('base64url')}`
  return `${signed}.${sign('sha256', Buffer.from(signed), rsa.privateKey).toString('base64url')}`
}

/** With another signature of the same length, or of another. */
function ofEc(change: (signature: Buffer) => Buffer): string {
  const [header = '', content = '', signature = ''] = tokenOf(p256, 'ES256').split('.')
  return `${header}.${content}.${change(Buffer.from(signature, 'base64url')).toString('base64url')}`
}

/** As TLS has signatures, and JWS has not. */
function inDer(): string {
  const [header = '', content = ''] = tokenOf(p256, 'ES256').split('.')
  const signature = sign('sha256', Buffer.from(`${header}.${content}`), { key: p256.privateKey, dsaEncoding: 'der' })
  return `${header}.${content}.${signature.toString('base64url')}`
}
