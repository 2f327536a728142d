import { X509Certificate } from 'node:crypto'
import { certificateBlocks } from '../units/pem.ts'
import type { Span } from './times.ts'

/** A certificate that was read, with what is asked of it again and again. */
export interface Certificate extends Span {
  readonly x509: X509Certificate
  /** As Node writes it: 64 characters a line. */
  readonly pem: string
  readonly id: string
}

/** The certificates of a text in PEM, in their order, each once. What is none is passed over, as Go does in a caBundle. */
export function certificatesIn(pem: string): readonly Certificate[] {
  const found = new Map<string, Certificate>()
  for (const text of certificateBlocks(pem)) {
    const certificate = readCertificate(text)
    if (certificate !== undefined && !found.has(certificate.id)) found.set(certificate.id, certificate)
  }
  return [...found.values()]
}

/** Reads the first certificate of a text in PEM; undefined: there is none. */
export function readCertificate(pem: string): Certificate | undefined {
  try {
    const x509 = new X509Certificate(pem)
    return {
      x509,
      pem: x509.toString(),
      id: x509.fingerprint256,
      from: x509.validFromDate.getTime(),
      to: x509.validToDate.getTime(),
    }
  } catch {
    return undefined
  }
}

/** Which of these CAs has issued a certificate; times do not count. */
export function issuerOf(leaf: Certificate, cas: readonly Certificate[]): Certificate | undefined {
  return cas.find(({ x509 }) => x509.ca && leaf.x509.checkIssued(x509) && leaf.x509.verify(x509.publicKey))
}

/** As many as any rotation needs, with room for some that come soon one after the other. */
const mostCas = 6

/**
 * What is to be trusted: those that are needed in any case, and of the others those that have not ended, the newest first.
 * A CA leaves when it ends: its only certificate ends with it, so that no replica can serve that any more, however late it is.
 */
export function bundleOf(needed: readonly Certificate[], others: readonly Certificate[], now: number): readonly Certificate[] {
  const rest = others.filter(({ x509, to }) => x509.ca && now < to).toSorted((left, right) => right.from - left.from)
  const all = new Map([...needed, ...rest].map((ca) => [ca.id, ca]))
  return [...all.values()].slice(0, mostCas)
}

/** Writes certificates as PEM, one after the other. */
export function pemOf(certificates: readonly Certificate[]): string {
  return certificates.map(({ pem }) => pem).join('')
}
