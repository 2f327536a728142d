import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../support/until.ts'
import { readElf } from './support/elf.ts'
import { testNap } from './support/naps.ts'
import { sourceFolder } from './support/programs.ts'
import { start } from './support/run.ts'

const sizeLimits = { amd64: 416, arm64: 496 } as const
// The largest that a kernel of the architecture may use.
const pageSizes = { amd64: 0x1000n, arm64: 0x10000n } as const

testNap('is tiny, of 64 bits, without data that can be written or a stack that can be executed', {}, async (t, nap) => {
  const elf = readElf(nap.path)
  t.ok(elf.size <= sizeLimits[nap.architecture], `${elf.size} bytes`)
  t.match(elf, { bits: 64, architecture: nap.architecture, sectionHeaders: 0 })
  const all = { fileSize: BigInt(elf.size), memorySize: BigInt(elf.size), alignment: pageSizes[nap.architecture] }
  t.match(elf.segments, [
    { type: 'LOAD', access: 'r-x', ...all },
    { type: 'GNU_STACK', access: 'rw-' },
  ])
  t.equal(elf.segments.length, 2)
})

testNap('has nothing in memory that can be written, but for its stack', { where: 'here' }, async (t, nap) => {
  const running = start(t, nap.command('3600'))
  await until('it sleeps', () => running.stdout() !== '')
  const mappings = readFileSync(`/proc/${running.pid}/maps`, 'utf8').trimEnd().split('\n').map(readMapping)
  t.strictSame(mappings.filter(({ path }) => path === nap.path).map(({ access }) => access), ['r-xp'])
  t.strictSame(mappings.filter(({ access }) => access.includes('w')), [{ access: 'rw-p', path: '[stack]' }])
})

t.test('the twins have the same labels in the same order', async (t) => {
  const [amd64, arm64] = ['amd64', 'arm64'].map((name) => {
    const source = readFileSync(join(sourceFolder, 'nap', `${name}.S`), 'utf8')
    return [...source.matchAll(/^(\w+):/gm)].map(([, label]) => label)
  })
  t.ok(amd64?.includes('_start'))
  t.strictSame(arm64, amd64)
})

function readMapping(line: string): { readonly access: string; readonly path: string } {
  const [, access = '', , , , path = ''] = line.split(/ +/)
  return { access, path }
}
