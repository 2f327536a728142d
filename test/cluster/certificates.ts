import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { type CertificatePair, issueCa } from '../../src/certs/issue.ts'
import { adminKubeconfig, secretFolder } from './folders.ts'
import { control, type Machine, ports, serviceAddresses } from './plan.ts'

/** Whom a certificate names, as Kubernetes reads it. */
interface Subject {
  readonly user: string
  readonly group?: string
  /** DNS names and addresses, for a server. */
  readonly names?: readonly string[]
}

// A cluster lives for a test run, or for a developer's day.
const validDays = 30
const clockSkewMs = 5 * 60 * 1_000
const apiServerUrl = `https://${control.address}:${ports.apiServer}`

/** The path of a file with a certificate or a key: `ca.crt`, `apiserver.key`. */
export function secretFile(name: string): string {
  return join(secretFolder, name)
}

/** The path of a component's kubeconfig. */
export function kubeconfigFile(component: string): string {
  return secretFile(`${component}.kubeconfig`)
}

/** Makes the cluster's CA and all certificates, keys and kubeconfigs. */
export async function makeSecrets(nodes: readonly Machine[]): Promise<void> {
  mkdirSync(secretFolder, { recursive: true, mode: 0o700 })
  const now = new Date()
  const ca = await issueCa(validDays, now)
  write('ca.crt', ca.cert)
  const issue = (file: string, subject: Subject): Promise<CertificatePair> => issueFile(ca, file, subject, now)
  const kubeconfig = async (component: string, user: string, group?: string): Promise<void> => {
    const pair = await issue(component, { user, ...(group === undefined ? {} : { group }) })
    write(`${component}.kubeconfig`, kubeconfigOf(ca.cert, pair))
  }
  const service = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local']
  await issue('apiserver', { user: 'kube-apiserver', names: [...service, serviceAddresses.kubernetes, control.address] })
  // A node's certificate may not read logs at a kubelet; this one is bound to system:kubelet-api-admin.
  await issue('kubelet-client', { user: 'kube-apiserver-kubelet-client', group: 'system:masters' })
  await kubeconfig('admin', 'kubernetes-admin', 'system:masters')
  await kubeconfig('kube-controller-manager', 'system:kube-controller-manager')
  await kubeconfig('kube-scheduler', 'system:kube-scheduler')
  await kubeconfig('kube-proxy', 'system:kube-proxy')
  await kubeconfig('coredns', 'system:coredns')
  for (const { name, address } of nodes) {
    await kubeconfig(name, `system:node:${name}`, 'system:nodes')
    await issue(`${name}-server`, { user: name, names: [name, address] })
  }
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  write('service-account.pub', publicKey)
  write('service-account.key', privateKey)
}

/** The files of a cluster administrator, for a client of our own. */
export const adminFiles = { url: apiServerUrl, ca: secretFile('ca.crt'), cert: secretFile('admin.crt'), key: secretFile('admin.key'), kubeconfig: adminKubeconfig } as const

async function issueFile(ca: CertificatePair, file: string, { user, group, names = [] }: Subject, now: Date): Promise<CertificatePair> {
  const subject = [{ name: 'commonName', value: user }]
  if (group !== undefined) subject.push({ name: 'organizationName', value: group })
  const { cert, private: key } = await generate(subject, {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    ca,
    notBeforeDate: new Date(now.getTime() - clockSkewMs),
    notAfterDate: new Date(now.getTime() + validDays * 24 * 60 * 60 * 1_000),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      names.length > 0 ? { name: 'extKeyUsage', serverAuth: true } : { name: 'extKeyUsage', clientAuth: true },
      ...(names.length > 0
        ? [{ name: 'subjectAltName' as const, altNames: names.map((name) => (isIP(name) === 0 ? { type: 2 as const, value: name } : { type: 7 as const, ip: name })) }]
        : []),
    ],
  })
  write(`${file}.crt`, cert)
  write(`${file}.key`, key)
  return { cert, key }
}

function kubeconfigOf(ca: string, { cert, key }: CertificatePair): string {
  const name = 'usher-cluster'
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: apiServerUrl, 'certificate-authority-data': base64(ca) } }],
    users: [{ name, user: { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  })
}

function write(name: string, content: string): void {
  writeFileSync(secretFile(name), content, { mode: 0o600 })
}
