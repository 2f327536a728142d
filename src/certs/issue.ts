import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { generate } from 'selfsigned'

/** A certificate and its private key, both PEM. */
export interface CertificatePair {
  readonly cert: string
  readonly key: string
}

const dayMs = 24 * 60 * 60 * 1_000

/** How far certificates are backdated: a clock that is behind by no more than that trusts them at once. */
export const backdatedMs = 60 * 60 * 1_000

const common = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const

/**
 * Issues a self-signed CA. Each has a name of its own: where two are trusted, OpenSSL looks for the issuer by its name alone.
 *
 * @param validDays may be a part of a day.
 */
export async function issueCa(validDays: number, now: Date): Promise<CertificatePair> {
  const name = `usher CA ${randomBytes(8).toString('hex')}`
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
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

/** A certificate, and the CA that has issued it, and nothing but it: both PEM. */
export interface IssuedCertificate {
  readonly pair: CertificatePair
  readonly ca: string
}

/** Issues a server's certificate of a CA of its own. The CA's key is forgotten: nobody can issue another one. */
export async function issueWithOwnCa(names: readonly string[], lifeMs: number, now: Date): Promise<IssuedCertificate> {
  const ca = await issueCa(lifeMs / dayMs, now)
  return { pair: await issueLeaf(ca, names, lifeMs / dayMs, now), ca: ca.cert }
}

function validity(days: number, now: Date): { notBeforeDate: Date; notAfterDate: Date } {
  return {
    notBeforeDate: new Date(now.getTime() - backdatedMs),
    notAfterDate: new Date(now.getTime() + days * dayMs),
  }
}
