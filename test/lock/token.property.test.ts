import * as fc from 'fast-check'
import t from 'tap'
import { tokenRefusals, type TokenVerdict, verifyToken } from '../../src/lock/token.ts'
import { claims, encode, issuedAtMs, keysOf, lifeMs, makeKey, podOfClaims, tokenOf } from '../support/service-account-tokens.ts'
import { equal, forAll, runs } from '../support/property.ts'

const rsa = makeKey('rsa', 2_048)
const ec = makeKey('ec', 'P-256')
const keys = keysOf(rsa, ec)
const tokens = [tokenOf(rsa, 'RS256'), tokenOf(ec, 'ES256')]
const anyToken = fc.constantFrom(...tokens)
const anyByte = fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte))
const anyTime = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -120_000, max: lifeMs + 120_000 }).map((ms) => issuedAtMs + ms) },
  { weight: 1, arbitrary: fc.double({ noNaN: true }) },
)

t.test('refuses a token of which any byte is another', async (t) => {
  forAll(t, 0.9, fc.tuple(anyToken, fc.nat(), anyByte), ([token, place, byte]) => {
    const at = place % token.length
    if (token[at] === byte) return false
    return isRefused(`${token.slice(0, at)}${byte}${token.slice(at + 1)}`)
  }, 10 * runs)
})

t.test('refuses a token at each of whose places one bit is another', async (t) => {
  for (const token of tokens) {
    for (const [at, char] of Array.from(token).entries()) {
      for (let bit = 1; bit < 256; bit *= 2) isRefused(`${token.slice(0, at)}${String.fromCharCode(char.charCodeAt(0) ^ bit)}${token.slice(at + 1)}`)
    }
  }
  t.pass('all of them')
})

t.test('refuses a token of which something is missing, doubled or inserted', async (t) => {
  forAll(t, 0.5, fc.tuple(anyToken, fc.nat(), fc.nat({ max: 40 }), fc.string({ maxLength: 3 })), ([token, place, length, text]) => {
    const at = place % token.length
    const changed = [
      token.slice(0, at) + token.slice(at + 1 + length),
      token.slice(0, at) + token.slice(at, at + 1 + length) + token.slice(at),
      token.slice(0, at) + text + token.slice(at),
    ].filter((each) => each !== token)
    for (const each of changed) isRefused(each)
    return changed.length === 3
  })
})

t.test('never throws on any text', async (t) => {
  const part = fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue().map(encode), fc.base64String())
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.')))
  forAll(t, 1, fc.tuple(text, anyTime), ([each, nowMs]) => isRefused(each, nowMs))
})

t.test('never throws on a header and content of any kind, signed or not', async (t) => {
  const header = fc.record({ alg: fc.oneof(fc.constantFrom('RS256', 'ES256', 'none', 'HS256'), fc.jsonValue()), kid: fc.oneof(fc.constantFrom('rsa', 'ec'), fc.jsonValue()) })
  const content = fc
    .tuple(fc.constantFrom('aud', 'exp', 'nbf', 'iss', 'kubernetes.io'), fc.jsonValue())
    .map(([claim, value]) => ({ ...claims, [claim]: value }))
  forAll(t, 1, fc.tuple(fc.oneof(header, fc.jsonValue()), fc.oneof(content, fc.jsonValue()), anyTime), ([head, body, nowMs]) => {
    isRefused(`${encode(head)}.${encode(body)}.${encode(7)}`, nowMs)
    verdictOf(tokenOf(rsa, 'RS256', body, head), nowMs)
    verdictOf(tokenOf(rsa, 'RS256', body), nowMs)
    return true
  })
})

t.test('takes a token as long as its time lasts, and not for longer', async (t) => {
  forAll(t, 0.2, fc.tuple(anyToken, anyTime), ([token, nowMs]) => {
    const isGood = nowMs >= issuedAtMs - 60_000 && nowMs < issuedAtMs + lifeMs + 60_000
    equal(verdictOf(token, nowMs).kind, isGood ? 'of-pod' : 'refused', String(nowMs))
    return isGood
  })
})

/** Throws where it is not. */
function isRefused(token: string, nowMs = issuedAtMs): boolean {
  const verdict = verdictOf(token, nowMs)
  if (verdict.kind !== 'refused') throw new Error(`taken: ${token}`)
  return true
}

function verdictOf(token: string, nowMs: number): TokenVerdict {
  const verdict = verifyToken(token, { audience: 'usher', keys, nowMs })
  if (verdict.kind === 'refused' && !Object.hasOwn(tokenRefusals, verdict.reason)) throw new Error(`${verdict.reason} is not of the table`)
  if (verdict.kind === 'of-pod' && verdict.pod.uid === podOfClaims.uid) equal(verdict.pod, podOfClaims, 'pod')
  return verdict
}
