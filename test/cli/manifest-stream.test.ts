import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { largestDocument } from '../../src/manifest/split.ts'
import { ExpectedStream } from '../support/expected-stream.ts'
import { configMapYaml, isInjected, objectsIn, podYaml } from '../support/manifests.ts'
import { until, within } from '../support/until.ts'
import { runUsher, spawnUsher } from '../support/usher-process.ts'

const streamBytes = 100_000_000
// What keeps the stream, or works on it as a whole, needs more.
const mostMemoryMb = 400
// Between the first fifth of the stream and its end: less than the rest of the stream.
const mostGrowthMb = 80
// It takes seconds; this only tells it from a hang.
const patienceMs = 100_000

// Of so many documents, one has no pods, and most of the bytes.
const period = 10
const placeholder = 'pod-000000'

t.test('a hundred megabytes go through: every document in its turn, and in memory that does not grow with them', async (t) => {
  const injected = await injectedPod(t)
  const { child, ended } = spawnUsher(t, ['inject', '-q', '-f', '-'], {})
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin.on('error', () => {})
  const output = new ExpectedStream()
  child.stdout.on('data', (chunk: Buffer) => output.check(chunk))

  const peaksMb: number[] = []
  let sent = 0
  for (let index = 0; sent < streamBytes && output.fault === undefined && child.exitCode === null; index++) {
    const { document, expected } = documentAt(index, injected)
    output.expect(expected)
    if (!child.stdin.write(document)) await Promise.race([once(child.stdin, 'drain'), ended])
    sent += document.length
    if (peaksMb.length === 0 && sent > streamBytes / 5) peaksMb.push(await peakMemoryMb())
  }
  peaksMb.push(await peakMemoryMb())
  child.stdin.end()

  t.strictSame(await within(patienceMs, 'it ends', ended), { code: 0, signal: null })
  t.equal(stderr, '')
  t.equal(output.fault, undefined)
  t.equal(output.partsToCome, 0, 'all has come out')
  t.ok(output.seenParts > 2_000)
  t.comment(`${output.seenParts} documents, ${sent / 1e6} MB; at most ${peaksMb.join(', then ')} MB of memory`)
  if (process.platform !== 'linux') return
  const [early = Number.NaN, late = Number.NaN] = peaksMb
  t.ok(late < mostMemoryMb, `${late} MB of memory`)
  t.ok(late - early < mostGrowthMb, `${late - early} MB more than after the first fifth`)

  /** The most memory that it has needed so far, where all but the document that may still go on has come out. */
  async function peakMemoryMb(): Promise<number> {
    await until('documents come out before the stream ends', () => output.partsToCome <= 1 || output.fault !== undefined || child.exitCode !== null)
    return peakMemoryOfMb(child.pid)
  }
})

/** What is made of the pods of the stream, found out with one of them. */
async function injectedPod(t: Test): Promise<string> {
  const { stdout } = await runUsher(t, ['inject', '-q', '-f', '-'], { stdin: podYaml(placeholder) })
  t.ok(objectsIn(stdout).every(isInjected))
  return stdout
}

function documentAt(index: number, injected: string): { readonly document: Buffer; readonly expected: Buffer } {
  const name = `pod-${String(index).padStart(6, '0')}`
  if (index % period < period - 1) {
    const document = Buffer.from(`---\n${podYaml(name)}`)
    return { document, expected: Buffer.from(`---\n${injected.replaceAll(placeholder, name)}`) }
  }
  // From a few lines to three quarters of a megabyte; and early on one that is hardly smaller than the limit.
  const line = '    usher shows people to their seats, one after the other, in the light of a small lamp\n'
  const lines = index === 5 * period - 1 ? Math.floor((largestDocument - 200) / line.length) : (index * 37) % 8_000
  const text = line.repeat(lines)
  const document = Buffer.from(`---\n${configMapYaml(name)}data:\n  text: |\n${text}    .\n`)
  return { document, expected: document }
}

function peakMemoryOfMb(pid: number | undefined): number {
  if (process.platform !== 'linux') return Number.NaN
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Math.round(Number(kilobytes) / 1_024)
}
