import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { afterReadyMs } from '../../src/lock/learning/observations.ts'
import type { StateView } from '../../src/lock/state-view.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { type FakeApiServer, type FakeRequest, startFakeApiServer } from '../support/fake-api-server.ts'
import { ask, type LockProcess, startLock } from '../support/lock-process.ts'
import { podJson, podStatus } from '../support/pod-json.ts'
import { until } from '../support/until.ts'

t.jobs = 2

const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'uid-owner', controller: true }

t.test('a lock learns from the starts that it sees', { skip: process.platform !== 'linux' }, async (t) => {
  const api = await startFakeApiServer(t)
  const { lock, list } = await start(t, api)
  list.list('1', [])
  const watch = await api.next('/api/v1/pods')
  t.strictSame((await stateOf(t, lock)).workloads, [])
  let pods = 0
  /** Another pod of the workload asks, is granted, and is up. */
  async function startPod(): Promise<void> {
    const [name, id] = [`web-${++pods}`, `containerd://${pods}`]
    const pod = (status: JsonObject): object => podJson(name, { metadata: { ownerReferences: [owner] }, status })
    watch.event('ADDED', pod(podStatus.waiting(id)))
    await until('it is granted', async () => (await ask(t, lock, `/?uid=uid-${name}`)).status === 200)
    watch.event('MODIFIED', pod(podStatus.up(id)))
  }
  const [known] = await until(
    'a start is known',
    async () => {
      const { workloads = [], holders, starts, now } = await stateOf(t, lock)
      if (workloads.length > 0) return workloads
      // Where the machine is so busy that a reading is missing, a start says nothing, and the next one may.
      const endedMs = Date.parse(now) - Date.parse(starts.at(-1)?.endedAt ?? new Date(0).toISOString())
      if (holders.length === 0 && endedMs > 2 * afterReadyMs) await startPod()
      return undefined
    },
    60_000,
  )
  t.match(known, { workload: 'shop/ReplicaSet/web', starts: 1 })
  const { reserve = 0 } = known ?? {}
  t.ok(reserve >= 0.25 && reserve <= 1, `${reserve} of a core`)
})

t.test('a lock that is told not to, a strict one, and one without a cluster learn nothing', async (t) => {
  for (const flags of [['--learn', 'off'], ['--strict']]) {
    const { lock } = await start(t, await startFakeApiServer(t), flags)
    t.equal((await stateOf(t, lock)).workloads, undefined, flags.join(' '))
  }
  t.equal((await stateOf(t, await startLock(t, []))).workloads, undefined)
})

async function start(t: Test, api: FakeApiServer, flags: readonly string[] = []): Promise<{ readonly lock: LockProcess; readonly list: FakeRequest }> {
  const kubeconfig = join(t.testdir({}), 'kubeconfig')
  writeFileSync(kubeconfig, api.config.exportConfig())
  const lock = await startLock(t, ['--kubeconfig', kubeconfig, '--node', 'n1', ...flags])
  return { lock, list: await api.next('/api/v1/pods') }
}

async function stateOf(t: Test, lock: LockProcess): Promise<StateView> {
  return JSON.parse((await ask(t, lock, '/v1/state')).body)
}
