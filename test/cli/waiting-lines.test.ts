import { PassThrough } from 'node:stream'
import t from 'tap'
import { waitingLines } from '../../src/cli/waiting-lines.ts'

function lines(terminal: { readonly isTTY: boolean; readonly columns?: number }) {
  const stream = Object.assign(new PassThrough(), terminal) as unknown as NodeJS.WriteStream
  let written = ''
  const waiting = waitingLines(stream, async (text) => void (written += text))
  return { waiting, written: () => written }
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
