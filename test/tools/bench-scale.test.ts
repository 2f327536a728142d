import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

t.test('the benchmark of scale runs to its end', async (t) => {
  const program = fileURLToPath(new URL('../bench/scale/run.ts', import.meta.url))
  // Through env -i: tap's hooks would slow down what is measured. HOME is where the API server was built.
  const kept = ['PATH', 'HOME', 'XDG_CACHE_HOME'].flatMap((name) => (process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`]))
  const command = ['-i', ...kept, process.execPath, program, '--smoke', '--json']
  const { status, stdout, stderr } = spawnSync('env', command, { encoding: 'utf8' })
  t.equal(status, 0, stderr)
  const { plan, figures } = JSON.parse(stdout)
  const eventsOf = (state: string) => figures.churn.find((each: { state: string }) => each.state === state).eventsPerUpdate
  t.equal(Math.round(eventsOf('kubelets') - eventsOf('none')), 1, 'one kubelet of all hears of an update')
  t.equal(Math.round(eventsOf('locks') - eventsOf('kubelets')), 1, 'and one lock')
  t.equal(figures.arrival.fetchedByIndex, plan.nodes * plan.pods, 'the locks\' lists take no other node\'s pods out of the cache')
  t.equal(figures.arrival.lowPriority, 2 * plan.nodes, 'a list and a watch of each, in the priority level of service accounts')
  t.equal(figures.daemonSets.events, plan.nodes * plan.daemonSetUpdates, 'all hear of a DaemonSet')
})
