import t from 'tap'
import { checkSmoke } from '../bench/support/run-program.ts'

t.test('the benchmark of the hand-over runs to its end', async (t) => checkSmoke(t, 'hand-over'))
