import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { defaultNames, existing, filesIn, type IssueOptions, readPair, writeCertificates } from '../../src/certs/files.ts'
import { issueForTest, serviceName } from '../support/certificates.ts'

const options: IssueOptions = { names: defaultNames, leafDays: 30, caDays: 300, now: new Date() }

t.test('writes four files, private keys for nobody else, whatever the umask', async (t) => {
  const umask = process.umask(0)
  t.teardown(() => process.umask(umask))
  const folder = join(t.testdir({}), 'a', 'b')
  const files = await writeCertificates(folder, options)
  t.strictSame(readdirSync(folder).toSorted(), ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'], 'and leaves nothing else')
  for (const file of [files.caKey, files.key]) t.equal(modeOf(file), '600', file)
  for (const file of [files.ca, files.cert]) t.equal(modeOf(file), '644', file)
  t.equal(modeOf(folder), '755')
})

t.test('what it writes belongs together', async (t) => {
  const files = await writeCertificates(t.testdir({}), options)
  const [ca, leaf] = [files.ca, files.cert].map((file) => new X509Certificate(readFileSync(file)))
  t.ok(ca && leaf?.verify(ca.publicKey))
  t.ok(leaf?.checkHost(serviceName))
  const { cert } = await readPair(files.cert, files.key)
  t.equal(new X509Certificate(cert).validToDate.getTime(), Math.floor(options.now.getTime() / 1_000) * 1_000 + 30 * 86_400_000)
})

t.test('overwrites a key that others can read with one that they cannot', async (t) => {
  const folder = t.testdir({ 'tls.key': 'old', 'ca.key': 'old' })
  const files = await writeCertificates(folder, options)
  for (const file of [files.caKey, files.key]) {
    t.equal(modeOf(file), '600')
    t.match(readFileSync(file, 'utf8'), /^-----BEGIN (EC )?PRIVATE KEY-----/)
  }
})

t.test('knows which files are there', async (t) => {
  const folder = t.testdir({ 'ca.crt': '', 'tls.key': '', other: '' })
  t.strictSame(await existing(filesIn(folder)), [join(folder, 'ca.crt'), join(folder, 'tls.key')])
  t.strictSame(await existing(filesIn(join(folder, 'none'))), [])
})

t.test('does not read a pair that cannot be served, and says which file is wrong', async (t) => {
  const { ca, leaf } = await issueForTest()
  const folder = t.testdir({
    'tls.crt': leaf.cert,
    'tls.key': leaf.key,
    'other.key': ca.key,
    'empty': '',
    'broken.crt': leaf.cert.slice(0, 200),
    'broken.key': leaf.key.slice(0, 100),
  })
  const file = (name: string): string => join(folder, name)
  for (const [cert, key, message] of [
    ['tls.crt', 'other.key', `${file('other.key')} is not the key of ${file('tls.crt')}`],
    ['empty', 'tls.key', `${file('empty')} is not a certificate in PEM`],
    ['broken.crt', 'tls.key', `${file('broken.crt')} is not a certificate in PEM`],
    ['tls.key', 'tls.key', `${file('tls.key')} is not a certificate in PEM`],
    ['tls.crt', 'empty', `${file('empty')} is not a private key in PEM`],
    ['tls.crt', 'broken.key', `${file('broken.key')} is not a private key in PEM`],
    ['tls.crt', 'tls.crt', `${file('tls.crt')} is not a private key in PEM`],
    ['none', 'tls.key', /ENOENT.*none/],
    ['tls.crt', 'none', /ENOENT.*none/],
  ] as const) {
    await t.rejects(readPair(file(cert), file(key)), { message }, `${cert} with ${key}`)
  }
})

t.test('reads a certificate with its chain', async (t) => {
  const { ca, leaf } = await issueForTest()
  const chain = `${leaf.cert}\n${ca.cert}`
  const folder = t.testdir({ 'tls.crt': chain, 'tls.key': leaf.key })
  t.strictSame(await readPair(join(folder, 'tls.crt'), join(folder, 'tls.key')), { cert: chain, key: leaf.key })
})

function modeOf(file: string): string {
  return (statSync(file).mode & 0o777).toString(8)
}
