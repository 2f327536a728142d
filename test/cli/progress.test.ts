import { Writable } from 'node:stream'
import t, { type Test } from 'tap'
import { showPending, showProgress } from '../../src/cli/progress.ts'
import { until } from '../support/until.ts'

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

t.test('steps show how many of them are done', async (t) => {
  const { stream, written, move } = terminal(t, true)
  const progress = showProgress(stream)
  progress.steps(1, 300, 'pods tried')
  move(2_500)
  progress.steps(120, 300, 'pods tried')
  progress.end()
  t.equal(written(), '\r120 of 300 pods tried\r\u{1b}[K')
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

t.test('what is waited for is shown in one line, which is no wider than the terminal and goes away', async (t) => {
  const { stream, written } = terminal(t, true)
  const pending = showPending(Object.assign(stream, { columns: 40 }))
  for (const what of ['nodes', 'pods of the lock', 'pods of the lock', 'namespaces']) pending.begun(what)
  pending.ended('pods of the lock')
  await until('a line', () => written() !== '')
  t.equal(written(), '\r\u{1b}[Kasking: nodes, pods of th… (1 answered)')
  for (const what of ['pods of the lock', 'namespaces']) pending.ended(what)
  await until('another', () => written().endsWith('\r\u{1b}[Kasking: nodes (3 answered)'))
  pending.ended('nodes')
  pending.end()
  t.ok(written().endsWith('(3 answered)\r\u{1b}[K'))
})

t.test('where nobody looks, nothing that is waited for is shown', async (t) => {
  const [{ stream, written }, other] = [terminal(t, false), terminal(t, true)]
  const [pending, shown] = [showPending(stream), showPending(other.stream)]
  for (const each of [pending, shown]) each.begun('nodes')
  await until('it is shown where somebody looks', () => other.written() !== '')
  for (const each of [pending, shown]) each.end()
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
