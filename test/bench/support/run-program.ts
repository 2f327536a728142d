import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

/** Runs the program of a benchmark, `cli` for `test/bench/cli/run.ts`, to its end. */
export function runProgram(name: string, flags: readonly string[]): SpawnSyncReturns<string> {
  const program = fileURLToPath(new URL(`../${name}/run.ts`, import.meta.url))
  // Through env -i: tap's hooks would slow down what is measured.
  const command = ['-i', `PATH=${process.env['PATH']}`, process.execPath, program, ...flags]
  return spawnSync('env', command, { encoding: 'utf8' })
}

/** Shows that a benchmark runs to its end, and prints JSON. */
export function checkSmoke(t: Test, name: string): void {
  const { status, stdout, stderr } = runProgram(name, ['--smoke', '--json'])
  t.equal(status, 0, stderr)
  t.ok(Object.keys(JSON.parse(stdout)).length > 0)
}
