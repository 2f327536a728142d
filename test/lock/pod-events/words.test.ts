import t from 'tap'
import { grantedWords, waitingWords, withoutLockWords } from '../../../src/lock/pod-events/words.ts'
import type { Standing } from '../../../src/lock/standing.ts'

const standing: Standing = { detail: '3 ahead (holder shop/api-7f9, 12 s)', position: 4, ahead: 3, reason: 'permits-taken', holders: [], gates: [] }

t.test('is one short line, whatever somebody else has said', async (t) => {
  t.equal(waitingWords(64_600, standing), 'place 4 after 65 s, permits-taken: 3 ahead (holder shop/api-7f9, 12 s)')
  t.equal(withoutLockWords(' a\r\n\tb\u0000\u202Ec '), 'a b c', 'no control characters, and none that turn the text')
  t.equal(withoutLockWords('x'.repeat(4_096)), `${'x'.repeat(255)}…`)
  const cut = withoutLockWords(`${'x'.repeat(254)}\u{1f600}${'y'.repeat(100)}`)
  t.ok(cut.isWellFormed() && cut.length === 256, 'half a character is none')
  t.equal(grantedWords(-5, 'overdue'), 'granted after 0 s: its own wait was nearly over')
})
