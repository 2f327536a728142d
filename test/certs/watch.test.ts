import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { CertificatePair } from '../../src/certs/issue.ts'
import { watchCertificate } from '../../src/certs/watch.ts'
import { issueForTest } from '../support/certificates.ts'
import { until } from '../support/until.ts'

const everyMs = 5

t.test('tells of another pair in the files, once', async (t) => {
  const [first, second, third] = await pairs()
  const folder = t.testdir({})
  writePair(folder, first)
  const { changed, failed } = watch(t, folder, first)
  writePair(folder, second)
  await until('the second pair is seen', () => changed.length === 1)
  t.strictSame(changed, [second])
  writePair(folder, third)
  await until('the third pair is seen', () => changed.length > 1)
  t.strictSame(changed, [second, third])
  // Between the two files a look may have come; that is the only failure there can be.
  t.ok(failed.every((message) => message.includes('is not the key of')), failed.join())
})

t.test('sees a Secret volume change, which swaps a link to a folder', async (t) => {
  const [first, second] = await pairs()
  const folder = t.testdir({})
  swapSecret(folder, '..2030_01', first)
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(folder, name))
  const { changed } = watch(t, folder, first)
  swapSecret(folder, '..2030_02', second)
  rmSync(join(folder, '..2030_01'), { recursive: true })
  await until('the new pair is seen', () => changed.length > 0)
  t.strictSame(changed, [second])
})

t.test('keeps the last good pair while the files cannot be used, and tells of each cause once', async (t) => {
  const [first, second] = await pairs()
  const folder = t.testdir({})
  writePair(folder, first)
  const { changed, failed } = watch(t, folder, first)
  const breaks: readonly (readonly [RegExp, () => void])[] = [
    [/tls\.key is not the key of .*tls\.crt/, () => write(folder, 'tls.crt', second.cert)],
    [/tls\.crt is not a certificate in PEM/, () => write(folder, 'tls.crt', 'nonsense')],
    [/ENOENT.*tls\.crt/, () => rmSync(join(folder, 'tls.crt'))],
    [/tls\.key is not a private key in PEM/, () => {
      write(folder, 'tls.key', '')
      write(folder, 'tls.crt', second.cert)
    }],
  ]
  for (const [message, breakIt] of breaks) {
    breakIt()
    await until(`it is told: ${message}`, () => message.test(failed.at(-1) ?? ''))
    await looks(t, 3)
  }
  t.strictSame(changed, [], 'nothing was served that cannot be')
  t.ok(failed.length <= breaks.length + 1, `each once, though it looked often: ${failed.join('; ')}`)

  write(folder, 'tls.key', second.key)
  await until('what was mended is seen', () => changed.length > 0)
  t.strictSame(changed, [second])
})

t.test('tells of the same cause again after it was mended', async (t) => {
  const [first] = await pairs()
  const folder = t.testdir({})
  writePair(folder, first)
  const { changed, failed } = watch(t, folder, first)
  for (const times of [1, 2]) {
    write(folder, 'tls.crt', 'nonsense')
    await until('the failure is told', () => failed.length === times)
    write(folder, 'tls.crt', first.cert)
    await looks(t, 3)
  }
  t.strictSame(changed, [], 'the pair that is served already is no other one')
})

t.test('no longer looks once it is stopped', async (t) => {
  const [first, second] = await pairs()
  const folder = t.testdir({})
  writePair(folder, first)
  const { changed, failed, stop } = watch(t, folder, first)
  stop()
  writePair(folder, second)
  await looks(t, 5)
  t.strictSame([changed, failed], [[], []])
})

t.test('does not keep a process alive', async (t) => {
  const [first] = await pairs()
  const before = refedTimers()
  watch(t, t.testdir({}), first)
  t.equal(refedTimers(), before)
})

interface Watched {
  readonly changed: readonly CertificatePair[]
  readonly failed: readonly string[]
  readonly stop: () => void
}

function watch(t: Test, folder: string, first: CertificatePair): Watched {
  const changed: CertificatePair[] = []
  const failed: string[] = []
  const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
  const stop = watchCertificate(files, first, everyMs, {
    changed: (pair) => void changed.push(pair),
    failed: (error) => void failed.push(error instanceof Error ? error.message : String(error)),
  })
  t.teardown(stop)
  return { changed, failed, stop }
}

/** Waits until another watch, of the same pace, has looked so often. */
async function looks(t: Test, times: number): Promise<void> {
  const [first, second] = await pairs()
  const own = mkdtempSync(join(t.testdirName, 'looks-'))
  let told = 0
  const files = { cert: join(own, 'tls.crt'), key: join(own, 'tls.key') }
  writePair(own, first)
  const stop = watchCertificate(files, first, everyMs, { changed: () => void told++, failed: () => {} })
  for (let look = 0; look < times; look++) {
    writePair(own, look % 2 === 0 ? second : first)
    await until('another watch has looked', () => told > look)
  }
  stop()
}

async function pairs(): Promise<[CertificatePair, CertificatePair, CertificatePair]> {
  const one = async (): Promise<CertificatePair> => (await issueForTest()).leaf
  return Promise.all([one(), one(), one()])
}

function writePair(folder: string, { cert, key }: CertificatePair): void {
  write(folder, 'tls.key', key)
  write(folder, 'tls.crt', cert)
}

/** By rename, so that nobody reads half a file. */
function write(folder: string, name: string, content: string): void {
  writeFileSync(join(folder, `${name}.new`), content)
  renameSync(join(folder, `${name}.new`), join(folder, name))
}

/** As the kubelet does it: a new folder, and a link that changes in one step. */
function swapSecret(folder: string, version: string, pair: CertificatePair): void {
  mkdirSync(join(folder, version))
  writePair(join(folder, version), pair)
  symlinkSync(version, join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
}

function refedTimers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
}
