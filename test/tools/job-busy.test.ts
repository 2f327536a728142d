import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { leaseMs } from '../../src/job/run/lease.ts'
import { jobObjects } from '../support/job-objects.ts'
import { valueAt } from '../support/pod-reader.ts'
import { until } from '../support/until.ts'
import { playDeployments } from './played-deployments.ts'
import { asAccount, startJobStage } from './job-stage.ts'

const stage = await startJobStage(t)
const { begin, change, content, deployment, image, shell } = stage
const waitMs = 60_000

t.test('of two runs at once one wins, and the other one says who', async (t) => {
  await stage.namespace(t, 'race')
  const both = await Promise.all(['app:1', 'app:2'].map((image) => change('race', 'web', jobObjects('web', { namespace: 'race', image, replicas: 1 }))))
  const codes = both.map(({ code }) => code).toSorted((left, right) => Number(left) - Number(right))
  t.strictSame(codes, [0, 4], both.map(({ stdout, stderr }) => stdout + stderr).join('\n'))
  const loser = both.find(({ code }) => code === 4)
  t.match(loser?.stdout, /"type": "https:\/\/usher\.dev\/docs\/errors#job-busy"[^]*"holder": ".+@.+"/)
})

t.test('while one runs, another one is rejected as soon as its lease is renewed', async (t) => {
  const played = await stage.namespace(t, 'busy')
  played.isUp = false
  const first = begin(t, 'busy', 'web', jobObjects('web', { namespace: 'busy' }))
  await until('it is put in', async () => await deployment('busy'), waitMs)
  const second = await change('busy', 'web', jobObjects('web', { namespace: 'busy', image: 'app:2' }))
  t.match(second, { code: 4, stderr: /^job web: .+@.+ is changing job web\. Nothing was changed\. Try again/m })
  played.isUp = true
  t.match(await first.ended, { code: 0 }, first.stderr())
})

t.test('a run that was killed in the middle: the next one succeeds, and goes on where that was', async (t) => {
  const played = await stage.namespace(t, 'killed')
  t.match(await change('killed', 'web', jobObjects('web', { namespace: 'killed' })), { code: 0 })
  played.isUp = false
  const objects = jobObjects('web', { namespace: 'killed', image: 'app:2', extra: ['more'] })
  const killed = begin(t, 'killed', 'web', objects)
  await until('it is put in', async () => (await image('killed')) === 'app:2', waitMs)
  killed.kill('SIGKILL')
  await killed.ended
  t.match((await shell.run('usher job history web -n killed')).stdout, /^2 +pending/m)
  played.isUp = true
  const from = performance.now()
  const next = await change('killed', 'web', objects)
  t.match(next, { code: 0, stdout: /has begun to run job web at .*; looking whether they are there still\n[^]*they are not; going on from there\n[^]*job web runs: revision 2/ }, next.stderr)
  t.ok(performance.now() - from < leaseMs + 30_000)
  t.match((await shell.run('usher job history web -n killed')).stdout, /^2 +deployed[^]*^1 +superseded/m)
})

t.test('a run that was killed, and another job file: that fails, and what was deployed last is back', async (t) => {
  const played = await stage.namespace(t, 'killed-2')
  t.match(await change('killed-2', 'web', jobObjects('web', { namespace: 'killed-2' })), { code: 0 })
  const before = await content('killed-2')
  played.isUp = false
  const killed = begin(t, 'killed-2', 'web', jobObjects('web', { namespace: 'killed-2', image: 'app:2', setting: 'c', extra: ['stray'] }))
  await until('it is put in', async () => (await image('killed-2')) === 'app:2', waitMs)
  killed.kill('SIGKILL')
  await killed.ended
  const next = await change('killed-2', 'web', jobObjects('web', { namespace: 'killed-2', image: 'bad:3' }), { timeoutMs: 2_000 })
  t.match(next, { code: 5, stdout: /revision 3 of job web has failed, and revision 1 is back/ }, next.stderr)
  t.strictSame(await content('killed-2'), before, 'what the killed one has left is gone, too')
})

t.test('Ctrl-C detaches: it goes on unwatched, and the next run takes it for deployed when it is healthy', async (t) => {
  const played = await stage.namespace(t, 'detached')
  played.isUp = false
  const running = begin(t, 'detached', 'web', jobObjects('web', { namespace: 'detached' }))
  await until('it is watched', () => running.stdout().includes('0 of 2 instances are healthy'), waitMs)
  running.kill('SIGINT')
  t.match(await running.ended, { code: 1 })
  t.match(running.stdout(), /goes on without being watched: usher job status web shows it, and nothing is rolled back/)
  t.match((await shell.run('usher job history web -n detached')).stdout, /^1 +pending \(nobody watches it\)/m)
  played.isUp = true
  await until('it is healthy', async () => valueAt(await deployment('detached'), 'status', 'availableReplicas') === 2, waitMs)
  const before = await content('detached')
  const next = await change('detached', 'web', jobObjects('web', { namespace: 'detached', image: 'bad:2' }), { timeoutMs: 2_000 })
  t.match(next, { code: 5, stdout: /revision 2 of job web has failed, and revision 1 is back/ }, next.stderr)
  t.notMatch(next.stdout, /looking whether/, 'nobody is waited for')
  t.strictSame(await content('detached'), before)
})

t.test('what was detached is what is scaled, whether it is healthy by then or not, and what a rollback goes back from', async (t) => {
  const played = await stage.namespace(t, 'left')
  t.match(await change('left', 'web', jobObjects('web', { namespace: 'left' })), { code: 0 })
  played.isUp = false
  await detach(t, 'left', 'app:2')
  played.isUp = true
  t.match(await shell.run('usher job scale web 3 -n left'), { code: 0, stdout: /revision 3, 3 instances/ })
  t.equal(await image('left'), 'app:2')

  played.isUp = false
  await detach(t, 'left', 'app:4')
  played.isUp = true
  await until('it is healthy', async () => valueAt(await deployment('left'), 'status', 'updatedReplicas') === 2 && valueAt(await deployment('left'), 'status', 'availableReplicas') === 2, waitMs)
  t.match(await shell.run('usher job rollback web -n left'), { code: 0, stdout: /revision 5, 3 instances/ })
  t.equal(await image('left'), 'app:2')
})

/** Runs another image, and goes away while it is waited for. */
async function detach(t: Test, namespace: string, image: string): Promise<void> {
  const running = begin(t, namespace, 'web', jobObjects('web', { namespace, image }))
  await until('it is watched', () => running.stdout().includes('of this revision'), waitMs)
  running.kill('SIGINT')
  t.match(await running.ended, { code: 1 })
}

t.test('a lease that somebody has written who has not won the ledger is taken back; who has won it has the job', async (t) => {
  const played = await stage.namespace(t, 'stolen')
  played.isUp = false
  const path = '/apis/coordination.k8s.io/v1/namespaces/stolen/leases/usher-job.web'
  const holderOf = async (): Promise<unknown> => valueAt(await stage.find(path), 'spec', 'holderIdentity')
  const running = begin(t, 'stolen', 'web', jobObjects('web', { namespace: 'stolen' }))
  const own = await until('the lease is written', holderOf, waitMs)
  await stage.send('PATCH', path, { spec: { holderIdentity: 'somebody' } })
  await until('it is taken back', async () => (await holderOf()) === own, waitMs)
  played.isUp = true
  t.match(await running.ended, { code: 0 }, running.stdout() + running.stderr())
})

t.test('who may write no lease is no danger to others: what takes longer than 10 s ends, and is set back', async (t) => {
  const played = await stage.namespace(t, 'leaseless')
  await shell.read('kubectl create serviceaccount few -n leaseless && kubectl create role few -n leaseless --verb "*" --resource secrets,configmaps,services,deployments.apps,pods,events && kubectl create rolebinding few -n leaseless --role few --serviceaccount leaseless:few')
  const kubeconfig = join(t.testdir({}), 'kubeconfig')
  writeFileSync(kubeconfig, await asAccount(stage.server, shell, 'leaseless', 'few'), { mode: 0o600 })
  t.match(await change('leaseless', 'web', jobObjects('web', { namespace: 'leaseless' }), { kubeconfig }), { code: 0 }, 'what is done by then needs none')
  const before = await content('leaseless')
  played.isUp = false
  const run = await change('leaseless', 'web', jobObjects('web', { namespace: 'leaseless', image: 'app:2' }), { kubeconfig })
  t.match(run, { code: 5, stdout: /the lease of job web: .*cannot patch resource "leases".*have the right given to you[^]*revision 1 is back/ }, run.stdout + run.stderr)
  t.strictSame(await content('leaseless'), before)
})

t.test('an API server that is away for a while: the run goes on when it is back', async (t) => {
  const played = await stage.namespace(t, 'away')
  played.isUp = false
  const running = begin(t, 'away', 'web', jobObjects('web', { namespace: 'away' }))
  await until('it is watched', () => running.stdout().includes('0 of 2 instances are healthy'), waitMs)
  await played.stop()
  await stage.server.stop()
  await until('it says that it cannot be watched', () => running.stdout().includes('cannot be watched'), waitMs)
  await stage.server.start()
  playDeployments(t, stage.server, 'away')
  t.match(await running.ended, { code: 0 }, running.stdout() + running.stderr())
  t.match(running.stdout(), /job web runs: revision 1/)
})
