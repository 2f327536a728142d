import t from 'tap'
import { liveLines } from '../../src/cli/live-lines.ts'

const now = () => new Date('2026-11-25T12:00:00.500Z')

/** With what steers the terminal in brackets. */
function plain(text = ''): string {
  return text.split('\u{1b}[').map((part, index) => (index === 0 ? part : part.replace(/^[^A-Zhl]*[A-Zhl]/, '<$&>'))).join('')
}

function terminal(columns: number, rows: number) {
  const written: string[] = []
  const stream = { isTTY: true, columns, rows, write: (text: string) => written.push(text) > 0 } as unknown as NodeJS.WriteStream
  const flow = { write: async (text: string | Uint8Array) => void written.push(String(text)) }
  return { written, stream, flow, live: liveLines(stream, flow, now) }
}

t.test('on a terminal the lines are drawn again in their place, no larger than it is', async (t) => {
  const { written, live } = terminal(20, 5)
  await live.show(['a', 'b'])
  t.equal(plain(written.at(-1)), '<?25l>2026-11-25T12:00:00<K>\n<K>\na<K>\nb<K>\n<J>')
  await live.show(['1', '2', '3', '4'])
  t.match(plain(written.at(-1)), /^\r<4A>2026-11-25T12:00:00<K>\n<K>\n1<K>\n… 3 more lines: the<K>\n<J>$/)
  await live.fail('it sleeps')
  t.match(plain(written.at(-1)), /^\r<4A>2026-11-25T12:00:00<K>\n.*\n1/, 'what was seen last stays')
  live.end()
  t.equal(written.at(-1), '\u{1b}[?25h', 'the cursor is there again')
})
