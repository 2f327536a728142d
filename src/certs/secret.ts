import { createSecureContext } from 'node:tls'
import { type Certificate, certificatesIn, issuerOf, pemOf, readCertificate } from './bundle.ts'
import { checkPair } from './files.ts'
import type { CertificatePair, IssuedCertificate } from './issue.ts'

/** What a Secret of type kubernetes.io/tls holds for us, as text. */
export type SecretData = Readonly<Record<string, string>>

/** A certificate that can be served, and the CA that it is trusted by. */
export interface TrustedPair {
  readonly pair: CertificatePair
  readonly leaf: Certificate
  readonly ca: Certificate
}

/** What all replicas share. */
export interface Shared {
  /** What is served. */
  readonly current: TrustedPair
  /** What will be served once those who call us are sure to trust it. */
  readonly next: TrustedPair | undefined
  /** All that is to be trusted. */
  readonly cas: readonly Certificate[]
}

/** What a Secret holds, as far as it makes sense. */
export interface Held {
  readonly current: TrustedPair | undefined
  readonly next: TrustedPair | undefined
  readonly cas: readonly Certificate[]
  /** Why there is nothing to serve; '' where there is. */
  readonly fault: string
}

/**
 * Reads what a Secret holds. What is wrong in it is as what is not there.
 *
 * @param name which the certificates have to be for.
 */
export function readSecretData(data: SecretData, name: string): Held {
  const cas = certificatesIn(data['ca.crt'] ?? '')
  const current = readPair(data, 'tls.crt', 'tls.key', cas, name)
  const next = readPair(data, 'next.crt', 'next.key', cas, name)
  return {
    current: typeof current === 'string' ? undefined : current,
    next: typeof next === 'string' ? undefined : next,
    cas,
    fault: typeof current === 'string' ? current : '',
  }
}

/** What is written into the Secret. */
export function toSecretData({ current, next, cas }: Shared): SecretData {
  return {
    'tls.crt': current.pair.cert,
    'tls.key': current.pair.key,
    'ca.crt': pemOf(cas),
    ...(next === undefined ? {} : { 'next.crt': next.pair.cert, 'next.key': next.pair.key }),
  }
}

/** Whether a Secret holds just this, in any order. */
export function isSameData(left: SecretData, right: SecretData): boolean {
  const names = Object.keys(left)
  return names.length === Object.keys(right).length && names.every((name) => left[name] === right[name])
}

/**
 * Reads what was just issued.
 *
 * @throws where it does not belong together.
 */
export function trustedPairOf({ pair, ca }: IssuedCertificate): TrustedPair {
  const cas = certificatesIn(ca)
  const leaf = readCertificate(pair.cert)
  const issuer = leaf === undefined ? undefined : issuerOf(leaf, cas)
  if (leaf === undefined || issuer === undefined) throw new Error('what was issued is not of its CA')
  return { pair, leaf, ca: issuer }
}

/** A pair of the Secret, or what is wrong with it. */
function readPair(data: SecretData, certName: string, keyName: string, cas: readonly Certificate[], name: string): TrustedPair | string {
  const pair = { cert: data[certName] ?? '', key: data[keyName] ?? '' }
  if (pair.cert === '' || pair.key === '') return `the Secret has not both ${certName} and ${keyName}`
  try {
    checkPair(pair, `${certName} of the Secret`, `${keyName} of the Secret`)
  } catch (error) {
    return messageOf(error)
  }
  try {
    // As a server does it: OpenSSL refuses more, such as keys that are too small.
    createSecureContext(pair)
  } catch (error) {
    return `${certName} of the Secret cannot be served: ${messageOf(error)}`
  }
  const leaf = readCertificate(pair.cert)
  const ca = leaf === undefined ? undefined : issuerOf(leaf, cas)
  if (leaf === undefined || ca === undefined) return `${certName} of the Secret is of no CA in its ca.crt`
  // Go, and so the API server, takes no common name for a host's: https://go.dev/doc/go1.17#crypto/x509
  if (leaf.x509.checkHost(name, { subject: 'never' }) === undefined) return `${certName} of the Secret is not for ${name}`
  return { pair, leaf, ca }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
