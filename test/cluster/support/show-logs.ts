import type { Test } from 'tap'
import { lastLogLines } from '../logs.ts'

/** Shows the last lines of every part's log where a test fails. */
export function showLogsOfFailure(t: Test): void {
  t.afterEach((t) => {
    // On standard error, so that reporters show it whatever they make of the tests.
    if (!t.passing()) process.stderr.write(`${t.fullname} failed; ${lastLogLines()}\n`)
  })
}
