import t from 'tap'
import { checkSmoke } from './support/run-program.ts'

t.test('the benchmark of the lock runs to its end', async (t) => checkSmoke(t, 'lock'))
