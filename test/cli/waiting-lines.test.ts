import { PassThrough } from 'node:stream'
import t from 'tap'
import { waitingLines } from '../../src/cli/waiting-lines.ts'

function lines(terminal: { readonly isTTY: boolean; readonly columns?: number; readonly rows?: number }) {
  const stream = Object.assign(new PassThrough(), terminal) as unknown as NodeJS.WriteStream
  let written = ''
  const waiting = waitingLines(stream, async (text) => void (written += text))
  return { stream, waiting, written: () => written }
}

t.test('on a terminal they are drawn in their place, where they change, and are gone in the end', async (t) => {
  const { waiting, written } = lines({ isTTY: true, columns: 10 })
  await waiting.show(['a', 'b'])
  t.equal(written(), '\u{1b}[Ja\nb\n')
  await waiting.show(['a', 'b'])
  t.equal(written(), '\u{1b}[Ja\nb\n')
  await waiting.show(['0123456789'])
  t.ok(written().endsWith('\r\u{1b}[2A\u{1b}[J012345678\n'), 'the last column stays free')
  await waiting.clear()
  t.ok(written().endsWith('\r\u{1b}[1A\u{1b}[J'))
  const before = written()
  await waiting.clear()
  t.equal(written(), before)
})

t.test('elsewhere each is written once', async (t) => {
  const { waiting, written } = lines({ isTTY: false })
  await waiting.show(['a', 'b'])
  await waiting.show(['b', 'c'])
  await waiting.show(['a'])
  await waiting.clear()
  t.equal(written(), 'a\nb\nc\n')
})

t.test('on a terminal with fewer rows than lines, so many are shown as can be drawn again, and how many are not', async (t) => {
  const { waiting, written } = lines({ isTTY: true, columns: 60, rows: 4 })
  await waiting.show(['a', 'b', 'c', 'd', 'e'])
  t.equal(written(), '\u{1b}[Ja\nb\n… 3 more: the terminal has no room\n')
  await waiting.show(['a', 'b', 'c'])
  t.ok(written().endsWith('\r\u{1b}[3A\u{1b}[Ja\nb\nc\n'), 'and no more are drawn again')
})

t.test('of a terminal that has become narrower, the rows that the lines take by now are drawn again', async (t) => {
  const { stream, waiting, written } = lines({ isTTY: true, columns: 21, rows: 24 })
  await waiting.show(['a'.repeat(20), 'b'])
  Object.assign(stream, { columns: 8 })
  await waiting.show(['c'.repeat(20), 'd'])
  t.ok(written().endsWith(`\r\u{1b}[4A\u{1b}[J${'c'.repeat(7)}\nd\n`), JSON.stringify(written()))
})
