import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

t.test('the benchmark of the lock runs to its end', async (t) => {
  const program = fileURLToPath(new URL('lock/run.ts', import.meta.url))
  // Through env -i: tap's hooks would slow down what is measured.
  const command = ['-i', `PATH=${process.env['PATH']}`, process.execPath, program, '--smoke', '--json']
  const { status, stdout, stderr } = spawnSync('env', command, { encoding: 'utf8' })
  t.equal(status, 0, stderr)
  t.ok(Object.keys(JSON.parse(stdout)).length > 0)
})
