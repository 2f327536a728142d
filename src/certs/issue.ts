import { isIP } from 'node:net'
import { generate } from 'selfsigned'

/** A certificate and its private key, both PEM. */
export interface CertificatePair {
  readonly cert: string
  readonly key: string
}

const dayMs = 24 * 60 * 60 * 1_000
// A clock that is a little behind ours would not trust a certificate that begins now.
const clockSkewMs = 5 * 60 * 1_000
const common = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const

/** Issues a self-signed CA. */
export async function issueCa(validDays: number, now: Date): Promise<CertificatePair> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'usher CA' }], {
    ...common,
    ...validity(validDays, now),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  return { cert, key }
}

/**
 * Issues a server's certificate.
 *
 * @param names DNS names and IP addresses; at least one. The first is the common name.
 */
export async function issueLeaf(
  ca: CertificatePair,
  names: readonly string[],
  validDays: number,
  now: Date,
): Promise<CertificatePair> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: (names[0] ?? 'usher').slice(0, 64) }], {
    ...common,
    ...validity(validDays, now),
    ca,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
      },
    ],
  })
  return { cert, key }
}

function validity(days: number, now: Date): { notBeforeDate: Date; notAfterDate: Date } {
  return {
    notBeforeDate: new Date(now.getTime() - clockSkewMs),
    notAfterDate: new Date(now.getTime() + days * dayMs),
  }
}
