import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type AnsweringApiServer, startAnsweringApiServer } from '../support/answering-api-server.ts'
import { configuration } from '../support/check-facts.ts'
import { lockState } from '../support/node-status.ts'
import { until } from '../support/until.ts'
import { runUsher, start } from '../support/usher-process.ts'

const pods = '/api/v1/pods'
const stateOf = (node: string) => `/api/v1/namespaces/usher-system/pods/usher-lock-${node}:8888/proxy/v1/state`

/** The pod of a lock as the API server has it. */
function lockPod(node: string): object {
  return {
    metadata: { namespace: 'usher-system', name: `usher-lock-${node}`, labels: { 'app.kubernetes.io/version': '0.1.0' } },
    spec: { nodeName: node, containers: [{ name: 'lock', args: ['--port=8888', '--readers=all'] }] },
    status: { phase: 'Running', containerStatuses: [{ name: 'lock', ready: true, state: { running: {} } }] },
  }
}

async function startCluster(t: Test): Promise<AnsweringApiServer> {
  return startAnsweringApiServer(t, { [pods]: { items: [lockPod('worker-1'), lockPod('worker-2')] }, [stateOf('worker-1')]: lockState(), [stateOf('worker-2')]: lockState() })
}

/** A kubeconfig, as JSON: contexts by their names, each of a server. */
function kubeconfig(contexts: Readonly<Record<string, string>>, current?: string): string {
  const named = Object.entries(contexts)
  return JSON.stringify({
    clusters: named.map(([name, server]) => ({ name, cluster: { server, 'insecure-skip-tls-verify': true } })),
    users: named.map(([name]) => ({ name, user: {} })),
    contexts: named.map(([name]) => ({ name, context: { cluster: name, user: name } })),
    'current-context': current,
  })
}

t.test('the cluster is found as kubectl finds it', async (t) => {
  const api = await startCluster(t)
  const home = t.testdir({
    '.kube': { config: kubeconfig({ home: api.url }, 'home') },
    first: kubeconfig({ dead: 'http://127.0.0.1:1', both: 'http://127.0.0.1:1' }, 'dead'),
    second: kubeconfig({ both: 'http://127.0.0.1:2', live: api.url }, 'live'),
    bare: kubeconfig({ a: api.url, b: api.url }),
    broken: '{',
    astray: JSON.stringify({ contexts: [{ name: 'a', context: { cluster: 'none', user: 'none' } }], 'current-context': 'a' }),
  })
  const files = `${join(home, 'missing')}:${join(home, 'first')}:${join(home, 'second')}`
  for (const [args, env, expected] of [
    [[], { HOME: home }, { code: 0, stdout: /^worker-2 /m }],
    [['--context', 'live'], { HOME: home, KUBECONFIG: files }, { code: 0 }],
    [[], { HOME: home, KUBECONFIG: files }, { code: 3, stderr: /\(context dead\) cannot be reached at http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*--context/ }],
    [['--context', 'both'], { HOME: home, KUBECONFIG: files }, { code: 3, stderr: 'at http://127.0.0.1:1' }],
    [['--kubeconfig', join(home, 'second')], { KUBECONFIG: files }, { code: 0 }],
    [['--context', 'x'], { HOME: home }, { code: 3, stderr: /there is no context "x"; there are home$/m }],
    [[], { KUBECONFIG: join(home, 'bare') }, { code: 3, stderr: /no context is chosen; name one with --context: there are a, b$/m }],
    [[], { KUBECONFIG: join(home, 'broken') }, { code: 3, stderr: 'broken cannot be read as a kubeconfig (' }],
    [[], { KUBECONFIG: join(home, 'astray') }, { code: 3, stderr: 'the cluster of context "a" is not there' }],
    [['--kubeconfig', join(home, 'none')], { HOME: home }, { code: 3, stderr: /--kubeconfig: there is no .*none$/m }],
    [[], { HOME: join(home, 'nowhere') }, { code: 3, stderr: /no cluster is chosen: there is no kubeconfig \(.*nowhere\/\.kube\/config\); name one with --kubeconfig, or set KUBECONFIG/ }],
  ] as const) {
    t.match(await runUsher(t, ['status', ...args], { env }), expected, `${args.join(' ')} ${JSON.stringify(env)}`)
  }
})

t.test('wrong usage is told', async (t) => {
  for (const [args, message] of [
    [['-o', 'yaml'], '--output: "yaml" is neither table nor json'],
    [['--interval', '5s'], '--interval goes with --watch'],
    [['-w', '--interval', '100ms'], '--interval: "100ms" is less than 500 ms'],
    [['-n', 'A_b'], '--namespace: "A_b" is not a name that a namespace can have'],
    [['a', 'b'], 'one NODE at a time: "b" is too much'],
    [['--wach'], 'unknown flag --wach; did you mean --watch?'],
  ] as const) t.match(await runUsher(t, ['status', ...args]), { code: 2, stderr: `usher status: ${message}\n` })
})

t.test('credentials that are not accepted, and what is no API server', async (t) => {
  const api = await startCluster(t)
  const file = join(t.testdir({}), 'kubeconfig')
  writeFileSync(file, kubeconfig({ a: api.url }, 'a'))
  const status = () => runUsher(t, ['status', '--kubeconfig', file])
  api.answers[pods] = { refuse: 401, message: 'Unauthorized' }
  t.match(await status(), { code: 1, stderr: /answered 401: Unauthorized: the credentials of context a are not accepted; log in again/ })
  delete api.answers[pods]
  t.match(await status(), { code: 3, stderr: /answered 404: not found \(context a, http/ })
  api.answers[pods] = { nothing: true }
  t.match(await status(), { code: 3, stderr: 'the answer is not a list' })
})

t.test('--watch goes on through failures, one look below the other without a terminal, and ends well by Ctrl-C', async (t) => {
  const api = await startCluster(t)
  const file = join(t.testdir({}), 'kubeconfig')
  writeFileSync(file, kubeconfig({ a: api.url }, 'a'))
  const watching = start(t, ['status', '--kubeconfig', file, '--watch', '--interval', '500ms'], {})
  const looks = () => watching.stdout().split('NODE ').length - 1
  await until('two looks', () => looks() >= 2)
  const answer = api.answers[pods]
  api.answers[pods] = { refuse: 503, message: 'etcd sleeps' }
  await until('a failure', () => watching.stdout().includes('etcd sleeps'))
  const before = looks()
  if (answer !== undefined) api.answers[pods] = answer
  await until('another look', () => looks() > before)
  watching.kill('SIGINT')
  t.same(await watching.ended, { code: 0, signal: null })
  t.equal(watching.stderr(), '')
  t.notMatch(watching.stdout(), '\u{1b}')

  const lines = start(t, ['status', '--kubeconfig', file, '-w', '-o', 'json', '--interval', '500ms'], {})
  await until('two lines', () => lines.lines.length >= 2)
  t.match(lines.lines[1], { namespace: 'usher-system', nodes: [{ node: 'worker-1' }, { node: 'worker-2' }] })
  lines.closeStdout()
  t.same(await lines.ended, { code: 0, signal: null }, 'nobody reads any more')
})

t.test('many nodes: a few are asked at a time, and one that does not answer holds up nobody else', async (t) => {
  const nodes = Array.from({ length: 60 }, (_each, index) => `n${index}`)
  const api = await startAnsweringApiServer(t, { [pods]: { items: nodes.map(lockPod) } })
  for (const node of nodes.slice(1)) api.answers[stateOf(node)] = lockState()
  const file = join(t.testdir({}), 'kubeconfig')
  writeFileSync(file, kubeconfig({ a: api.url }, 'a'))
  const { code, stdout } = await runUsher(t, ['status', '--kubeconfig', file])
  t.equal(code, 1)
  t.match(stdout, /^n0 +by the API server's proxy: the API server answered 404: not found; by port-forward: the API server answered 404/m)
  t.match(stdout, '60 nodes, 0 pods starting, 0 waiting, 1 lock without an answer')
})

t.test('of several namespaces with locks, that to which the webhook configuration leads; what is no lock does not count', async (t) => {
  const api = await startCluster(t)
  const file = join(t.testdir({}), 'kubeconfig')
  writeFileSync(file, kubeconfig({ a: api.url }, 'a'))
  const status = () => runUsher(t, ['status', '--kubeconfig', file])
  const elsewhere = (container: string) => ({ metadata: { namespace: 'cinema', name: 'usher-1' }, spec: { nodeName: 'worker-1', containers: [{ name: container }] } })
  const ours = [lockPod('worker-1'), lockPod('worker-2')]
  api.answers[pods] = { items: [...ours, elsewhere('tickets')] }
  t.match(await status(), { code: 0, stderr: /^$/, stdout: '2 nodes' }, 'a pod without the container of a lock')
  api.answers[pods] = { items: [...ours, elsewhere('lock')] }
  t.match(await status(), { code: 1, stderr: 'usher is installed 2 times, in cinema, usher-system: choose one with --namespace' })
  api.answers['/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'] = { items: [configuration()] }
  t.match(await status(), { code: 0, stdout: '2 nodes', stderr: 'there are locks in cinema, too (usher check); these are of usher-system' })
})
