import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const program = fileURLToPath(new URL('cli/run.ts', import.meta.url))

t.test('the benchmark of the command line runs to its end', async (t) => {
  const { status, stdout, stderr } = run(['--smoke', '--json'])
  t.equal(status, 0, stderr)
  t.ok(Object.keys(JSON.parse(stdout)).length > 0)
})

t.test('it shows its flags, and takes no others', async (t) => {
  t.match(run(['--help']), { status: 0, stdout: /^Flags:$/m, stderr: '' })
  t.match(run(['--rounds', '0']), { status: 2, stdout: '', stderr: '--rounds: 0 is not a whole number from 1' })
  t.match(run(['--round', '1']), { status: 2, stdout: '', stderr: '--help lists the flags' })
})

function run(flags: readonly string[]) {
  // Through env -i: tap's hooks would slow down what is measured.
  const command = ['-i', `PATH=${process.env['PATH']}`, process.execPath, program, ...flags]
  return spawnSync('env', command, { encoding: 'utf8' })
}
