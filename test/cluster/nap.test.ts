import t from 'tap'
import { until } from '../support/until.ts'
import { failedHooks, leave, readLeaver, runLeaver, timeOf } from './support/leaver.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { kubectl, makeNamespace, startUsher, tryKubectl } from './support/usher.ts'

await startUsher(t)
showLogsOfFailure(t)
const namespace = 'nap'
await makeNamespace(t, namespace)

const napSeconds = 3
// The turn is short, for there is none to be shared here.
const short = { 'usher.dev/nap': `${napSeconds}s`, 'usher.dev/lock-lease': '1s' }
const hooks = {
  native: { sleep: { seconds: napSeconds } },
  exec: { exec: { command: ['/usher/nap', String(napSeconds)] } },
}

for (const method of ['exec', 'native'] as const) {
  const annotations = { ...short, 'usher.dev/nap-method': method }

  t.test(`an image without a shell naps by the ${method} method: its endpoint is gone before SIGTERM comes`, async (t) => {
    const name = `plain-${method}`
    const { spec } = await runLeaver({ namespace, name, annotations })
    t.match(spec.containers[0]?.lifecycle, { preStop: hooks[method] })
    const shell = await tryKubectl(['exec', '--namespace', namespace, name, '--', 'sh', '-c', 'true'])
    t.not(shell.code, 0, 'there is no shell')
    const { deletedAt, unreadyAt, terminatedAt, pod } = await leave(t, { namespace, name })
    t.comment(`after its deletion: unready ${unreadyAt - deletedAt} ms, SIGTERM ${terminatedAt - deletedAt} ms`)
    t.ok(terminatedAt - deletedAt >= napSeconds * 1_000, 'SIGTERM comes after the nap')
    t.ok(unreadyAt <= terminatedAt, 'the endpoint is gone by then')
    t.equal(pod.metadata.deletionGracePeriodSeconds, 30 + napSeconds, 'the time to end is as long as without a nap')
    t.same(await failedHooks({ namespace, name }), [])
  })

  t.test(`a container that fails its liveness probe, whose grace period is short, naps by the ${method} method, and on deletion, too`, async (t) => {
    const name = `probed-${method}`
    const { spec, status } = await runLeaver({ namespace, name, annotations, probeGraceSeconds: 1 })
    t.equal(spec.containers[0]?.livenessProbe?.terminationGracePeriodSeconds, 1 + napSeconds)
    await (await fetch(`http://${status.podIP}:8080/break`)).text()
    const [restarted] = await until('it is restarted', async () => {
      const { containerStatuses } = (await readLeaver({ namespace, name })).status
      return containerStatuses[0]?.restartCount === 1 && containerStatuses
    })
    t.equal(restarted?.lastState.terminated?.exitCode, 0, 'it ended by itself, and was not killed')
    const lines = (await kubectl(['logs', '--previous', '--namespace', namespace, name])).split('\n')
    const [brokenAt, restartedAt] = ['broken', 'SIGTERM'].map((what) => timeOf(lines.find((line) => line.startsWith(what)) ?? ''))
    t.ok((restartedAt ?? 0) - (brokenAt ?? 0) >= napSeconds * 1_000, 'SIGTERM comes after the nap')

    await kubectl(['wait', '--for=condition=Ready', '--namespace', namespace, `pod/${name}`, '--timeout=90s'])
    const { deletedAt, unreadyAt, terminatedAt } = await leave(t, { namespace, name })
    t.ok(terminatedAt - deletedAt >= napSeconds * 1_000, 'on deletion, too')
    t.ok(unreadyAt <= terminatedAt)
    t.same(await failedHooks({ namespace, name }), [])
  })
}

t.test('where only the nap is wanted, the exec method brings its binary without a turn', async (t) => {
  const name = 'no-lock'
  const annotations = { ...short, 'usher.dev/nap-method': 'exec', 'usher.dev/lock': 'disabled' }
  const { spec } = await runLeaver({ namespace, name, annotations })
  t.match(spec.initContainers, [{ name: 'usher-lock', args: ['--install-nap=/usher/nap', '--no-lock'] }])
  const { deletedAt, terminatedAt } = await leave(t, { namespace, name })
  t.ok(terminatedAt - deletedAt >= napSeconds * 1_000)
  t.same(await failedHooks({ namespace, name }), [])
})
