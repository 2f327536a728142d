import t from 'tap'
import { until } from '../support/until.ts'
import { mustCluster } from './support/command.ts'
import { anonymousMemory, lockProcess } from './support/lock-process.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { burning, deployment, isUp, podsOf, type StartedPod, startsNow } from './support/starters.ts'
import { apply, list, lockState, makeNamespace, startUsher } from './support/usher.ts'
import { watchStarts } from './support/watch-starts.ts'

await startUsher(t, { values: ['lock.locks=2'] })
showLogsOfFailure(t)

// The kubelet's default.
const podsOfANode = 110
const mostMemory = 40 * 1_024 * 1_024
// Each of them takes one or two seconds in which the kubelet makes it, on a machine of its own.
const allWithinSeconds = 900

t.test('on a node that is full all get ready, after a reboot too, and the lock stays small', async (t) => {
  await makeNamespace(t, 'full')
  const others = (await list('get', 'pods', '--all-namespaces')).length
  const count = podsOfANode - others
  await apply(deployment({ namespace: 'full', name: 'web', replicas: count, script: burning(10) }))
  await isUp('full', 'web', allWithinSeconds)
  t.equal((await list('get', 'pods', '--all-namespaces', '--field-selector', 'spec.nodeName=node-1')).length, podsOfANode)
  small('after the first start')

  const watched = await watchStarts(t, 'full')
  watched.rebooted()
  await mustCluster('reboot-node')
  await until('all are up again', () => watched.upCount() === count, allWithinSeconds * 1_000)
  small('after a boot')
  await until('all turns have ended', async () => (await lockState()).holders.length === 0, 60_000)
  const starts = await startsNow('full')
  const had = new Set(starts.map(({ pod }) => pod))
  const without = (await podsOf('full')).filter(({ metadata }) => !had.has(`full/${metadata.name}`))
  t.same(without.map(lastWords), [], 'each has had its turn')
  t.equal(starts.length, had.size, 'and one alone')
  for (const [index, start] of starts.entries()) {
    const passed = starts.slice(index + 1).filter(({ arrivedAt }) => arrivedAt < start.arrivedAt)
    if (passed.length > 0) t.fail(`${start.pod} came later than ${passed.length} that were granted after it`)
  }
  t.match(await lockState(), { holders: [], waiters: [], pods: { state: 'connected', known: podsOfANode } })

  function small(when: string): void {
    const bytes = anonymousMemory(lockProcess() ?? 0)
    t.comment(`${when} the lock has ${(bytes / 1_048_576).toFixed(1)} MiB of anonymous memory`)
    t.ok(bytes <= mostMemory, `at most ${mostMemory} bytes ${when}`)
  }
})

/** What a pod's init container has said in the end. */
function lastWords({ metadata, status }: StartedPod): string {
  const { state } = status.initContainerStatuses?.find(({ name }) => name === 'usher-lock') ?? {}
  return `${metadata.name}: ${state?.terminated?.message ?? 'no words'}`
}
