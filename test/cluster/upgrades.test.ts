import t from 'tap'
import { until } from '../support/until.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { burning, deployment, isUp, podsOf } from './support/starters.ts'
import { apply, kubectl, lockState, makeNamespace, setValues, startUsher, systemNamespace } from './support/usher.ts'
import { watchStarts } from './support/watch-starts.ts'

await startUsher(t, { values: ['lock.strict=true', 'lock.locks=1'] })
showLogsOfFailure(t)

t.test('the lock is upgraded while twenty pods wait: they go on one after the other, each once, all with the lock', async (t) => {
  await makeNamespace(t, 'upgraded')
  const watched = await watchStarts(t, 'upgraded')
  await apply(deployment({ namespace: 'upgraded', name: 'slow', replicas: 20, script: burning(100) }))
  await until('most of them wait', async () => (await lockState()).waiters.length >= 15, 120_000)
  await kubectl(['rollout', 'restart', '--namespace', systemNamespace, 'daemonset/usher-lock'])
  await isUp('upgraded', 'slow', 300)
  await until('that is told', () => watched.upCount() === 20)
  t.equal(watched.mostAtOnce(), 1)
  t.equal(new Set(watched.letIn()).size, 20)
  t.equal(watched.letIn().length, 20)
  const words = (await podsOf('upgraded')).map(({ status }) => status.initContainerStatuses?.[0]?.state?.terminated?.message ?? '')
  t.same(words.filter((message) => message.includes('without the startup lock')), [])
})

t.test('with tokens pods prove who they are, by what the kubelet gives them', async (t) => {
  await setValues(['lock.token=true', 'lock.unknown=refuse'])
  await makeNamespace(t, 'proved')
  // The API server keeps its connection to a webhook of before for as long as that lives.
  const probe = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'probe', namespace: 'proved' }, spec: { containers: [{ name: 'main', image: 'none' }] } }
  await until('the webhook gives tokens', async () => (await kubectl(['create', '--dry-run=server', '-o', 'json', '-f', '-'], JSON.stringify(probe))).includes('usher-token'), 60_000)
  await apply(deployment({ namespace: 'proved', name: 'web', replicas: 2, script: burning(100) }))
  await isUp('proved', 'web')
  for (const { status } of await podsOf('proved')) {
    t.match(status.initContainerStatuses?.[0]?.state?.terminated?.message, /^got the startup lock/)
  }
  t.match((await lockState()).starts.filter(({ pod }) => pod?.startsWith('proved/') === true), [{ cause: 'ready' }, { cause: 'ready' }])
  const metrics = await kubectl(['get', '--raw', `/api/v1/namespaces/${systemNamespace}/pods/${await lockPod()}:8888/proxy/metrics`])
  t.notMatch(metrics, /^usher_lock_tokens_refused_total\{/m, 'nobody came without')
})

async function lockPod(): Promise<string> {
  const name = await kubectl(['get', 'pods', '--namespace', systemNamespace, '--selector', 'app.kubernetes.io/component=lock', '-o', 'name'])
  return name.trim().split('/').at(-1) ?? ''
}
