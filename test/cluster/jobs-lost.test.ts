import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { until } from '../support/until.ts'
import { theCluster } from './cluster-file.ts'
import { cutPower } from './machine.ts'
import { run } from './run.ts'
import { mustCluster } from './support/command.ts'
import { container, freeMemoryOf, instancesOf, isHealthy, jobFile, server } from './support/jobs.ts'
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
  const ran = await usher(['job', 'run', '-n', namespace, '-f', '-'], jobFile('moving', 3, { app: container({ memory }) }, { reallocate_after: 5 }))
  t.equal(ran.code, 0, ran.stdout + ran.stderr)
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

t.test('a node that is cut off: its instance is replaced, and runs on there until it is heard again; then it is ended', async (t) => {
  const namespace = 'jobs-cut-off'
  await makeNamespace(t, namespace, undefined, { 'usher.dev/lock-lease': '10s', 'usher.dev/nap': '1s' })
  const marker = `usher-test-${crypto.randomUUID()}`
  const ran = await usher(['job', 'run', '-n', namespace, '-f', '-'], jobFile('held', 2, { app: container({ command: ['-e', `${server}\n// ${marker}`] }) }, { reallocate_after: 5 }))
  t.equal(ran.code, 0, ran.stdout + ran.stderr)
  t.strictSame((await instancesOf(namespace, 'held')).map(({ spec }) => spec.nodeName ?? '').toSorted(), ['node-1', 'node-2'], 'they are spread')
  await setLink('node-2', 'down')
  t.teardown(() => setLink('node-2', 'up'))
  await until('two run on the other node', async () => (await instancesOf(namespace, 'held')).filter((each) => each.spec.nodeName === 'node-1' && isHealthy(each)).length === 2, 300_000)
  t.equal(processesOf(marker), 3, 'one more than there should be: its kubelet has not heard that it is replaced')
  await setLink('node-2', 'up')
  await until('it is ended', () => processesOf(marker) === 2, 300_000)
  t.match(await usher(['job', 'status', 'held', '-n', namespace]), { code: 0, stdout: /Healthy 2\/2/ })
})

/** Pulls the cable of a machine, or puts it back. */
async function setLink(name: string, state: 'up' | 'down'): Promise<void> {
  const machine = theCluster().machines.find((each) => each.name === name)
  if (machine === undefined) throw new Error(`no ${name}`)
  await run('ip', ['link', 'set', machine.link, state])
}

/** How many processes have a text in their command line. */
function processesOf(text: string): number {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && Number(pid) !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)
    } catch {
      return false // it has ended
    }
  }).length
}
