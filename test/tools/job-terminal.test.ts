import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { instancePods, type InstanceParts } from '../support/instance-pod.ts'
import { valueAt } from '../support/pod-reader.ts'
import { screenOf } from '../support/screen.ts'
import { type OnTerminal, runOnTerminal } from '../support/terminal.ts'
import { until } from '../support/until.ts'
import { launcher } from '../support/usher-process.ts'
import { startJobStage } from './job-stage.ts'
import { startLogKubelet } from './log-kubelet.ts'
import { playedWorkloads } from './played-workloads.ts'

const stage = await startJobStage(t)
const played = playedWorkloads(stage.server)
const kubelet = await startLogKubelet(t)
await stage.send('PATCH', '/api/v1/nodes/worker-1/status', { status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } } } })
const waitMs = 60_000

const file = (job: string): string => `
name: ${job}
numInstances: 2
containers:
  app:
    image: app:1
    memory: 100M
    depends_on: {job/db: {condition: healthy}}
`

interface Size {
  readonly columns: number
  readonly rows: number
}

/** Runs a job at a terminal of that size. */
async function runAt(t: Test, job: string, { columns, rows }: Size): Promise<OnTerminal & { readonly screen: () => readonly string[] }> {
  await stage.send('POST', '/api/v1/namespaces', { metadata: { name: job } })
  await stage.send('POST', `/api/v1/namespaces/${job}/serviceaccounts`, { metadata: { name: 'default' } })
  const path = join(t.testdir({}), 'job.yaml')
  writeFileSync(path, file(job))
  const terminal = runOnTerminal(t, `stty cols ${columns} rows ${rows}; exec ${process.execPath} ${launcher} job run -f ${path} -n ${job}`, { KUBECONFIG: stage.kubeconfig, HOME: '/nonexistent' })
  return { ...terminal, screen: () => screenOf(terminal.text(), columns, rows) }
}

/** What the parts of a pod of the job are, in whatever state. */
function partsOf(job: string, name: string): InstanceParts {
  const annotations = { 'usher.dev/status': '{"v":1,"init":"lock"}', 'usher.dev/depends-on': 'job/db' }
  return { name, metadata: { labels: { 'usher.dev/job': job }, annotations }, spec: { nodeName: 'worker-1' } }
}

/** Says that all instances of a Deployment are healthy. */
async function healthy(job: string): Promise<void> {
  const status = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 }
  await stage.send('PATCH', `/apis/apps/v1/namespaces/${job}/deployments/${job}/status`, { status })
}

t.test('on a terminal each instance has one line, from Gated to Healthy, which is gone in the end', async (t) => {
  const terminal = await runAt(t, 'wide', { columns: 100, rows: 20 })
  const linesOf = (name: string): readonly string[] => terminal.screen().filter((line) => line.includes(name))
  const shows = async (name: string, words: RegExp): Promise<void> => {
    await until(`${name} is ${String(words)}: ${terminal.screen().join('\n')}`, () => words.test(linesOf(name).join('\n')), waitMs)
    t.equal(linesOf(name).length, 1, terminal.screen().join('\n'))
  }
  await terminal.says('created    Deployment wide')
  for (const name of ['wide-a', 'wide-b']) await played.pod('wide', instancePods.waiting(partsOf('wide', name)))
  for (const name of ['wide-a', 'wide-b']) await shows(name, /^ {2}wide-[ab] {2}worker-1 {2}Gated {2}\S+/)
  kubelet.write('wide-a usher-lock', 'waiting for the startup lock of this node: 2 ahead')
  await shows('wide-a', /Queued for the lock #3/)
  await played.setStatus('wide', instancePods.starting(partsOf('wide', 'wide-a')))
  await shows('wide-a', /Starting/)
  await shows('wide-b', /Gated/)
  for (const name of ['wide-a', 'wide-b']) {
    await played.setStatus('wide', instancePods.ready(partsOf('wide', name)))
    await shows(name, /Healthy/)
  }
  await healthy('wide')
  t.equal(await terminal.ended, 0, terminal.text())
  const [warnings, result] = [terminal.screen().filter((line) => line.startsWith('warning: ')), terminal.screen().filter((line) => !line.startsWith('warning: '))]
  t.strictSame(result.slice(-2), ['created    Deployment wide', 'job wide runs: revision 1, 2 instances'], `nothing else is left: ${warnings.join('; ')}`)
})

t.test('a narrow and low terminal: no line wraps or is left behind; Ctrl-C detaches with 1, and the job goes on', async (t) => {
  const terminal = await runAt(t, 'narrow', { columns: 24, rows: 4 })
  await until('it waits', () => terminal.screen().some((line) => line.startsWith('Deployment narrow:')), waitMs)
  for (const letter of ['a', 'b', 'c', 'd', 'e']) await played.pod('narrow', instancePods.waiting(partsOf('narrow', `narrow-${letter}`)))
  const live = (): readonly string[] => terminal.screen().slice(terminal.screen().findIndex((line) => line.startsWith('Deployment narrow:')))
  await until(`it says how many more: ${terminal.screen().join('\n')}`, () => live().at(-1)?.startsWith('… 4 more') === true, waitMs)
  // As it is drawn again each second.
  const drawn = (): number => terminal.text().split('\u{1b}[J').length
  const before = drawn()
  await until('it is drawn again', () => drawn() > before + 2, waitMs)
  t.match(live(), [/^Deployment narrow:/, /^ {2}narrow-a {2}worker-1/, /^… 4 more/], terminal.screen().join('\n'))
  t.equal(live().length, 3, terminal.screen().join('\n'))

  terminal.write('\u{3}')
  t.equal(await terminal.ended, 1, 'as docs/jobs-run.md says')
  t.match(terminal.screen().join(''), /goes on without being watched/)
  t.notMatch(terminal.screen().join('\n'), /^Deployment narrow:/m)
  t.match((await stage.shell.run('usher job history narrow -n narrow')).stdout, /^1 +pending \(nobody watches it\)/m)
  t.equal(valueAt(await stage.find('/apis/apps/v1/namespaces/narrow/deployments/narrow'), 'spec', 'replicas'), 2)
  await healthy('narrow')
  const next = await stage.shell.run('usher job run -f - -n narrow', file('narrow'))
  t.match(next, { code: 0, stdout: /nothing was changed/ }, next.stderr)
})
