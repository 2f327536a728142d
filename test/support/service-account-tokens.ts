import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { TokenKeys } from '../../src/lock/token-keys.ts'
import type { JsonObject } from '../../src/units/json.ts'

/** How a key pair is made: the size of an RSA key, or the curve of another. */
export type KeyKind = 1_024 | 2_048 | 'P-256' | 'P-384' | 'P-521' | 'secp256k1'

/** A pair of keys of a service account issuer. */
export interface IssuerKey {
  readonly id: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** Makes a pair of keys. */
export function makeKey(id: string, kind: KeyKind): IssuerKey {
  const pair = typeof kind === 'number' ? generateKeyPairSync('rsa', { modulusLength: kind }) : generateKeyPairSync('ec', { namedCurve: kind })
  return { id, ...pair }
}

/** The public part as the API server publishes it. */
export function jwkOf({ id, publicKey }: IssuerKey, alg: string): object {
  return { use: 'sig', kid: id, alg, ...publicKey.export({ format: 'jwk' }) }
}

/** When the tokens of {@link claims} were issued, in milliseconds since 1970. */
export const issuedAtMs = Date.UTC(2026, 0, 1, 12)

/** For how long they are good. */
export const lifeMs = 600_000

/** What a token says that a kubelet of Kubernetes 1.37 has got for a pod. */
export const claims: JsonObject = {
  aud: ['usher'],
  exp: (issuedAtMs + lifeMs) / 1_000,
  iat: issuedAtMs / 1_000,
  iss: 'https://kubernetes.default.svc',
  jti: '0f0e0d0c-0b0a-0908-0706-050403020100',
  'kubernetes.io': {
    namespace: 'shop',
    node: { name: 'node-1', uid: 'e2a1a4b0-7c52-4b5c-8f6d-2f1f6d7c1a11' },
    pod: { name: 'cart-0', uid: '6d0f9b3a-1a52-4a55-9d1c-0c7e7a1f7f10' },
    serviceaccount: { name: 'default', uid: '1c8f5a3e-4d8b-44b8-a1a0-6a5f1e0a9c55' },
  },
  nbf: issuedAtMs / 1_000,
  sub: 'system:serviceaccount:shop:default',
}

/** The pod of {@link claims}. */
export const podOfClaims = { uid: '6d0f9b3a-1a52-4a55-9d1c-0c7e7a1f7f10', namespace: 'shop', name: 'cart-0' }

/** A part of a token. */
export function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Signs a token. @param alg such as `RS256`; the last three characters name the hash. */
export function tokenOf(key: IssuerKey, alg: string, content: unknown = claims, header: unknown = { alg, kid: key.id }): string {
  const signed = `${encode(header)}.${encode(content)}`
  const signature = sign(`sha${alg.slice(-3)}`, Buffer.from(signed), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

/** These keys, and no others. */
export function keysOf(...keys: readonly IssuerKey[]): TokenKeys {
  const byId = new Map(keys.map(({ id, publicKey }) => [id, publicKey]))
  return { find: (id) => byId.get(id), isKnown: () => byId.size > 0 }
}
