import { X509Certificate } from 'node:crypto'
import { isObject } from '../units/json.ts'
import { checkPair, defaultCaDays, defaultLeafDays } from './files.ts'
import { type CertificatePair, issueCa, issueLeaf } from './issue.ts'

/** What a Secret of type kubernetes.io/tls holds for us, as text. */
export type SecretData = Readonly<Record<'tls.crt' | 'tls.key' | 'ca.crt' | 'ca.key', string>>

/** A certificate to serve, and what its clients have to trust. */
export interface TrustedPair {
  readonly pair: CertificatePair
  /** PEM of one CA or more, the one that has issued the certificate first. */
  readonly ca: string
}

/**
 * Makes a CA and a certificate. The CA's key is kept, so that a later certificate can be of the same CA.
 *
 * @param before CAs that were trusted until now: what others still serve is trusted until they have read the Secret.
 */
export async function makeSecretData(names: readonly string[], now: Date, before?: string): Promise<SecretData> {
  const ca = await issueCa(defaultCaDays, now)
  const leaf = await issueLeaf(ca, names, defaultLeafDays, now)
  const old = before === undefined ? '' : firstCertificate(before)
  return { 'tls.crt': leaf.cert, 'tls.key': leaf.key, 'ca.crt': lined(ca.cert) + old, 'ca.key': ca.key }
}

/**
 * Reads what a Secret holds.
 *
 * @throws where something is missing, or does not belong together.
 */
export function readSecretData(data: unknown): TrustedPair {
  const fields = isObject(data) ? data : {}
  const { 'tls.crt': cert, 'tls.key': key, 'ca.crt': ca } = fields
  if (typeof cert !== 'string' || typeof key !== 'string' || typeof ca !== 'string') {
    throw new Error('the Secret has not all of tls.crt, tls.key and ca.crt; when it is deleted, it is made anew')
  }
  checkPair({ cert, key }, 'tls.crt of the Secret', 'tls.key of the Secret')
  try {
    // Reads the first one of several.
    void new X509Certificate(ca)
  } catch (error) {
    throw new Error('ca.crt of the Secret is not a certificate in PEM', { cause: error })
  }
  return { pair: { cert, key }, ca }
}

function firstCertificate(pem: string): string {
  const [first = ''] = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(pem) ?? []
  return lined(first)
}

function lined(pem: string): string {
  return pem === '' || pem.endsWith('\n') ? pem : `${pem}\n`
}
