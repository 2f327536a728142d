import t from 'tap'
import { screenOf } from './screen.ts'

t.test('what is drawn in place of other lines stands there alone', async (t) => {
  t.strictSame(screenOf('done\r\na\r\nb\r\n\r\u{1b}[2A\u{1b}[Jc\r\n', 10, 5), ['done', 'c'])
})

t.test('a line that is too long wraps, and what has scrolled out cannot be reached', async (t) => {
  t.strictSame(screenOf('abcdef\r\n', 4, 5), ['abcd', 'ef'])
  t.strictSame(screenOf('1\r\n2\r\n3\r\n\r\u{1b}[3A\u{1b}[Jx\r\n', 4, 3), ['1', 'x'], 'one row lower than meant')
})
