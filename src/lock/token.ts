import { type KeyObject, verify } from 'node:crypto'
import { isObject, type JsonObject } from '../units/json.ts'
import type { TokenKeys } from './token-keys.ts'

/** Why a token is refused, with a sentence for people. */
export const tokenRefusals = {
  malformed: 'It is not a signed token of a service account.',
  'algorithm-unsupported': 'It names an algorithm other than those with which Kubernetes signs.',
  'keys-not-known': "The API server's keys are not known yet.",
  'key-not-known': "It is signed with a key that is none of the API server's.",
  'key-unfit': 'The key that it names is of another kind than its algorithm, or too weak.',
  'signature-wrong': 'The signature is not that of its content.',
  'issuer-wrong': 'It was issued by somebody else.',
  'audience-wrong': 'It was issued for somebody else.',
  expired: 'Its time is over.',
  'not-yet-valid': 'Its time has not come yet.',
  'not-of-a-pod': 'It is bound to no pod.',
} as const

/** A code of {@link tokenRefusals}. */
export type TokenRefusal = keyof typeof tokenRefusals

/** The pod to which a token is bound: the one in whose volume the kubelet has put it. */
export interface TokenPod {
  readonly uid: string
  readonly namespace: string
  readonly name: string
}

/** What a token says of its bearer. */
export type TokenVerdict =
  | { readonly kind: 'of-pod'; readonly pod: TokenPod }
  | { readonly kind: 'refused'; readonly reason: TokenRefusal }

/** What a token has to satisfy. */
export interface TokenRequirements {
  /** One of the token's audiences. */
  readonly audience: string
  /** Who has issued it; undefined: anybody who has the keys. An API server that changes its name has two for a while. */
  readonly issuer?: string | undefined
  readonly keys: TokenKeys
  /** Milliseconds since 1970: tokens live by the wall clock. */
  readonly nowMs: number
}

/**
 * Verifies a bound service account token (RFC 7519, KEP-1205) by its signature, without a call, and says whose it is.
 * That the pod has been deleted since is not seen: a token is good until its time is over. Never throws.
 */
export function verifyToken(token: string, { audience, issuer, keys, nowMs }: TokenRequirements): TokenVerdict {
  const parts = partsOf(token)
  if (parts === undefined) return refused('malformed')
  const { header, content, signature, signed } = parts
  const { alg, kid, crit } = header
  // An extension that has to be understood, and none is.
  if (typeof alg !== 'string' || typeof kid !== 'string' || crit !== undefined) return refused('malformed')
  const algorithm = algorithms.get(alg)
  if (algorithm === undefined) return refused('algorithm-unsupported')
  const key = keys.find(kid)
  if (key === undefined) return refused(keys.isKnown() ? 'key-not-known' : 'keys-not-known')
  if (!isFit(key, algorithm)) return refused('key-unfit')
  if (!isSignedBy(key, algorithm, signed, signature)) return refused('signature-wrong')

  const { exp, nbf, iss, aud } = content
  if (!isTime(exp) || (nbf !== undefined && !isTime(nbf))) return refused('malformed')
  if (issuer !== undefined && iss !== issuer) return refused('issuer-wrong')
  if (aud !== audience && !(Array.isArray(aud) && aud.includes(audience))) return refused('audience-wrong')
  if (nowMs >= exp * 1_000 + leewayMs) return refused('expired')
  if (nbf !== undefined && nowMs < nbf * 1_000 - leewayMs) return refused('not-yet-valid')
  const pod = podOf(content['kubernetes.io'])
  return pod === undefined ? refused('not-of-a-pod') : { kind: 'of-pod', pod }
}

function refused(reason: TokenRefusal): TokenVerdict {
  return { kind: 'refused', reason }
}

// The clocks of a node and of the control plane may differ by so much; the API server allows as much to itself.
const leewayMs = 60_000

// Kubernetes' own have from 1 to 2 KiB, and usher-wait sends no more than 4.
const maxLength = 8_192

interface TokenParts {
  readonly header: JsonObject
  readonly content: JsonObject
  readonly signature: Buffer
  /** What the signature is of. */
  readonly signed: string
}

/** Takes a token in JWS's compact form apart (RFC 7515, 3.1). */
function partsOf(token: string): TokenParts | undefined {
  if (token.length > maxLength) return undefined
  const [first = '', second = '', third = '', ...rest] = token.split('.', 4)
  const header = readJson(first)
  const content = readJson(second)
  const signature = readBytes(third)
  if (rest.length > 0 || header === undefined || content === undefined || signature === undefined) return undefined
  return { header, content, signature, signed: `${first}.${second}` }
}

function readJson(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(readBytes(text)?.toString() ?? '')
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Reads base64url without padding, and only as it is written: Node's reader would pass over other characters. */
function readBytes(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return text !== '' && bytes.toString('base64url') === text ? bytes : undefined
}

interface Algorithm {
  readonly hash: 'sha256' | 'sha384' | 'sha512'
  /** As OpenSSL calls it; undefined: RSA. */
  readonly curve?: string
}

// RFC 7518, 3.1; of its table those that sign with a private key, and of these those that Kubernetes' signers take.
const algorithms: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ['RS256', { hash: 'sha256' }],
  ['RS384', { hash: 'sha384' }],
  ['RS512', { hash: 'sha512' }],
  ['ES256', { hash: 'sha256', curve: 'prime256v1' }],
  ['ES384', { hash: 'sha384', curve: 'secp384r1' }],
  ['ES512', { hash: 'sha512', curve: 'secp521r1' }],
])

// RFC 7518, 3.3: at least.
const minRsaBits = 2_048

/** The token says which algorithm it wants; the key says which one it gets. */
function isFit(key: KeyObject, { curve }: Algorithm): boolean {
  if (key.type !== 'public') return false
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (curve !== undefined) return type === 'ec' && details?.namedCurve === curve
  return type === 'rsa' && (details?.modulusLength ?? 0) >= minRsaBits
}

function isSignedBy(key: KeyObject, { hash }: Algorithm, signed: string, signature: Buffer): boolean {
  try {
    // JWS has the two numbers of an EC signature one behind the other, not in DER (RFC 7518, 3.4).
    return verify(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature)
  } catch {
    return false
  }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function podOf(claim: unknown): TokenPod | undefined {
  if (!isObject(claim)) return undefined
  const { namespace, pod } = claim
  const { uid, name } = isObject(pod) ? pod : {}
  return isName(uid) && isName(namespace) && isName(name) ? { uid, namespace, name } : undefined
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
