import { generate } from 'selfsigned'
import { type CertificatePair, issueCa, issueLeaf } from '../../src/certs/issue.ts'

/** The name under which an API server calls the webhook; its certificate must have it. */
export const serviceName = 'usher-webhook.usher-system.svc'

/** A CA, and a server's certificate that it has issued. */
export interface Issued {
  readonly ca: CertificatePair
  readonly leaf: CertificatePair
}

/** Issues a CA and a certificate for the webhook's Service and the loopback. */
export async function issueForTest(names: readonly string[] = [serviceName, '127.0.0.1']): Promise<Issued> {
  const now = new Date()
  const ca = await issueCa(2, now)
  return { ca, leaf: await issueLeaf(ca, names, 1, now) }
}

/** A pair that is its own CA, and whole but for one thing: its name is only a common name, or its key is too small for TLS. */
export async function issueUnfit(kind: 'common-name-only' | 'small-key', now: Date): Promise<CertificatePair> {
  const isSmall = kind === 'small-key'
  const { cert, private: key } = await generate([{ name: 'commonName', value: serviceName }], {
    // How small is too small differs by OpenSSL's version; that is, for each.
    ...(isSmall ? { keyType: 'rsa', keySize: 512 } : { keyType: 'ec', curve: 'P-256' }),
    algorithm: 'sha256',
    notBeforeDate: new Date(now.getTime() - 3_600_000),
    notAfterDate: new Date(now.getTime() + 86_400_000),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      ...(isSmall ? [{ name: 'subjectAltName' as const, altNames: [{ type: 2 as const, value: serviceName }] }] : []),
    ],
  })
  return { cert, key }
}
