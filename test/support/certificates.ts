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
