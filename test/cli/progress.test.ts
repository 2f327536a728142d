import { Writable } from 'node:stream'
import t, { type Test } from 'tap'
import { showProgress } from '../../src/cli/progress.ts'

t.test('on a terminal, work that takes long shows how far it is, and not with every piece', async (t) => {
  const { stream, written, move } = terminal(t, true)
  const progress = showProgress(stream)
  progress.bytes(1_000_000)
  t.equal(written(), '', 'short work says nothing')
  move(2_500)
  progress.bytes(2_400_000)
  t.equal(written(), '\r3 MB read')
  move(100)
  progress.bytes(9_000_000)
  t.equal(written(), '\r3 MB read')
  move(1_000)
  progress.bytes(1_000_000)
  t.equal(written(), '\r3 MB read\r13 MB read')
})

t.test('its line goes away before something else is written, and at the end', async (t) => {
  const { stream, written, move } = terminal(t, true)
  const progress = showProgress(stream)
  progress.clear()
  progress.end()
  t.equal(written(), '', 'there was none')
  move(2_500)
  progress.bytes(1_000_000)
  progress.clear()
  progress.clear()
  t.equal(written(), '\r1 MB read\r\u{1b}[K')
  move(2_500)
  progress.bytes(1_000_000)
  progress.end()
  t.ok(written().endsWith('\r2 MB read\r\u{1b}[K'))
})

t.test('where nobody looks, nothing is shown', async (t) => {
  const { stream, written, move } = terminal(t, false)
  const progress = showProgress(stream)
  move(60_000)
  progress.bytes(100_000_000)
  progress.end()
  t.equal(written(), '')
})

/** A stream, and a clock that is moved by hand. */
function terminal(t: Test, isTTY: boolean) {
  let now = 1_000
  let text = ''
  t.intercept(performance, 'now', { value: () => now })
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString()
      done()
    },
  })
  return {
    stream: Object.assign(stream, { isTTY }) as NodeJS.WriteStream,
    written: () => text,
    move: (ms: number) => void (now += ms),
  }
}
