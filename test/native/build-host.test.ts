import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { until } from '../support/until.ts'
import { readElf } from './support/elf.ts'
import { make, sourceFolder, succeed } from './support/programs.ts'
import { run } from './support/run.ts'

const architecture = process.arch === 'x64' ? 'amd64' : process.arch

t.test('builds the programs for this machine, and then has nothing more to do', async (t) => {
  const folder = outputs(t)
  succeed(make([`OUT=${folder}`]))
  const programs = ['amd64', 'arm64'].includes(architecture) ? ['nap', 'usher-probe', 'usher-wait'] : ['usher-wait']
  t.strictSame(readdirSync(`${folder}/host`).toSorted(), programs)
  for (const name of programs) t.match(readElf(`${folder}/host/${name}`), { bits: 64, architecture })
  t.equal(make(['-q', `OUT=${folder}`]).status, 0)
})

t.test('builds again what is older than a source, a header or the Makefile', async (t) => {
  const [sources, folder] = [outputs(t), outputs(t)]
  cpSync(sourceFolder, sources, { recursive: true })
  succeed(make([`OUT=${folder}`], sources))
  const rebuilds = (changed: string): boolean => {
    const later = Date.now() / 1_000 + 100
    utimesSync(join(sources, changed), later, later)
    const { status } = make(['-q', `OUT=${folder}`], sources)
    const before = later - 1_000
    utimesSync(join(sources, changed), before, before)
    return status === 1
  }
  for (const file of [`nap/${architecture}.S`, 'probe/main.c', `probe/${architecture}.h`, 'probe/probe.ld', 'wait/main.c', 'wait/version.h', 'Makefile']) t.ok(rebuilds(file), file)
  t.notOk(rebuilds('zig.txt'), 'and nothing else')
})

t.test('where a compiler or objcopy fails, make fails, and nothing is left behind', async (t) => {
  const compiler = `CC=${compilerFor(t, { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch)}`
  for (const [broken, program] of [[compiler, 'nap'], [compiler, 'usher-wait'], [compiler, 'usher-probe'], ['OBJCOPY=false', 'nap'], ['OBJCOPY=false', 'usher-probe']] as const) {
    const folder = outputs(t)
    t.match(make([`OUT=${folder}`, broken, `${folder}/host/${program}`]), { status: 2, stderr: /Error/ })
    t.strictSame(readdirSync(`${folder}/host`), [], broken)
  }
})

t.test('where make is ended in the middle, half a program is taken away', async (t) => {
  const folder = outputs(t)
  const compiler = compilerFor(t, { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch, 'sleep 1')
  const target = `${folder}/host/usher-wait`
  const running = spawn('make', ['-s', '-C', sourceFolder, `OUT=${folder}`, `CC=${compiler}`, target], { stdio: 'ignore' })
  const ended = once(running, 'close')
  await until('it compiles', () => existsSync(`${folder}/host`) && readdirSync(`${folder}/host`).length > 0)
  running.kill('SIGTERM')
  t.notSame(await ended, [0, null])
  t.strictSame(readdirSync(`${folder}/host`), [])
})

t.test('several makes at a time do not disturb each other', async (t) => {
  const folder = outputs(t)
  const command = ['make', '-s', '-C', sourceFolder, `OUT=${folder}`, `${folder}/host/nap`] as const
  const makes = Array.from({ length: 8 }, () => run(t, command))
  for (const { code, stderr } of await Promise.all(makes)) t.equal(code, 0, stderr)
  t.strictSame(readdirSync(`${folder}/host`), ['nap'])
})

t.test('leaves nap and usher-probe out on an architecture for which there are none', async (t) => {
  const plan = succeed(make(['-n', `OUT=${outputs(t)}`, `CC=${compilerFor(t, 'riscv64')}`]))
  t.match(plan, '/host/usher-wait')
  t.notMatch(plan, '/host/nap')
  t.notMatch(plan, '/host/usher-probe')
})

/** An empty folder for what is built: not in the checkout, whose name may have spaces, which make does not take. */
function outputs(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'usher-native-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A compiler that says for which machine it compiles, and then writes half a program, takes its time, and fails. */
function compilerFor(t: Test, cpu: string, pause = ':'): string {
  const path = join(outputs(t), 'cc')
  const lines = [
    '#!/bin/sh',
    `if [ "$1" = -dumpmachine ]; then echo ${cpu}-linux-gnu; exit; fi`,
    'while [ "$1" != -o ]; do shift; done',
    'echo half > "$2"',
    pause,
    'exit 1',
  ]
  writeFileSync(path, lines.join('\n'), { mode: 0o755 })
  return path
}
