import { writeFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import { becomes, healthOf, startNodeHealth } from '../support/node-health-process.ts'
import { until } from '../support/until.ts'
import { type ApiDaemons, apiDaemons } from './api-daemons.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { startLocalProcess } from './local-process.ts'
import { builtFolder } from '../go-tools/tool-folder.ts'
import { freePort } from './free-port.ts'
import { openShell } from './shell.ts'

interface Cluster {
  readonly server: ApiServer
  readonly daemons: ApiDaemons
}

/** Starts an API server with a node n1. */
async function startCluster(t: Test): Promise<Cluster> {
  const server = await startApiServer(t)
  const daemons = apiDaemons(fromKubeconfig(server.kubeconfig))
  await daemons.node('n1', { disk: 'ssd' })
  return { server, daemons }
}

const often = ['-failHc', '1', '-passHc', '1']
const env = { NODE_NAME: 'n1' }
const beforeBoot = () => new Date(Date.now() - uptime() * 1_000 - 60_000)

t.test('a node through a boot, asked with the flags of k8s-health', async (t) => {
  const { server, daemons } = await startCluster(t)
  for (const name of ['cni', 'proxy']) {
    await daemons.daemonSet(name, { pod: { hostNetwork: true } })
    await daemons.pod(name)
    await daemons.setUp(name, beforeBoot())
  }
  const health = await startNodeHealth(t, [...often, '--kubeconfig', server.kubeconfig, '-hostNet'], { env })
  await until('it has looked', () => health.lines('daemonsets').length > 0)
  t.equal(await healthOf(t, health, '/any/path?x=1'), '412 HealthCheck Failed')
  t.match(health.lines('daemonsets'), [{ healthy: false, reason: '2 of 2 not ready: default/cni (ready before the boot), default/proxy (ready before the boot)' }])

  await daemons.setUp('cni', new Date())
  await daemons.setPending('proxy')
  await until('it has seen that', () => health.lines('daemonsets').at(-1)?.['reason'] === '1 of 2 not ready: default/proxy (not ready)')
  t.equal(await healthOf(t, health), '412 HealthCheck Failed')
  await daemons.setUp('proxy', new Date())
  await becomes(t, health, 200)
  t.equal(await healthOf(t, health, '/healthz'), '200 HealthCheck OK')

  await daemons.setUp('proxy', new Date(), false)
  await becomes(t, health, 412)
  // Without a controller, its pod stays.
  await openShell(t, { tools: ['kubernetes'], kubeconfig: server.kubeconfig }).read('kubectl delete daemonset proxy')
  await becomes(t, health, 200)
})

t.test('only DaemonSets that must run on the node count, by affinity and taints', async (t) => {
  const { server, daemons } = await startCluster(t)
  const required = (key: string, operator: string, values: readonly string[] = []) => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator, ...(values.length === 0 ? {} : { values }) }] }] } } },
  })
  await daemons.daemonSet('gpu', { pod: required('gpu', 'Exists') })
  await daemons.daemonSet('hdd', { pod: { nodeSelector: { disk: 'hdd' } } })
  await daemons.daemonSet('intolerant')
  await daemons.taint('n1', [{ key: 'team', value: 'db', effect: 'NoSchedule' }])
  const health = await startNodeHealth(t, [...often, '--kubeconfig', server.kubeconfig], { env })
  await becomes(t, health, 200)
  await until('it says why', () => health.lines('daemonsets').at(-1)?.['reason'] === 'no DaemonSet has to run here')
  await daemons.taint('n1', [])
  await becomes(t, health, 412)
  await until('it says why', () => health.lines('daemonsets').at(-1)?.['reason'] === '1 of 1 not ready: default/intolerant (no pod)')
  await daemons.daemonSet('ssd', { pod: required('disk', 'In', ['ssd', 'nvme']) })
  await until('it has seen that', () => health.lines('daemonsets').at(-1)?.['reason'] === '2 of 2 not ready: default/intolerant (no pod), default/ssd (no pod)')
})

t.test('labels choose what counts', async (t) => {
  const { server, daemons } = await startCluster(t)
  await daemons.daemonSet('slow', { metadata: { labels: { app: 'slow', tier: 'a' } } })
  await daemons.daemonSet('fast', { metadata: { labels: { app: 'fast', tier: 'a' } } })
  await daemons.pod('fast')
  await daemons.setUp('fast', new Date())
  const flags = [...often, '--kubeconfig', server.kubeconfig]
  await becomes(t, await startNodeHealth(t, [...flags, '-ex', 'app:slow', '-ex', 'app:other'], { env }), 200)
  await becomes(t, await startNodeHealth(t, [...flags, '-in', 'app:fast', '-in', 'tier:a'], { env }), 200)
  await becomes(t, await startNodeHealth(t, [...flags, '-namespace', 'kube-system'], { env }), 200)
  const all = await startNodeHealth(t, [...flags, '-in', 'tier:a'], { env })
  await until('it has looked', () => all.lines('daemonsets').length > 0)
  t.equal(await healthOf(t, all), '412 HealthCheck Failed')
})

t.test('while the API server is not heard it fails, and it comes back', async (t) => {
  const { server } = await startCluster(t)
  const health = await startNodeHealth(t, [...often, '--kubeconfig', server.kubeconfig], { env })
  await becomes(t, health, 200)
  await server.stop()
  await becomes(t, health, 412)
  await until('it says so', () => health.lines('the API server is not heard').length === 1)
  await server.start()
  await becomes(t, health, 200, 60_000)
})

t.test('without rights it fails, and says which one is missing; through kubectl proxy it has those of kubectl', async (t) => {
  const { server, daemons } = await startCluster(t)
  const { read } = openShell(t, { tools: ['kubernetes'], kubeconfig: server.kubeconfig })
  const token = (await read('kubectl create token default --duration 600s')).trim()
  const config = JSON.parse(await read('kubectl config view --raw -o json'))
  const rightless = join(t.testdir({}), 'kubeconfig')
  writeFileSync(rightless, JSON.stringify({ ...config, users: [{ name: 'usher-test', user: { token } }] }))
  const denied = await startNodeHealth(t, [...often, '--kubeconfig', rightless], { env })
  const right = 'the API server does not let us look: a right is missing'
  const [line] = await until('it says so', () => denied.lines(right).length > 0 && denied.lines(right))
  t.match(line, { err: { message: /cannot get resource "nodes"|cannot list resource "daemonsets"/ } })
  t.equal(await healthOf(t, denied), '412 HealthCheck Failed')

  await daemons.daemonSet('cni')
  const port = await freePort()
  startLocalProcess(t, join(builtFolder('kubernetes'), 'kubectl'), ['--kubeconfig', server.kubeconfig, 'proxy', `--port=${port}`], t.testdirName)
  const proxied = await startNodeHealth(t, [...often, '-baseUrl', `http://127.0.0.1:${port}`], { env })
  await until('it has looked', () => proxied.lines('daemonsets').length > 0)
  await daemons.pod('cni')
  await daemons.setUp('cni', new Date())
  await becomes(t, proxied, 200)
})

t.test('a wrong name of the node is told as such', async (t) => {
  const { server } = await startCluster(t)
  const health = await startNodeHealth(t, [...often, '--kubeconfig', server.kubeconfig, '--node', 'n2'])
  const [line] = await until('it says so', () => {
    const lines = health.lines('there is no such node: see --node, NODE_NAME, and which cluster --kubeconfig or --baseUrl names')
    return lines.length > 0 && lines
  })
  t.match(line, { err: { message: 'there is no node "n2" in this cluster' } })
  t.equal(await healthOf(t, health), '412 HealthCheck Failed')
})
