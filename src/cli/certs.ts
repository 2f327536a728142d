import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { basename, dirname } from 'node:path'
import {
  type CertificateFiles,
  defaultCaDays,
  defaultLeafDays,
  defaultNames,
  existing,
  filesIn,
  writeCertificates,
} from '../certs/files.ts'
import { type Command, type FlagValues, table, UsageError } from './command.ts'
import { exitCodes } from './exit-codes.ts'

/** `usher certs` */
export const certsCommand: Command = {
  name: 'certs',
  summary: 'make a CA and a certificate for the webhook',
  description:
    'Writes ca.crt, ca.key, tls.crt and tls.key into a folder, private keys with mode 0600. Existing files are kept ' +
    'unless --force is given: whoever trusts the old CA would not trust the new one.',
  flags: {
    dir: { type: 'string', value: 'FOLDER', default: 'certs', help: 'where the files go' },
    san: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      help: `DNS name or IP address of the certificate; without it ${defaultNames.join(', ')}`,
    },
    days: { type: 'string', value: 'DAYS', default: String(defaultLeafDays), help: 'how long the certificate is valid' },
    'ca-days': { type: 'string', value: 'DAYS', default: String(defaultCaDays), help: 'how long the CA is valid' },
    force: { type: 'boolean', help: 'overwrite existing files' },
    json: { type: 'boolean', help: 'say what was made as JSON' },
  },
  examples: ['usher certs', 'usher certs --dir /tmp/certs --san my-webhook.my-namespace.svc --san 10.0.0.7 --days 30'],
  async run(values, { stdout, stderr }) {
    const folder = values.text('dir') ?? 'certs'
    const names = readNames(values)
    const leafDays = readDays(values, 'days')
    const caDays = readDays(values, 'ca-days')
    const there = await existing(filesIn(folder))
    if (there.length > 0 && !values.isOn('force')) {
      stderr.write(`usher certs: ${there.join(', ')} exist already; nothing was changed; --force overwrites them\n`)
      return exitCodes.failed
    }
    const files = await writeCertificates(folder, { names, leafDays, caDays, now: new Date() })
    const made = await describe(files)
    stdout.write(values.isOn('json') ? `${JSON.stringify(made, undefined, 2)}\n` : `${show(made).join('\n')}\n`)
    return exitCodes.done
  },
}

// DNS labels with dots between them, the first one possibly a wildcard (RFC 1123, RFC 6125).
const dnsName = /^(?:\*\.)?(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)*$/i

function readNames(values: FlagValues): readonly string[] {
  const names = values.texts('san')
  for (const name of names) {
    if (isIP(name) !== 0 || (name.length <= 253 && dnsName.test(name))) continue
    throw new UsageError(`--san: ${JSON.stringify(name)} is neither a DNS name nor an IP address`)
  }
  return names.length === 0 ? defaultNames : names
}

// Beyond this, dates no longer fit into a certificate (RFC 5280, year 9999).
const maxDays = 36_500

function readDays(values: FlagValues, name: string): number {
  const text = values.text(name) ?? ''
  const days = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (days < 1 || days > maxDays) {
    throw new UsageError(`--${name}: ${JSON.stringify(text)} is not a number of days from 1 to ${maxDays}`)
  }
  return days
}

interface Made {
  readonly files: CertificateFiles
  readonly names: readonly string[]
  readonly validTo: string
  readonly caValidTo: string
  readonly caFingerprint256: string
}

async function describe(files: CertificateFiles): Promise<Made> {
  const [ca, leaf] = await Promise.all(
    [files.ca, files.cert].map(async (file) => new X509Certificate(await readFile(file))),
  )
  if (ca === undefined || leaf === undefined) throw new Error('the certificates cannot be read back')
  return {
    files,
    names: (leaf.subjectAltName ?? '').split(', ').map((name) => name.replace(/^(?:DNS|IP Address):/, '')),
    validTo: leaf.validToDate.toISOString(),
    caValidTo: ca.validToDate.toISOString(),
    caFingerprint256: ca.fingerprint256,
  }
}

function show({ files, names, validTo, caValidTo, caFingerprint256 }: Made): string[] {
  return [
    `made a CA and a certificate in ${dirname(files.ca)}:`,
    ...table([
      [basename(files.ca), `CA, valid to ${caValidTo}, SHA-256 ${caFingerprint256}`],
      [basename(files.caKey), 'its private key'],
      [basename(files.cert), `certificate, valid to ${validTo}, for ${names.join(', ')}`],
      [basename(files.key), 'its private key'],
    ]),
  ]
}
