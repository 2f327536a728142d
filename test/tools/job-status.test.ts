import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { instancePods, states } from '../support/instance-pod.ts'
import { listAt } from '../support/pod-reader.ts'
import { runOnTerminal } from '../support/terminal.ts'
import { launcher } from '../support/usher-process.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { playedWorkloads, type PlayedDeployment, type PlayedWorkloads } from './played-workloads.ts'
import { parseObject } from './pod-template.ts'
import { openShell, type Shell } from './shell.ts'

interface Stage {
  readonly server: ApiServer
  readonly shell: Shell
  readonly played: PlayedWorkloads
  /** The job `web` of namespace `shop`. */
  readonly web: PlayedDeployment
}

async function startStage(t: Test): Promise<Stage> {
  const server = await startApiServer(t)
  const shell = openShell(t, { tools: ['kubernetes'], kubeconfig: server.kubeconfig })
  const played = playedWorkloads(server)
  for (const name of ['shop', 'other']) await shell.read(`kubectl create namespace ${name} && kubectl create serviceaccount default -n ${name}`)
  const web = await played.deployment('shop', 'web', { replicas: 2, labels: { 'usher.dev/job': 'web' }, status: { readyReplicas: 1, availableReplicas: 1 } })
  await web.pod(instancePods.ready({ name: 'web-7d9f8-b' }), 600)
  return { server, shell, played, web }
}

t.test('usher job status and ls, in a cluster', async (t) => {
  const stage = await startStage(t)
  await t.test('status: each instance, ports, hosts, revision; 1 while it is degraded, and 0 once it is healthy', (t) => status(t, stage))
  await t.test('status --watch on a terminal: drawn again in its place, until Ctrl-C', (t) => watched(t, stage))
  await t.test('ls: of a namespace, and of all', (t) => list(t, stage))
  await t.test('bad input: a sentence that says what to do, and the exit code', (t) => badInput(t, stage))
  await t.test('rights that are missing', (t) => missingRights(t, stage))
})

const labels = { 'usher.dev/job': 'web' }

async function status(t: Test, { shell, played, web }: Stage): Promise<void> {
  const starting = instancePods.starting({ name: 'web-7d9f8-a', web: { state: states.waiting('ImagePullBackOff', 'no such image') } })
  await web.pod(starting)
  await played.create('/api/v1/namespaces/shop/services', { metadata: { name: 'web', labels }, spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 3000 }, { name: 'dns', port: 53, protocol: 'UDP' }] } })
  await played.create('/api/v1/namespaces/shop/services', { metadata: { name: 'web-pods', labels }, spec: { clusterIP: 'None', selector: labels, ports: [{ name: 'own', port: 9999 }] } })
  await played.create('/apis/networking.k8s.io/v1/namespaces/shop/ingresses', { metadata: { name: 'web', labels }, spec: { rules: [{ host: 'web.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] } })
  const ledger = { v: 1, job: 'web', revisions: [{ number: 3, state: 'superseded', objects: [] }, { number: 4, state: 'deployed', objects: [] }, { number: 5, state: 'failed', objects: [] }] }
  await played.create('/api/v1/namespaces/shop/secrets', { metadata: { name: 'usher-job.web', labels }, type: 'usher.dev/job', data: { ledger: gzipSync(JSON.stringify(ledger)).toString('base64') } })

  const degraded = await shell.run('usher job status web -n shop')
  t.equal(degraded.code, 1, degraded.stderr)
  t.match(degraded.stdout, /^job shop\/web: Degraded 1\/2\nrevision +4\nports +web\.shop:80 → 3000, web\.shop:53\/UDP\nhosts +web\.example\.com\n\nINSTANCE +NODE +STATE +SINCE +WHY\nweb-7d9f8-a +node-2 +Starting: ImagePullBackOff +\d+s +the image registry\.example\.com\/web:2 of web cannot be had: no such image\nweb-7d9f8-b +node-2 +Healthy +\S+$/m)
  t.equal(degraded.stderr, '', 'a cluster without the Gateway API is none the worse')
  const json = parseObject((await shell.run('usher job status web -n shop -o json')).stdout)
  t.match(json, { name: 'web', namespace: 'shop', kind: 'Deployment', state: 'Degraded', healthy: 1, wanted: 2, revision: 4, hosts: ['web.example.com'], ports: [{ service: 'web.shop', port: 80, target: '3000' }, { port: 53 }] })
  t.match(listAt(json, 'instances')[0], { name: 'web-7d9f8-a', state: 'Starting', reason: 'ImagePullBackOff', trouble: true, container: 'web' })

  await played.setStatus('shop', instancePods.ready({ name: 'web-7d9f8-a' }))
  const healthy = await shell.run('usher job status web -n shop')
  t.match(healthy, { code: 0, stdout: /^job shop\/web: Healthy 2\/2\n/ }, healthy.stderr)
}

async function watched(t: Test, { server, played }: Stage): Promise<void> {
  const live = runOnTerminal(t, `exec ${process.execPath} ${launcher} job status web -n shop --watch --interval 500ms`, { KUBECONFIG: server.kubeconfig })
  await live.says('Healthy 2/2')
  await played.setStatus('shop', instancePods.unready({ name: 'web-7d9f8-a' }), 90)
  await live.says('Degraded 1/2')
  t.match(live.text(), /web-7d9f8-a +node-2 +Unhealthy: ReadinessProbe/)
  t.match(live.text(), '\u{1b}[?25l', 'drawn in its place')
  live.write('\u{3}')
  t.equal(await live.ended, 0)
  t.match(live.text(), '\u{1b}[?25h', 'the cursor is there again')
}

async function list(t: Test, { shell, played }: Stage): Promise<void> {
  const template = { metadata: { labels: { 'usher.dev/job': 'report' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'report', image: 'report:1' }], initContainers: [{ name: 'proxy', image: 'proxy:1', restartPolicy: 'Always' }, { name: 'usher-lock', image: 'usher-wait:1' }] } }
  await played.create('/apis/batch/v1/namespaces/other/jobs', { metadata: { name: 'report', labels: { 'usher.dev/job': 'report' } }, spec: { completions: 2, parallelism: 1, template } }, { succeeded: 1, active: 1, ready: 1 })
  await played.deployment('other', 'plain')
  const own = await shell.read('usher job ls -n shop')
  t.match(own, /^NAMESPACE +JOB +STATE +REVISION +AGE +IMAGES\nshop +web +Degraded 1\/2 +4 +\S+ +registry\.example\.com\/web:2\n$/)
  const all = await shell.read('usher job ls -A')
  t.match(all, /\nother +report +Healthy 2\/2 +- +\d+s +proxy:1, report:1\nshop +web +/)
  t.notMatch(all, 'plain')
  t.match(parseObject(await shell.read('usher job ls -A -o json')), { jobs: [{ name: 'report', namespace: 'other', kind: 'Job', healthy: 2, wanted: 2, revision: null }, { name: 'web', revision: 4, state: 'Degraded' }] })
  const none = await shell.run('usher job ls -n default')
  t.match(none, { code: 0, stdout: '', stderr: /there are no jobs in namespace default; usher job run makes one/ })
}

async function badInput(t: Test, { shell, server }: Stage): Promise<void> {
  const says = async (line: string, code: number, text: RegExp): Promise<void> => {
    const found = await shell.run(line)
    t.match(found.stdout + found.stderr, text, line)
    t.equal(found.code, code, `${line}: ${found.stderr}`)
    t.notMatch(found.stderr, /\n {4}at /, 'no stack')
  }
  await says('usher job status', 2, /which job\? usher job status JOB; usher job ls lists them/)
  await says('usher job status Web', 2, /"Web" is not a name that a job can have/)
  await says('usher job status wep -n shop', 1, /there is no job wep in namespace shop; did you mean web\?/)
  await says('usher job status web -n other', 1, /there is no job web in namespace other; there is one in shop: -n shop/)
  await says('usher job status plain -n other', 1, /there is no job plain in namespace other/)
  await says('usher job status web -n shopp', 1, /there is no namespace shopp .*did you mean shop\?/)
  await says('usher job status web --interval 5s', 2, /--interval goes with --watch/)
  await says('usher job ls -A -n shop', 2, /exclude each other/)
  await says('usher job ls -o wide', 2, /"wide" is none of table, json and yaml/)
  await says('usher job ls --kubeconfig /nowhere', 3, /there is no \/nowhere/)
  await server.stop()
  await says('usher job ls', 3, /cannot be reached at https:\/\/127\.0\.0\.1/)
  await says('usher job status web', 3, /cannot be reached at https:\/\/127\.0\.0\.1/)
  await server.start()
}

async function missingRights(t: Test, { shell }: Stage): Promise<void> {
  await shell.read('kubectl create serviceaccount viewer -n shop && kubectl create role viewer -n shop --verb=get,list --resource=pods,deployments.apps,replicasets.apps && kubectl create rolebinding viewer -n shop --role=viewer --serviceaccount=shop:viewer')
  const token = (await shell.read('kubectl create token viewer -n shop')).trim()
  await shell.read(`sed 's/"token":"[^"]*"/"token":"${token}"/' "$KUBECONFIG" > "$HOME/viewer" && chmod 600 "$HOME/viewer"`)
  const seen = await shell.run('usher job status web -n shop --kubeconfig "$HOME/viewer"')
  t.match(seen, { code: 1, stdout: /^job shop\/web: Degraded 1\/2\n\nINSTANCE/ }, 'without what may not be asked')
  const part = await shell.run('usher job ls -n shop --kubeconfig "$HOME/viewer"')
  t.match(part, { code: 1, stdout: /\nshop +web +Degraded 1\/2 +- /, stderr: /^usher job ls: jobs that are a DaemonSet could not be listed: .*\nusher job ls: jobs that are a Job could not be listed: / })
  await shell.read('kubectl delete rolebinding viewer -n shop')
  t.match(await shell.run('usher job ls -n shop --kubeconfig "$HOME/viewer"'), { code: 1, stdout: '', stderr: /cannot list resource "deployments".*choose a context that may/ })
}
