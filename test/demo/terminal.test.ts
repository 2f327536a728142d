import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import t, { type Test } from 'tap'
import { demoCommand, type Playing, playDemo } from './play-demo.ts'

const hideCursor = '\u{1b}[?25l'
const showCursor = '\u{1b}[?25h'
// util-linux's script gives a command a terminal.
const skip = spawnSync('script', ['--version']).stdout?.toString().includes('util-linux') ? false : "util-linux's script is not there"

t.test('on a terminal the boot is a table that is drawn in its place', { skip }, async (t) => {
  const playing = playOnTerminal(t, 100, '--scale 0.1', {})
  t.same(await playing.ended, { code: 0, left: [] })
  const [before = '', ...boots] = playing.stdout().split(hideCursor)
  t.equal(boots.length, 2, 'the cursor is hidden while a table is drawn')
  for (const boot of boots) {
    const [table = '', rest = ''] = boot.split(showCursor)
    t.match(table, '\u{1b}[9A', 'goes back to the first line')
    t.match(table, /starting \d+\.\d s/)
    t.match(stripVTControlCharacters(table.split('\u{1b}[9A').at(-1) ?? ''), /(ready at[^]*){8}/)
    t.notMatch(rest, '\u{1b}[9A')
  }
  t.match(boots[1], /waiting, (next|\d ahead)/)
  t.notMatch(before, showCursor)
  t.match(playing.stdout(), '\u{1b}[32m', 'coloured')
})

t.test('on a narrow terminal without colours no line of the table is too wide', { skip }, async (t) => {
  const playing = playOnTerminal(t, 40, '--scale 0.05', { NO_COLOR: '1' })
  t.same(await playing.ended, { code: 0, left: [] })
  const stdout = playing.stdout()
  t.notMatch(stdout, /\[\d+m/, 'no colours')
  const tables = stdout.split(hideCursor).slice(1).map((each) => each.split(showCursor, 1)[0] ?? '')
  const lines = tables.join('\n').split(/\r?\n/).map((line) => stripVTControlCharacters(line).trimEnd())
  t.ok(lines.length > 20)
  t.same(lines.filter((line) => line.length > 39), [])
})

t.test('Ctrl-C in the middle of the table brings the cursor back, and leaves nothing', { skip }, async (t) => {
  const playing = playOnTerminal(t, 100, '--scale 0.5', {})
  await playing.says('starting')
  playing.child.stdin?.write('\u{3}')
  t.same(await playing.ended, { code: 1, left: [] })
  t.ok(playing.stdout().lastIndexOf(showCursor) > playing.stdout().lastIndexOf(hideCursor))
  t.match(playing.stdout(), 'usher demo: ended by SIGINT')
  t.same(readdirSync(playing.temporary), [])
})

t.test('a terminal that cannot go back gets plain lines', { skip }, async (t) => {
  const playing = playOnTerminal(t, 100, '--scale 0.05', { TERM: 'dumb' })
  await playing.says('starts\r\n')
  playing.child.stdin?.write('\u{3}')
  await playing.ended
  t.notMatch(playing.stdout(), hideCursor)
})

function playOnTerminal(t: Test, columns: number, flags: string, env: NodeJS.ProcessEnv): Playing {
  const command = `stty cols ${columns} rows 40; exec ${demoCommand.map((word) => `'${word}'`).join(' ')} ${flags}`
  return playDemo(t, ['script', '-qec', command, '/dev/null'], { TERM: 'xterm-256color', ...env })
}
