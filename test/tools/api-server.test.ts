import t from 'tap'
import { until } from '../support/until.ts'
import { isAlive } from './alive.ts'
import { startApiServer } from './api-server.ts'
import { parseObject } from './pod-template.ts'
import { openShell } from './shell.ts'
import { toolVersion } from '../go-tools/tool-folder.ts'

t.test('starts an API server that says its version, and that admits pods', async (t) => {
  const { kubeconfig, url } = await startApiServer(t)
  const { read } = openShell(t, { tools: ['kubernetes'], kubeconfig })
  const { clientVersion, serverVersion } = parseObject(await read('kubectl version -o json'))
  const version = toolVersion('kubernetes')
  t.match(serverVersion, { gitVersion: version, major: '1', minor: version.split('.')[1] })
  t.match(clientVersion, { gitVersion: version })
  t.match(url, /^https:\/\/127\.0\.0\.1:\d+$/)
  t.equal(await read('kubectl apply -f manifests/pod.yaml'), 'pod/bare created\n')
})

t.test('stopped and started again, it is where it was, and knows what it knew', async (t) => {
  const server = await startApiServer(t)
  const { read, run } = openShell(t, { tools: ['kubernetes'], kubeconfig: server.kubeconfig })
  await read('kubectl create configmap kept')
  await server.stop()
  t.match((await run('kubectl get configmap kept')).stderr, 'refused')
  await server.start()
  t.equal((await run('kubectl get configmap kept')).code, 0)
})

t.test('two of them do not meet, and each is gone after its test', async (t) => {
  const pids: number[] = []
  await t.test('while they run', async (t) => {
    const servers = await Promise.all([startApiServer(t), startApiServer(t)])
    pids.push(...servers.flatMap(({ pids }) => pids))
    const [first, second] = servers.map(({ kubeconfig }) => openShell(t, { tools: ['kubernetes'], kubeconfig }))
    await first?.read('kubectl create configmap only-here')
    t.equal((await first?.run('kubectl get configmap only-here'))?.code, 0)
    t.match((await second?.run('kubectl get configmap only-here'))?.stderr, 'not found')
  })
  t.equal(new Set(pids).size, 4)
  await until('all processes are gone', () => pids.every((pid) => !isAlive(pid)))
})
