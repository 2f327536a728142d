import t, { type Test } from 'tap'
import { ask, startLock, stateFolder, startBareLock } from '../support/lock-process.ts'
import { objectAt } from '../support/pod-reader.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { installLocks, type InstalledLocks, namespace, ownAddress } from './installed-locks.ts'
import { startKubelet } from './kubelet.ts'
import { parseObject } from './pod-template.ts'
import { openShell, type Shell } from './shell.ts'

interface Stage {
  readonly server: ApiServer
  readonly shell: Shell
  readonly locks: InstalledLocks
}

async function startStage(t: Test): Promise<Stage> {
  const server = await startApiServer(t)
  const shell = openShell(t, { tools: ['kubernetes', 'helm'], kubeconfig: server.kubeconfig })
  return { server, shell, locks: await installLocks(server, shell) }
}

t.test('a lock that its own node alone may read is read through its kubelet, by the flags of the chart', async (t) => {
  const { shell, locks } = await startStage(t)
  const kubelet = await startKubelet(t)
  await locks.addNode('worker-1', kubelet.port)
  const lock = await startLock(t, ['--strict'])
  await ask(t, lock, '/?uid=1&pod=shop/api')
  const pod = await locks.addLock('worker-1', [`--port=${lock.port}`])

  const { code, stdout, stderr } = await shell.run('usher status')
  t.equal(code, 0, stderr)
  t.match(stdout, /^NODE +PERMITS +HOLDERS +WAITERS +LONGEST +LAST HOUR +GATES +UPTIME\nworker-1 +1\/1 strict +1 +0 +- +1: 0s, 0s at most +- +\d+s$/m)
  t.match(stdout, '1 node, 1 pod starting, 0 waiting\n')
  t.same(kubelet.asked, [`${namespace}/${pod}`])

  const detail = await shell.read('usher status worker-1')
  t.match(detail, /^Pod: +usher-system\/usher-lock-worker-1$/m)
  t.match(detail, /^ +shop\/api +floor +0s +\d+s +\d+s +lease-end +-$/m)
  const json = parseObject(await shell.read('usher status -o json'))
  t.match(json, { namespace, nodes: [{ node: 'worker-1', pod, ready: true, state: { holders: [{ pod: 'shop/api' }] } }] })

  lock.kill('SIGKILL')
  await lock.ended
  const down = await shell.run('usher status')
  t.equal(down.code, 1)
  t.match(down.stdout, /worker-1 +by port-forward: error forwarding port \d+: .*ECONNREFUSED.*; by the API server's proxy: .*connection refused/)
})

t.test('a lock that others may read is read by one request through the proxy', async (t) => {
  const { shell, locks } = await startStage(t)
  await locks.addNode('worker-1')
  const lock = await startBareLock(t, ['--port', '0', '--readers', 'all', '--state-dir', stateFolder(t)])
  await locks.addLock('worker-1', [`--port=${lock.port}`, '--readers=all'])
  t.match(await shell.read('usher status'), /^worker-1 +0\/1 /m)
  // Nobody listens there: it was not asked for.
  t.notMatch((await shell.run('usher status')).stdout, 'without an answer')
})

t.test('a lock whose readers are others, and whose kubelet is gone: what came of both ways', async (t) => {
  const { shell, locks } = await startStage(t)
  await locks.addNode('worker-1')
  const lock = await startBareLock(t, ['--port', '0', '--readers', '203.0.113.7', '--state-dir', stateFolder(t)])
  await locks.addLock('worker-1', [`--port=${lock.port}`, '--readers=203.0.113.7'])
  const { code, stdout } = await shell.run('usher status')
  t.equal(code, 1)
  t.match(stdout, `by the API server's proxy: the API server answered 403: ${ownAddress()} is not among the readers (--readers)`)
  t.match(stdout, /by port-forward: the API server answered 5\d\d: /)
})

t.test('rights: whoever may see usher alone sees it; whoever may not is told what is missing', async (t) => {
  const { shell, locks } = await startStage(t)
  const kubelet = await startKubelet(t)
  await locks.addNode('worker-1', kubelet.port)
  const lock = await startLock(t)
  await locks.addLock('worker-1', [`--port=${lock.port}`])
  const as = async (name: string, rules: string): Promise<string> => {
    await shell.read(`kubectl create serviceaccount ${name} -n ${namespace}`)
    if (rules !== '') {
      await shell.read(`kubectl create role ${name} -n ${namespace} ${rules} && kubectl create rolebinding ${name} -n ${namespace} --role=${name} --serviceaccount=${namespace}:${name}`)
    }
    const token = (await shell.read(`kubectl create token ${name} -n ${namespace}`)).trim()
    return `sed 's/"token":"[^"]*"/"token":"${token}"/' "$KUBECONFIG" > "$HOME/${name}" && chmod 600 "$HOME/${name}" && usher status --kubeconfig "$HOME/${name}"`
  }
  const enough = await shell.run(await as('operator', '--verb=list,get,create --resource=pods,pods/portforward'))
  t.equal(enough.code, 0, enough.stderr)
  t.match(enough.stdout, /^worker-1 +0\/1 /m)
  const noForward = await shell.run(await as('looker', '--verb=list --resource=pods'))
  t.equal(noForward.code, 1)
  t.match(noForward.stdout, 'it takes the right to get and create pods/portforward, or to get pods/proxy, there')
  const nobody = await shell.run(await as('nobody', ''))
  t.equal(nobody.code, 1)
  t.match(nobody.stderr, /usher status: the API server answered 403: pods is forbidden: User ".*nobody" cannot list resource "pods".*choose a context that may/)
})

t.test('nothing is installed, or twice, or not here: a sentence, and 1', async (t) => {
  const { shell, locks, server } = await startStage(t)
  t.match(await shell.run('usher status'), { code: 1, stderr: /usher's lock is not installed in this cluster: no pod has the labels .*helm install/ })
  await locks.addNode('worker-1')
  const name = await locks.addLock('worker-1', ['--port=1'])
  const pod = parseObject(await shell.read(`kubectl get pod ${name} -n ${namespace} -o json`))
  await shell.read('kubectl create namespace other && kubectl create serviceaccount usher-lock -n other')
  const { labels } = objectAt(pod, 'metadata')
  const { nodeName: _node, ...spec } = objectAt(pod, 'spec')
  await shell.read('kubectl create -f -', JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'another', namespace: 'other', labels }, spec: { ...spec, containers: [{ name: 'lock', image: 'x' }], volumes: [], initContainers: [] } }))
  t.match(await shell.run('usher status'), { code: 1, stderr: 'usher is installed 2 times, in other, usher-system: choose one with --namespace' })
  const there = await shell.run('usher status -n other')
  t.match(there, { code: 1, stdout: /another +Pending/ })
  t.match(await shell.run('usher status -n shop'), { code: 1, stderr: 'not installed in namespace shop' })
  t.match(await shell.run(`usher status -n ${namespace} worker-2`), { code: 1, stderr: 'no lock runs on a node "worker-2"; did you mean worker-1?' })
  await server.stop()
  t.match(await shell.run('usher status'), { code: 3, stderr: /the cluster \(context usher-test\) cannot be reached at https:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/ })
})
