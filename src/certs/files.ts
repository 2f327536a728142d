import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CertificatePair, issueCa, issueLeaf } from './issue.ts'

/** Where a folder of certificates keeps what; the names of a Secret of type kubernetes.io/tls, and of its CA. */
export interface CertificateFiles {
  readonly ca: string
  readonly caKey: string
  readonly cert: string
  readonly key: string
}

/** How certificates are made. */
export interface IssueOptions {
  readonly names: readonly string[]
  readonly leafDays: number
  readonly caDays: number
  readonly now: Date
}

/** The names for which the webhook is called: through its Service in a namespace, and on this machine. */
export function namesIn(namespace: string): readonly string[] {
  return [
    `usher-webhook.${namespace}.svc`,
    `usher-webhook.${namespace}.svc.cluster.local`,
    `usher-webhook.${namespace}`,
    'usher-webhook',
    'localhost',
    '127.0.0.1',
    '::1',
  ]
}

/** The names where nothing else is said. */
export const defaultNames: readonly string[] = namesIn('usher-system')

/** A leaf of less than a year is what most policies accept; the CA is replaced by hand. */
export const defaultLeafDays = 365
export const defaultCaDays = 3_650

/** The files in a folder. */
export function filesIn(folder: string): CertificateFiles {
  return {
    ca: join(folder, 'ca.crt'),
    caKey: join(folder, 'ca.key'),
    cert: join(folder, 'tls.crt'),
    key: join(folder, 'tls.key'),
  }
}

/** Which of the files are there. */
export async function existing(files: CertificateFiles): Promise<readonly string[]> {
  const all = Object.values(files) as readonly string[]
  const found = await Promise.all(all.map(async (file) => isThere(file)))
  return all.filter((_file, index) => found[index])
}

/** Issues a CA and a leaf and writes all four files; private keys with mode 0600. */
export async function writeCertificates(folder: string, options: IssueOptions): Promise<CertificateFiles> {
  const files = filesIn(folder)
  const ca = await issueCa(options.caDays, options.now)
  const leaf = await issueLeaf(ca, options.names, options.leafDays, options.now)
  await mkdir(folder, { recursive: true, mode: 0o755 })
  await write(files.caKey, ca.key, 0o600)
  await write(files.ca, ca.cert, 0o644)
  await write(files.key, leaf.key, 0o600)
  await write(files.cert, leaf.cert, 0o644)
  return files
}

/**
 * Reads a certificate and its key and checks that they belong together.
 *
 * @throws where a file cannot be read, is not PEM, or the two do not match.
 */
export async function readPair(certFile: string, keyFile: string): Promise<CertificatePair> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')])
  checkPair({ cert, key }, certFile, keyFile)
  return { cert, key }
}

/**
 * Checks that a certificate and a key are some, and belong together.
 *
 * @throws with the names that are given for them.
 */
export function checkPair({ cert, key }: CertificatePair, certFile: string, keyFile: string): void {
  let parsed: X509Certificate
  try {
    parsed = new X509Certificate(cert)
  } catch (error) {
    throw new Error(`${certFile} is not a certificate in PEM`, { cause: error })
  }
  let privateKey: KeyObject
  try {
    privateKey = createPrivateKey(key)
  } catch (error) {
    throw new Error(`${keyFile} is not a private key in PEM`, { cause: error })
  }
  if (!parsed.checkPrivateKey(privateKey)) throw new Error(`${keyFile} is not the key of ${certFile}`)
}

/** By rename, so that nobody reads half a file. */
async function write(file: string, content: string, mode: number): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`
  await writeFile(temporary, content, { mode, flag: 'w' })
  await rename(temporary, file)
}

async function isThere(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch {
    return false
  }
}
