import t from 'tap'
import { until } from '../support/until.ts'
import { theCluster } from './cluster-file.ts'
import { cutPower } from './machine.ts'
import { mustCluster } from './support/command.ts'
import { container, freeMemoryOf, instancesOf, isHealthy, jobFile } from './support/jobs.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { makeNamespace, startUsher } from './support/usher.ts'
import { usher } from './support/usher-cli.ts'

await startUsher(t, { nodes: 2 })
showLogsOfFailure(t)

t.test('the instances of a dead node move, as many as fit, and the rest when a node joins', async (t) => {
  const namespace = 'jobs-lost'
  await makeNamespace(t, namespace, undefined, { 'usher.dev/lock-lease': '10s', 'usher.dev/nap': '1s' })
  // Two of them fit on a node, three do not.
  const memory = `${Math.floor(((await freeMemoryOf('node-1')) / 2.5) / 2 ** 20)}M`
  const run = await usher(['job', 'run', '-n', namespace, '-f', '-'], jobFile('moving', 3, { app: container({ memory }) }, { reallocate_after: 5 }))
  t.equal(run.code, 0, run.stdout + run.stderr)
  const machine = theCluster().machines.find(({ name }) => name === 'node-2')
  if (machine === undefined) throw new Error('no node-2')
  await cutPower(machine)
  await until('as many as fit run on the other node', async () => {
    const instances = await instancesOf(namespace, 'moving')
    const there = instances.filter((each) => each.spec.nodeName === 'node-1' && isHealthy(each))
    return there.length === 2 && instances.some(({ spec }) => spec.nodeName === undefined)
  }, 300_000)
  t.match(await usher(['job', 'status', 'moving', '-n', namespace]), { code: 1, stdout: /Degraded 2\/3/ })
  await mustCluster('reboot-node', 'node-2')
  await until('all three run', async () => (await instancesOf(namespace, 'moving')).filter(isHealthy).length === 3, 300_000)
  t.match(await usher(['job', 'status', 'moving', '-n', namespace]), { code: 0, stdout: /Healthy 3\/3/ })
})
