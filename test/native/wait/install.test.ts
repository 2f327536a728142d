import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { missingCommand } from '../support/commands.ts'
import { granted, startLock } from './support/lock.ts'
import { program, runWait } from './support/program.ts'

t.jobs = 4

const nap = () => readFileSync(join(dirname(program()), 'nap'))
const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8)

t.test('copies nap, which stands beside the program', async (t) => {
  const folder = t.testdir({})
  const path = join(folder, 'nap')
  const { code, lines, problems } = await runWait(t, [`--install-nap=${path}`, '--no-lock'])
  t.same([code, problems], [0, []])
  t.same(lines, [`installed nap as ${path}`, 'does not ask for the startup lock of this node, as --no-lock says'])
  t.same(readFileSync(path), nap())
  t.equal(mode(path), '555')
  t.same(readdirSync(folder), ['nap'])
})

t.test('copies usher-probe as well, with nap or without', async (t) => {
  const probe = readFileSync(join(dirname(program()), 'usher-probe'))
  const folder = t.testdir({})
  const [one, other] = [join(folder, 'one'), join(folder, 'other')]
  const both = await runWait(t, [`--install-nap=${one}`, `--install-probe=${other}`, '--no-lock', '--strict'])
  t.same([both.code, both.problems], [0, []])
  t.match(both.lines, [`installed nap as ${one}`, `installed usher-probe as ${other}`, /^does not ask/])
  t.same([readFileSync(one), readFileSync(other), mode(other)], [nap(), probe, '555'])
  const alone = await runWait(t, ['--no-lock'], { env: { USHER_INSTALL_PROBE: one } })
  t.match(alone.lines, [`installed usher-probe as ${one}`, /^does not ask/])
  t.same(readFileSync(one), probe)
})

t.test('what cannot be copied is said of each, and ends a strict start once both were tried', async (t) => {
  const path = join(t.testdir({}), 'nap')
  const { code, lines, problems } = await runWait(t, [`--install-nap=${path}`, '--install-probe=/no/where', '--no-lock', '--strict'])
  t.same([code, lines, problems], [1, [`installed nap as ${path}`], ['usher-wait: could not install usher-probe as /no/where: its folder cannot be written']])
})

t.test('replaces what is there, by renaming', async (t) => {
  const path = join(t.testdir({ nap: 'an older one' }), 'nap')
  chmodSync(path, 0o444)
  const { ino } = statSync(path)
  t.match(await runWait(t, [`--install-nap=${path}`, '--no-lock']), { code: 0, problems: { length: 0 } })
  t.same(readFileSync(path), nap())
  t.equal(mode(path), '555')
  t.not(statSync(path).ino, ino, 'whoever runs the older one keeps it')
})

t.test('replaces what a start that was killed has left beside it', async (t) => {
  const folder = t.testdir({ 'nap.new': 'half' })
  chmodSync(join(folder, 'nap.new'), 0o555)
  t.match(await runWait(t, [`--install-nap=${join(folder, 'nap')}`, '--no-lock']), { code: 0, problems: { length: 0 } })
  t.same(readdirSync(folder), ['nap'])
})

t.test('is mode 0555 whatever the umask', { skip: missingCommand('sh') }, async (t) => {
  for (const umask of ['000', '077', '777']) {
    const path = join(t.testdir({}), 'nap')
    const { code } = await runWait(t, [`--install-nap=${path}`, '--no-lock'], { by: ['sh', '-c', `umask ${umask}; exec "$0" "$@"`] })
    t.same([code, mode(path)], [0, '555'], umask)
  }
})

t.test('comes before the wait', async (t) => {
  const path = join(t.testdir({}), 'nap')
  const lock = await startLock(t, () => (statSync(path).size > 0 ? granted() : undefined))
  const { code, lines } = await runWait(t, [...lock.args, `--install-nap=${path}`])
  t.equal(code, 0)
  t.match(lines, [/^installed nap/, /^asking/, /^got/])
})

const faults: readonly (readonly [what: string, path: (folder: string) => string, fault: string])[] = [
  ['a folder that is not there', (folder) => `${folder}/no/nap`, 'its folder cannot be written'],
  ['a file for a folder', (folder) => `${folder}/file/nap`, 'its folder cannot be written'],
  ['a folder for a file', (folder) => `${folder}/folder`, 'it cannot be renamed to its place'],
  ['a path that is too long', (folder) => `${folder}/${'x/'.repeat(2100)}nap`, 'its path is too long'],
]

for (const [what, path, fault] of faults) {
  t.test(`what fails is said, and the wait goes on: ${what}`, async (t) => {
    const folder = t.testdir({ file: '' })
    mkdirSync(join(folder, 'folder'))
    const lock = await startLock(t, granted)
    const args = [...lock.args, `--install-nap=${path(folder)}`]
    const { code, lines, problems } = await runWait(t, args)
    t.equal(code, 0)
    t.match(problems.join('\n'), new RegExp(`^usher-wait: could not install nap as .*: ${fault}$`))
    t.match(lines.at(-1), /^got/)
    t.same(readdirSync(folder).toSorted(), ['file', 'folder'], 'nothing is left')
    const strict = await runWait(t, [...args, '--strict'])
    t.same([strict.code, strict.lines], [1, []])
    t.equal(lock.requests.length, 1)
  })
}

const asRoot = process.getuid?.() === 0 ? false : 'is not root'

t.test('no space left is said, and leaves nothing', { skip: asRoot || missingCommand('unshare', 'mount') }, async (t) => {
  const folder = t.testdir({})
  // 4 KiB hold the filler alone.
  const script = 'mount -t tmpfs -o size=4k none "$0"; echo > "$0/filler"; "$@"; ls "$0" >&2'
  const { problems } = await runWait(t, [`--install-nap=${folder}/nap`, '--no-lock'], {
    by: ['unshare', '-m', 'sh', '-c', script, folder],
    env: { PATH: process.env['PATH'] ?? '' },
  })
  t.match(problems, [/^usher-wait: could not install nap as .*: it cannot be written$/, 'filler'])
  t.equal(problems.length, 2)
})

t.test('a read-only volume is said', { skip: asRoot || missingCommand('unshare', 'mount') }, async (t) => {
  const folder = t.testdir({ nap: 'older' })
  const script = 'mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"; exec "$@"'
  const { code, problems } = await runWait(t, [`--install-nap=${folder}/nap`, '--no-lock'], {
    by: ['unshare', '-m', 'sh', '-c', script, folder],
    env: { PATH: process.env['PATH'] ?? '' },
  })
  t.equal(code, 0)
  t.match(problems, [/: its folder cannot be written$/])
  t.equal(readFileSync(join(folder, 'nap'), 'utf8'), 'older')
})

t.test('an image without nap is said', async (t) => {
  const folder = t.testdir({})
  writeFileSync(join(folder, 'usher-wait'), readFileSync(program()))
  chmodSync(join(folder, 'usher-wait'), 0o755)
  const { code, problems } = await runWait(t, [`--install-nap=${folder}/copy`, '--no-lock'], {
    program: join(folder, 'usher-wait'),
  })
  t.equal(code, 0)
  t.same(problems, [`usher-wait: could not install nap as ${folder}/copy: it is not in the image`])
  t.same(readdirSync(folder), ['usher-wait'])
})
