import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

t.test('the benchmark of plans runs to its end', async (t) => {
  const program = fileURLToPath(new URL('../bench/plan/run.ts', import.meta.url))
  // Through env -i: tap's hooks would slow down what is measured. HOME is where the API server was built.
  const kept = ['PATH', 'HOME', 'XDG_CACHE_HOME'].flatMap((name) => (process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`]))
  const command = ['-i', ...kept, process.execPath, program, '--smoke', '--json']
  const { status, stdout, stderr } = spawnSync('env', command, { encoding: 'utf8' })
  t.equal(status, 0, stderr)
  const { figures } = JSON.parse(stdout)
  t.ok(figures.commandSeconds > 0 && figures.commandMiB > 10 && figures.listingSeconds > 0)
  t.strictSame(Object.keys(figures.judgementMs), ['plain', 'one a node', 'spread over zones'])
})
