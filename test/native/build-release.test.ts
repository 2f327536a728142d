import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { missingCommand } from './support/commands.ts'
import { readElf } from './support/elf.ts'
import { hostProgram, missingToolchain, outputFolder, release, sourceFolder, succeed } from './support/programs.ts'

const skip = missingToolchain() ?? false
const napArchitectures = ['amd64', 'arm64'] as const
const architectures = [...napArchitectures, 'riscv64', 's390x', 'ppc64le'] as const
const programs = [...napArchitectures.flatMap((name) => [`${name}/nap`, `${name}/usher-probe`]), ...architectures.map((name) => `${name}/usher-wait`)]

const KiB = 1_024

t.test('builds usher-wait for every architecture, nap and usher-probe for two', { skip }, async (t) => {
  const folder = temporaryFolder(t, 'usher-release-')
  succeed(release(['release', `OUT=${folder}`]))
  const built = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  t.strictSame(new Set(built), new Set<string>([...architectures, ...programs]))
  for (const program of programs) t.match(readElf(join(folder, program)), { bits: 64, architecture: program.split('/')[0] })
})

t.test('usher-wait needs nothing of its surroundings, and is small', { skip }, async (t) => {
  succeed(release([]))
  for (const architecture of architectures) {
    const { segments, size } = readElf(join(outputFolder, architecture, 'usher-wait'))
    const types = segments.map(({ type }) => type)
    t.notOk(types.includes('INTERP') || types.includes('DYNAMIC'), `${architecture}: static`)
    t.notOk(segments.some(({ access }) => access.includes('wx')), `${architecture}: nothing both written and executed`)
    t.match(segments.find(({ type }) => type === 'GNU_STACK')?.access, 'rw-')
    // What the project promises is promised of the two architectures that nearly all nodes have.
    if (architecture === 'amd64' || architecture === 'arm64') t.ok(size < 64 * KiB, `${architecture}: ${size} bytes`)
  }
})

t.test('comes out bit for bit the same at another time, in another place and environment', { skip }, async (t) => {
  succeed(release([]))
  const [sources, folder] = [temporaryFolder(t, 'a folder with spaces '), temporaryFolder(t, 'elsewhere-')]
  cpSync(sourceFolder, sources, { recursive: true })
  for (const file of readdirSync(sources, { recursive: true, encoding: 'utf8' })) utimesSync(join(sources, file), 1, 1)
  // A cache of its own, or the compiler would only repeat itself.
  const elsewhere = { LC_ALL: 'tr_TR.UTF-8', TZ: 'Asia/Tokyo', SOURCE_DATE_EPOCH: '1', USER: 'other' }
  const env = { ZIG_LOCAL_CACHE_DIR: join(folder, 'cache'), ...elsewhere }
  succeed(release(['release', `OUT=${folder}`], sources, env))
  for (const program of programs) {
    const [here, there] = [outputFolder, folder].map((place) => readFileSync(join(place, program)))
    t.ok(here?.equals(there ?? Buffer.of()), program)
    const own = [sourceFolder, sources, folder, outputFolder].filter((path) => there?.includes(path))
    t.strictSame(own, [], `${program} names no folder of this machine`)
  }
})

t.test("nap comes out the same from this machine's compiler", { skip: skip || noNapHere() }, async (t) => {
  succeed(release([]))
  const here = process.arch === 'x64' ? 'amd64' : 'arm64'
  t.ok(readFileSync(hostProgram('nap')).equals(readFileSync(join(outputFolder, here, 'nap'))))
})

const prefixes = { amd64: 'x86_64-linux-gnu-', arm64: 'aarch64-linux-gnu-' } as const

for (const architecture of napArchitectures) {
  const tools = [`${prefixes[architecture]}as`, `${prefixes[architecture]}objcopy`] as const
  const missing = skip || missingCommand(...tools)
  t.test(`nap for ${architecture} comes out the same from binutils`, { skip: missing }, async (t) => {
    succeed(release([]))
    const folder = temporaryFolder(t, 'binutils-')
    const [object, nap] = [join(folder, 'nap.o'), join(folder, 'nap')]
    const commands = [
      [tools[0], '-o', object, join(sourceFolder, 'nap', `${architecture}.S`)],
      [tools[1], '-O', 'binary', '-j', '.text', object, nap],
    ] as const
    for (const [command, ...args] of commands) t.equal(spawnSync(command, args, { stdio: 'inherit' }).status, 0)
    t.ok(readFileSync(nap).equals(readFileSync(join(outputFolder, architecture, 'nap'))))
  })
}

function noNapHere(): string | false {
  return ['x64', 'arm64'].includes(process.arch) ? false : 'this architecture has no nap'
}

function temporaryFolder(t: Test, prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
