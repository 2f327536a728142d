import { readFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { instancePods, states } from '../support/instance-pod.ts'
import { launcher, spawnUsher, start } from '../support/usher-process.ts'
import { runOnTerminal } from '../support/terminal.ts'
import { until } from '../support/until.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { installLocks } from './installed-locks.ts'
import { type LogKubelet, startLogKubelet } from './log-kubelet.ts'
import { playedWorkloads, type PlayedDeployment, type PlayedWorkloads } from './played-workloads.ts'
import { openShell, type Shell } from './shell.ts'

interface Stage {
  readonly server: ApiServer
  readonly shell: Shell
  readonly played: PlayedWorkloads
  readonly kubelet: LogKubelet
  readonly web: PlayedDeployment
}

const labels = { 'usher.dev/job': 'web' }
const running = (name: string, id = '1') => instancePods.ready({ name, web: { ready: true, started: true, containerID: `containerd://${name}-${id}`, state: states.running(11) } })

/** The job `web` with two instances on a node whose kubelet gives logs. */
async function startStage(t: Test): Promise<Stage> {
  const server = await startApiServer(t)
  const shell = openShell(t, { tools: ['kubernetes', 'helm'], kubeconfig: server.kubeconfig })
  const kubelet = await startLogKubelet(t)
  await (await installLocks(server, shell)).addNode('node-2', kubelet.port)
  await shell.read('kubectl create namespace shop && kubectl create serviceaccount default -n shop')
  const played = playedWorkloads(server)
  const web = await played.deployment('shop', 'web', { replicas: 2, labels })
  for (const name of ['web-a', 'web-b']) await web.pod(running(name))
  return { server, shell, played, kubelet, web }
}

t.test('usher job logs, in a cluster', async (t) => {
  const stage = await startStage(t)
  await t.test('the logs of all instances are one, by time, each line with the name of its instance', (t) => merged(t, stage))
  await t.test('-f: what comes, of new instances and new starts; and a connection that breaks is opened again where it broke', (t) => followed(t, stage))
  await t.test('-f ends by itself: with a job that is done, and with one that is gone', (t) => ended(t, stage))
  await t.test('what is not read is not asked for: a slow reader holds it up', (t) => slow(t, stage))
  await t.test('bad input: a sentence that says what to do, and the exit code', (t) => badInput(t, stage))
})

const at = (seconds: number): number => Date.parse('2026-11-26T05:00:00Z') + seconds * 1_000

async function merged(t: Test, { shell, kubelet, server }: Stage): Promise<void> {
  kubelet.write('web-a web', 'one', at(1))
  kubelet.write('web-b web', 'two', at(2))
  kubelet.write('web-a web', 'three \u{1b}[31mred', at(3))
  kubelet.write('web-b web', 'four', at(4))
  kubelet.write('web-a web previous', 'before', at(0))
  kubelet.write('web-b web previous', 'before', at(0))
  kubelet.write('web-a usher-lock', 'got the startup lock', at(0))
  kubelet.write('web-b usher-lock', 'got the startup lock', at(1))
  t.equal(await shell.read('usher job logs web -n shop'), 'web-a | one\nweb-b | two\nweb-a | three \u{1b}[31mred\nweb-b | four\n')
  t.equal(await shell.read('usher job logs job/web -n shop --tail 1'), 'web-a | three \u{1b}[31mred\nweb-b | four\n')
  t.equal(await shell.read('usher job logs web -n shop --previous'), 'web-a | before\nweb-b | before\n')
  t.equal(await shell.read('usher job logs web -n shop -c usher-lock'), 'web-a | got the startup lock\nweb-b | got the startup lock\n')
  const lineOf = (pod: string, text: string, time: number) => ({ pod, container: 'web', time: new Date(at(time)).toISOString().replace('Z', '000000Z'), text })
  const records = (await shell.read('usher job logs web -n shop -o json')).trim().split('\n').map((line) => JSON.parse(line) as unknown)
  t.strictSame(records, [lineOf('web-a', 'one', 1), lineOf('web-b', 'two', 2), lineOf('web-a', 'three \u{1b}[31mred', 3), lineOf('web-b', 'four', 4)])
  t.match(await shell.read('usher job logs web -n shop -o yaml --tail 1'), /^---\npod: web-a\ncontainer: web\ntime: 2026-\S+\ntext: .*\n---\npod: web-b\n/)
  await shell.read('usher job logs web -n shop --since 10m')
  t.match(kubelet.asked.at(-1)?.query, { sinceSeconds: '600', timestamps: 'true' })
  t.equal(await shell.read('usher job logs web -n shop | head -n 1'), 'web-a | one\n')
  const terminal = runOnTerminal(t, `${process.execPath} ${launcher} job logs web -n shop`, { KUBECONFIG: server.kubeconfig })
  t.equal(await terminal.ended, 0)
  t.match(terminal.text(), '\u{1b}[36mweb-a |\u{1b}[39m one', 'names are in colour on a terminal')
}

async function followed(t: Test, { server, kubelet, played, web }: Stage): Promise<void> {
  const run = start(t, ['job', 'logs', 'web', '-n', 'shop', '-f', '--tail', '1'], { env: { KUBECONFIG: server.kubeconfig, HOME: '/nonexistent' } })
  const says = (text: string) => until(() => `it says ${text}: ${run.stdout()} ${run.stderr()}`, () => run.stdout().includes(text), 60_000)
  await says('web-b | four\n')
  await says('web-a | three')
  t.notMatch(run.stdout(), 'web-a | one', 'the last line of each alone')
  kubelet.write('web-a web', 'five')
  await says('web-a | five\n')

  kubelet.write('web-c web', 'all of it')
  kubelet.write('web-c web', 'is new')
  await web.pod(running('web-c'))
  await says('web-c | all of it\nweb-c | is new\n')

  kubelet.cut('web-b web')
  await until('it is opened again', () => kubelet.followers('web-b web') === 1, 60_000)
  kubelet.write('web-b web', 'six')
  await says('web-b | six\n')
  t.match(kubelet.asked.at(-1)?.query, { sinceTime: '2026-11-26T05:00:04Z', tailLines: undefined })
  t.equal(run.stdout().split('web-b | four\n').length, 2, 'no line is written twice')

  // Its container is started again.
  kubelet.end('web-c web')
  await played.setStatus('shop', instancePods.unready({ name: 'web-c', web: { restartCount: 1, containerID: 'containerd://web-c-1', state: states.ended(1, 11, 50) } }))
  await until('nobody follows it', () => kubelet.followers('web-c web') === 0, 60_000)
  kubelet.write('web-c web', 'once more')
  await played.setStatus('shop', running('web-c', '2'))
  await says('web-c | once more\n')

  run.kill('SIGINT')
  t.match(await run.ended, { code: 0 })
}

async function ended(t: Test, { server, kubelet, played, shell }: Stage): Promise<void> {
  const env = { KUBECONFIG: server.kubeconfig, HOME: '/nonexistent' }
  const template = { metadata: { labels: { 'usher.dev/job': 'report' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'web', image: 'report:1' }] } }
  const jobs = '/apis/batch/v1/namespaces/shop/jobs'
  const job = await played.create(jobs, { metadata: { name: 'report', labels: { 'usher.dev/job': 'report' } }, spec: { template } })
  kubelet.write('report-1 web', 'half')
  await played.pod('shop', running('report-1'), { ...job, apiVersion: 'batch/v1', kind: 'Job' })
  const done = start(t, ['job', 'logs', 'report', '-n', 'shop', '-f'], { env })
  await until(() => `it follows: ${done.stderr()}`, () => kubelet.followers('report-1 web') === 1, 60_000)
  kubelet.write('report-1 web', 'whole')
  // Its log ends first, its kubelet tells of it next, and its controller, that the job is done, last.
  const asked = async (): Promise<number> => Number(/apiserver_request_total\{(?=[^}]*resource="jobs")(?=[^}]*verb="GET")[^}]*\} (\d+)/.exec(await shell.read('kubectl get --raw /metrics'))?.[1] ?? 0)
  const before = await asked()
  kubelet.end('report-1 web')
  await until('nobody follows it', () => kubelet.followers('report-1 web') === 0, 60_000)
  await played.setStatus('shop', instancePods.ready({ name: 'report-1', web: { state: states.ended(0, 11, 50), containerID: 'containerd://report-1-1' }, status: { phase: 'Succeeded' } }))
  await until('it has asked for the job, which goes on', async () => (await asked()) > before, 60_000)
  const time = new Date(Date.now() - 1_000).toISOString().replace(/\.\d+Z/, 'Z')
  const condition = (type: string) => ({ type, status: 'True', lastTransitionTime: time, lastProbeTime: time })
  await played.send({ method: 'PATCH', path: `${jobs}/report/status`, contentType: 'application/merge-patch+json', body: { status: { startTime: time, completionTime: time, succeeded: 1, conditions: [condition('SuccessCriteriaMet'), condition('Complete')] } } })
  t.match(await done.ended, { code: 0 }, done.stderr())
  t.equal(done.stdout(), 'report-1 | half\nreport-1 | whole\n')

  await played.deployment('shop', 'brief', { labels: { 'usher.dev/job': 'brief' } })
  const gone = start(t, ['job', 'logs', 'brief', '-n', 'shop', '-f'], { env })
  await played.pod('shop', running('brief-1'), { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'brief-7d9f8', uid: 'x' }, spec: { selector: { matchLabels: { app: 'brief' } } } })
  kubelet.write('brief-1 web', 'here')
  await until(() => `it says here: ${gone.stderr()}`, () => gone.stdout().includes('brief-1 | here\n'), 60_000)
  await shell.read('kubectl delete deployment brief -n shop && kubectl delete pod brief-1 -n shop --force --grace-period=0')
  kubelet.end('brief-1 web')
  t.match(await gone.ended, { code: 0 }, gone.stderr())
}

async function slow(t: Test, { server, kubelet, web }: Stage): Promise<void> {
  await web.pod(running('web-z'))
  const line = 'x'.repeat(10_000)
  for (let left = 6_000; left > 0; left--) kubelet.write('web-z web', line, at(10))
  const { child, ended } = spawnUsher(t, ['job', 'logs', 'web', '-n', 'shop', '-c', 'web'], { env: { KUBECONFIG: server.kubeconfig, HOME: '/nonexistent' } })
  child.stdin.end()
  let bytes = 0
  child.stdout.once('data', (chunk: Buffer) => {
    bytes += chunk.length
    child.stdout.pause()
  })
  await until('it writes', () => bytes > 0, 60_000)
  const readBy = async (): Promise<number> => Number(/rchar: (\d+)/.exec(await readFile(`/proc/${child.pid ?? 0}/io`, 'utf8'))?.[1] ?? 0)
  const before = await readBy()
  let steady = 0
  let last = 0
  await until('it takes no more', async () => {
    const now = await readBy()
    steady = now === last ? steady + 1 : 0
    last = now
    return steady >= 20
  }, 60_000)
  t.ok(last - before < 20_000_000, `60 MB are not read while nobody takes them: ${before} bytes, then ${last}`)
  child.stdout.on('data', (chunk: Buffer) => (bytes += chunk.length)).resume()
  t.match(await ended, { code: 0 })
  t.ok(bytes > 60_000_000, `all of it comes in the end: ${bytes}`)
}

async function badInput(t: Test, { shell, kubelet, played, web }: Stage): Promise<void> {
  const says = async (line: string, code: number, text: RegExp): Promise<void> => {
    const found = await shell.run(line)
    t.match(found.stderr, text, line)
    t.equal(found.code, code, `${line}: ${found.stderr}`)
    t.notMatch(found.stderr, /\n {4}at /, 'no stack')
  }
  await says('usher job logs', 2, /which job\? usher job logs JOB/)
  await says('usher job logs web -f --previous', 2, /exclude each other/)
  await says('usher job logs web -o xml', 2, /"xml" is none of table, json and yaml/)
  await says('usher job logs web --tail few', 2, /"few" is neither a number of lines nor all/)
  await says('usher job logs web --since yesterday', 2, /--since: "yesterday" is not a number of seconds/)
  await says('usher job logs wep -n shop', 1, /there is no job wep in namespace shop; did you mean web\?/)
  await says('usher job logs web -n shop -c app', 1, /no instance has a container "app"; there are usher-lock, web/)
  await played.deployment('shop', 'idle', { replicas: 0, labels: { 'usher.dev/job': 'idle' } })
  await says('usher job logs idle -n shop', 0, /^usher job logs: it has no instances; usher job why says why\n$/)
  await web.pod(instancePods.waiting({ name: 'web-y' }))
  await says('usher job logs web -n shop --tail 1', 0, /^usher job logs: web-y: web has not been started yet\n$/)
  // One that is lost takes the others with it as little as it can.
  await web.pod(running('web-x'))
  const lost = await shell.run('usher job logs web -n shop --tail 1')
  t.equal(lost.code, 1)
  t.match(lost.stderr, /the log of web-x web cannot be read: the API server answered 404/)
  t.match(lost.stdout, 'web-a | ')
  t.equal(kubelet.followers('web-a web'), 0)
}
