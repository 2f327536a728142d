import t, { type Test } from 'tap'
import { watchServiceAccountKeys } from '../../src/kube/service-account-keys.ts'
import { verifyToken } from '../../src/lock/token.ts'
import { type FakeRequest, startFakeApiServer } from '../support/fake-api-server.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { issuedAtMs, jwkOf, makeKey, podOfClaims, tokenOf } from '../support/service-account-tokens.ts'
import { until } from '../support/until.ts'

const minuteMs = 60_000
const old = makeKey('old', 'P-256')
const rsa = makeKey('rsa', 2_048)
const oldJwk = jwkOf(old, 'ES256')
const rsaJwk = jwkOf(rsa, 'RS256')

t.test('knows the keys of the API server, and asks again ten minutes later', async (t) => {
  const { answer, clock, keys, waits } = await watch(t)
  t.notOk(keys.isKnown())
  t.equal(keys.find('old'), undefined, 'nothing yet, and it is being asked')
  const asked = await answer([oldJwk])
  t.match(asked, { method: 'GET', path: '/openid/v1/jwks', headers: { accept: 'application/jwk-set+json' } })
  t.ok(keys.isKnown())
  t.ok(keys.find('old')?.equals(old.publicKey))
  t.equal(waits(), 10 * minuteMs)
  clock.advance(10 * minuteMs)
  await answer([oldJwk, rsaJwk])
  t.ok(keys.find('old')?.equals(old.publicKey))
  t.ok(keys.find('rsa')?.equals(rsa.publicKey))
  t.equal(waits(), 10 * minuteMs)
  clock.advance(10 * minuteMs)
  await answer([rsaJwk])
  t.equal(keys.find('old'), undefined, 'what is taken out counts no more')
})

t.test('gives the keys of tokens, of all kinds that Kubernetes has', async (t) => {
  const { answer, keys } = await watch(t)
  const pairs = [[rsa, 'RS256'], [old, 'ES256'], [makeKey('p384', 'P-384'), 'ES384'], [makeKey('p521', 'P-521'), 'ES512']] as const
  await answer(pairs.map(([key, alg]) => jwkOf(key, alg)))
  for (const [key, alg] of pairs) {
    t.strictSame(verifyToken(tokenOf(key, alg), { audience: 'usher', keys, nowMs: issuedAtMs }), { kind: 'of-pod', pod: podOfClaims }, alg)
  }
})

t.test('looks for a key that it does not know, once in ten seconds, however often it is asked for', async (t) => {
  const { answer, api, clock, keys, waits } = await watch(t)
  await answer([oldJwk])
  for (let times = 0; times < 1_000; times++) keys.find('rsa')
  t.equal(waits(), 10_000, 'the first answer is young')
  clock.advance(9_999)
  t.equal(api.waiting, 0)
  clock.advance(1)
  for (let times = 0; times < 1_000; times++) keys.find(`made up ${times}`)
  await answer([oldJwk])
  t.equal(waits(), 10 * minuteMs, 'while it is asked, it is not asked for')
  clock.advance(5 * minuteMs)
  keys.find('rsa')
  t.equal(waits(), 0, 'the answer is old: at once')
  clock.advance(0)
  await answer([oldJwk, rsaJwk])
  t.ok(keys.find('rsa'))
  t.equal(waits(), 10 * minuteMs, 'a key that is known is not looked for')
  t.equal(clock.pending, 1)
})

t.test('keeps what it knows when the API server fails, tells once, and asks again with growing pauses', async (t) => {
  const { answer, answerWith, clock, keys, told, waits } = await watch(t)
  await answer([oldJwk])
  clock.advance(10 * minuteMs)
  const answers: Readonly<Record<string, (request: FakeRequest) => void>> = {
    forbidden: (request) => request.json({ message: 'no' }, 403),
    'no keys': (request) => request.json({ keys: [] }),
    'a Status': (request) => request.json({ kind: 'Status' }),
    HTML: (request) => request.response.writeHead(200).end('<html>'),
    'a connection that breaks': (request) => request.response.destroy(),
    'a list': (request) => request.json([oldJwk]),
  }
  const pauses: number[] = []
  for (const [title, failure] of Object.entries(answers)) {
    await answerWith(failure)
    t.ok(keys.find('old'), title)
    pauses.push(waits())
    for (let times = 0; times < 10; times++) keys.find('unknown')
    t.equal(waits(), pauses.at(-1), 'and nobody makes it ask sooner')
    clock.advance(waits())
  }
  t.strictSame(pauses, [750, 1_500, 3_000, 6_000, 12_000, 22_500])
  t.strictSame(told, ['lost: the API server answered 403: no'])
  await answer([rsaJwk])
  t.strictSame(told.slice(1), ['back'])
  t.equal(waits(), 10 * minuteMs)
  t.ok(keys.find('rsa'))
  keys.find('unknown')
  t.equal(waits(), 10_000, 'and is asked sooner again')
  clock.advance(waits())
  await answerWith((request) => request.json({ message: 'no' }, 403))
  t.equal(waits(), 750, 'the first of another row')
  t.match(told.slice(2), [/^lost: /])
})

t.test('leaves the API server alone for as long as that wants', async (t) => {
  const { answerWith, keys, waits } = await watch(t)
  await answerWith((request) => request.json({ message: 'too many' }, 429, { 'retry-after': '40' }))
  t.equal(waits(), 40_000)
  t.notOk(keys.isKnown())
})

t.test('passes over keys that cannot be used', async (t) => {
  const { answer, keys } = await watch(t)
  const { kid: _, ...nameless } = { kid: '', ...oldJwk }
  await answer([
    null,
    'old',
    nameless,
    { ...oldJwk, kid: 7 },
    { ...oldJwk, kid: 'for encryption', use: 'enc' },
    { ...oldJwk, kid: 'for signing', key_ops: ['sign'] },
    { ...oldJwk, kid: 'of no point', x: 'AAAA' },
    { kid: 'secret', kty: 'oct', k: 'AAAA' },
    { kid: 'unheard of', kty: 'XYZ' },
    { ...oldJwk, kid: 'by its operations', use: undefined, key_ops: ['verify'] },
    oldJwk,
  ])
  for (const id of ['', 'for encryption', 'for signing', 'of no point', 'secret', 'unheard of', '7']) t.equal(keys.find(id), undefined, id)
  for (const id of ['by its operations', 'old']) t.ok(keys.find(id), id)
})

t.test('asks no more once it is stopped, and tells nothing', async (t) => {
  const { api, clock, keys, told } = await watch(t)
  const request = await api.next()
  keys.stop()
  await until('it has gone', () => request.isGone())
  clock.advance(60 * minuteMs)
  keys.find('unknown')
  t.equal(clock.pending, 0)
  t.equal(api.waiting, 0)
  t.strictSame(told, [])
})

t.test('asks no more once it is stopped between two times', async (t) => {
  const { answer, clock, keys } = await watch(t)
  await answer([oldJwk])
  keys.stop()
  keys.find('unknown')
  t.equal(clock.pending, 0)
  t.ok(keys.find('old'), 'what it knows it knows')
})

async function watch(t: Test) {
  const api = await startFakeApiServer(t)
  const clock = new FakeClock()
  const told: string[] = []
  const keys = watchServiceAccountKeys(
    { config: api.config, clock, random: () => 0.5 },
    { lost: (error) => told.push(`lost: ${error instanceof Error ? error.message : ''}`), back: () => told.push('back') },
  )
  t.teardown(() => keys.stop())
  async function answerWith(answer: (request: FakeRequest) => void): Promise<FakeRequest> {
    const request = await api.next()
    answer(request)
    await until('it has read the answer', () => clock.pending > 0)
    return request
  }
  return {
    api,
    clock,
    keys,
    told,
    answerWith,
    answer: (list: readonly unknown[]) => answerWith((request) => request.json({ keys: list }, 200, { 'content-type': 'application/jwk-set+json' })),
    /** How long it is until it asks again. */
    waits: () => (clock.nextAt ?? Number.NaN) - clock.now(),
  }
}
