import t from 'tap'
import { checkSmoke, runProgram } from './support/run-program.ts'

t.test('the benchmark of the command line runs to its end', async (t) => checkSmoke(t, 'cli'))

t.test('it shows its flags, and takes no others', async (t) => {
  t.match(run(['--help']), { status: 0, stdout: /^Flags:$/m, stderr: '' })
  t.match(run(['--rounds', '0']), { status: 2, stdout: '', stderr: '--rounds: 0 is not a whole number from 1' })
  t.match(run(['--round', '1']), { status: 2, stdout: '', stderr: '--help lists the flags' })
})

const run = (flags: readonly string[]) => runProgram('cli', flags)
