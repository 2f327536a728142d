import { availableParallelism } from 'node:os'
import t, { type Test } from 'tap'
import type { StartState } from '../../src/lock/state-view.ts'
import { until } from '../support/until.ts'
import { mustCluster } from './support/command.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { allReady, deployment, isUp, podsOf, readyAt, readyContainers, restarts, sleeping, startsOf } from './support/starters.ts'
import { apply, kubectl, lockState, makeNamespace, setValues, startUsher } from './support/usher.ts'

await startUsher(t)
showLogsOfFailure(t)

const strict = ['lock.strict=true', 'lock.locks=1']

t.test('strictly with one permit, eight slow starters start one after the other, each when the one before is up', async (t) => {
  await setValues(strict)
  await makeNamespace(t, 'turn-strict')
  await apply(deployment({ namespace: 'turn-strict', name: 'slow', replicas: 8 }))
  await isUp('turn-strict', 'slow')
  await follows(t, await startsOf('turn-strict', 8), 'turn-strict')
  t.equal(await restarts('turn-strict'), 0)
})

t.test('by default they start as fast as the cores allow, and no faster', async (t) => {
  await setValues([])
  await makeNamespace(t, 'turn-default')
  await apply(deployment({ namespace: 'turn-default', name: 'slow', replicas: 8 }))
  await isUp('turn-default', 'slow')
  const starts = await startsOf('turn-default', 8)
  const floor = starts.filter(({ grant }) => grant === 'floor')
  for (const [index, { grantedAt }] of floor.entries()) {
    t.ok(Date.parse(grantedAt) >= Date.parse(floor[index - 1]?.endedAt ?? grantedAt), 'within the floor one after the other')
  }
  for (const { grant, grantedAt } of starts) {
    if (grant !== 'idle-core') continue
    const at = Date.parse(grantedAt)
    const isYoung = (each: StartState): boolean => Date.parse(each.grantedAt) <= at && Date.parse(each.grantedAt) > at - 1_450
    const young = starts.filter((each) => isYoung(each) && Date.parse(each.endedAt ?? '') > at)
    t.ok(young.length <= availableParallelism() / 0.8, `within 1.5 s no more than there are cores: ${young.length}`)
  }
  t.same(new Set(starts.map(({ cause }) => cause)), new Set(['ready']))
  t.comment(`granted: ${starts.map(({ grant }) => grant).join(', ')}`)
})

t.test('without the label they start together', async (t) => {
  await makeNamespace(t, 'turn-none', {})
  await apply(deployment({ namespace: 'turn-none', name: 'slow', replicas: 8 }))
  await isUp('turn-none', 'slow')
  t.same((await podsOf('turn-none')).flatMap(({ spec }) => spec.initContainers ?? []), [])
  t.equal((await lockState()).starts.filter(({ pod }) => pod?.startsWith('turn-none/') === true).length, 0)
})

t.test('pods without probes are taken to start for ten seconds; the lock says so', async (t) => {
  await setValues(strict)
  await makeNamespace(t, 'turn-blind')
  await apply(deployment({ namespace: 'turn-blind', name: 'blind', replicas: 2, probe: null }))
  await isUp('turn-blind', 'blind')
  const [first, second] = await startsOf('turn-blind', 2)
  t.equal(first?.cause, 'blind-hold')
  t.ok(Date.parse(first?.endedAt ?? '') - Date.parse(first?.grantedAt ?? '') >= 10_000)
  t.ok(Date.parse(second?.grantedAt ?? '') >= Date.parse(first?.endedAt ?? ''))
})

t.test('after a reboot of their node, grants follow readiness, in the order of priority, then of arrival', async (t) => {
  await setValues(strict)
  await makeNamespace(t, 'turn-reboot')
  await apply({ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'turn-first' }, value: 1_000 })
  t.teardown(() => kubectl(['delete', 'priorityclass', 'turn-first']))
  await apply(deployment({ namespace: 'turn-reboot', name: 'slow', replicas: 5 }))
  await isUp('turn-reboot', 'slow')
  // Younger pods: the kubelet starts them last.
  await apply(deployment({ namespace: 'turn-reboot', name: 'urgent', replicas: 3, priorityClassName: 'turn-first' }))
  await isUp('turn-reboot', 'urgent')
  const before = await readyContainers('turn-reboot')
  t.equal(before.length, 8)
  const rebootedAt = Date.now()
  await mustCluster('reboot-node')
  await until('the lock runs again', async () => (await lockState().catch(() => undefined)) !== undefined, 60_000)
  const starts = (await startsOf('turn-reboot', 8)).filter(({ grantedAt }) => Date.parse(grantedAt) > rebootedAt)
  t.equal(starts.length, 8)
  await allReady('turn-reboot')
  await follows(t, starts, 'turn-reboot')
  inOrder(t, starts)
  t.same((await readyContainers('turn-reboot')).filter((id) => before.includes(id)), [], 'all their containers are new')
})

// The last one: whoever holds the lock for long outlasts it.
t.test('on an idle node a scale-up is not delayed, though somebody holds the lock for long', async (t) => {
  await setValues([])
  await makeNamespace(t, 'turn-scale')
  await apply(deployment({ namespace: 'turn-scale', name: 'idle', replicas: 1, script: sleeping(3_600_000) }))
  await until('it holds the lock', async () => (await lockState()).holders.some(({ pod }) => pod?.startsWith('turn-scale/idle') === true), 60_000)
  const isIdle = async (): Promise<boolean> => ((await lockState()).load?.idleCores ?? 0) > 1.2
  const idle = await until('the node is idle', isIdle, idleWithinMs).catch(() => false)
  if (!idle) {
    t.pass('no idle node', { skip: `in ${idleWithinMs / 1_000} s the machine was never idle: something else uses its CPUs` })
    return
  }
  await apply(deployment({ namespace: 'turn-scale', name: 'web', replicas: 1 }))
  await isUp('turn-scale', 'web')
  const second = (await startsOf('turn-scale', 1)).find(({ pod }) => pod?.startsWith('turn-scale/web') === true)
  t.equal(second?.grant, 'idle-core')
  t.comment(`it waited ${second === undefined ? '?' : Date.parse(second.grantedAt) - Date.parse(second.arrivedAt)} ms`)
})

// Whatever else goes on on this machine.
const idleWithinMs = 120_000

/** Each is granted once the one before is up, by its status, too. */
async function follows(t: Test, starts: readonly StartState[], namespace: string): Promise<void> {
  const up = new Map((await podsOf(namespace)).map((pod) => [`${namespace}/${pod.metadata.name}`, readyAt(pod)]))
  t.same(new Set(starts.map(({ grant, cause }) => `${grant} ${cause}`)), new Set(['floor ready']))
  for (const [index, { grantedAt }] of starts.entries()) {
    const before = starts[index - 1]
    if (before === undefined) continue
    t.ok(Date.parse(grantedAt) >= Date.parse(before.endedAt ?? ''), `${before.pod} has ended its turn before ${starts[index]?.pod}`)
    // The status has whole seconds, rounded down.
    t.ok(Date.parse(grantedAt) >= (up.get(before.pod ?? '') ?? Infinity), `${before.pod} was up before ${starts[index]?.pod} had its turn`)
  }
}

/** Of those who waited at each grant, nobody had a higher priority, or the same and had come earlier. */
function inOrder(t: Test, starts: readonly StartState[]): void {
  const rank = ({ pod }: StartState): number => (pod?.includes('/urgent-') === true ? 1 : 0)
  for (const [index, start] of starts.entries()) {
    const passed = starts.slice(index + 1).filter(({ arrivedAt }) => arrivedAt < start.grantedAt)
    const wrong = passed.filter((other) => rank(other) > rank(start) || (rank(other) === rank(start) && other.arrivedAt < start.arrivedAt))
    t.same(wrong.map(({ pod }) => pod), [], `nobody was passed over by ${start.pod}`)
  }
}
