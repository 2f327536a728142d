import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { nodeImage } from './images/node.ts'
import { mustCluster } from './support/command.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { allReady, burning, deployment, isUp, podsOf, readyContainers, sleeping, startsOf } from './support/starters.ts'
import { apply, kubectl, lockState, makeNamespace, startUsher } from './support/usher.ts'

await startUsher(t, { values: ['lock.strict=true', 'lock.locks=1', 'lock.gates.daemonSets.enabled=true'] })
showLogsOfFailure(t)

// From the start of its container until its pod is ready.
const agentMs = 10_000

const agent = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'agent', namespace: 'gates-agent' },
  spec: {
    selector: { matchLabels: { app: 'agent' } },
    template: {
      metadata: { labels: { app: 'agent' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        tolerations: [{ operator: 'Exists' }],
        containers: [
          {
            name: 'main',
            image: nodeImage,
            imagePullPolicy: 'Never',
            args: ['-e', sleeping(agentMs)],
            readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
          },
        ],
      },
    },
  },
}

t.test('after a reboot nobody is granted before the DaemonSet’s pod of this boot is ready; then all start', async (t) => {
  await makeNamespace(t, 'gates-agent', {})
  await apply(agent)
  await kubectl(['rollout', 'status', '--namespace', 'gates-agent', 'daemonset/agent', '--timeout=120s'])
  await makeNamespace(t, 'gates')
  await apply(deployment({ namespace: 'gates', name: 'web', replicas: 4, script: burning(300) }))
  await isUp('gates', 'web')
  const before = [...(await readyContainers('gates')), ...(await readyContainers('gates-agent'))]
  t.equal(before.length, 5)

  const seen = watchGate(t)
  const rebootedAt = Date.now()
  await mustCluster('reboot-node')
  const starts = (await startsOf('gates', 4)).filter(({ grantedAt }) => Date.parse(grantedAt) > rebootedAt)
  t.equal(starts.length, 4)
  await allReady('gates')
  await allReady('gates-agent')
  const after = [...(await readyContainers('gates')), ...(await readyContainers('gates-agent'))]
  t.same(after.filter((id) => before.includes(id)), [], 'all containers are new')

  // Whole seconds, rounded down.
  const startedAt = await agentStartedAt()
  t.ok(startedAt > rebootedAt - 1_000)
  for (const { pod, grantedAt } of starts) {
    t.ok(Date.parse(grantedAt) >= startedAt + agentMs, `${pod} was granted ${Date.parse(grantedAt) - startedAt} ms after the agent had started`)
  }
  t.ok([...seen].some((reason) => reason.startsWith('closed: 1 of 1 not ready: gates-agent/agent (')), `the gate says what it waits for: ${[...seen].join('; ')}`)
  t.ok([...seen].includes('open: all 1 ready'))
  t.match(await waiterLogs(), /daemonsets \(1 of 1 not ready: gates-agent\/agent/, 'and so do those who waited')
  t.comment(`the gate: ${[...seen].join('; ')}`)
})

/** What the gate says, from now to the end of the test: `open: …` or `closed: …`. */
function watchGate(t: Test): ReadonlySet<string> {
  const seen = new Set<string>()
  const over = new AbortController()
  t.teardown(() => over.abort())
  async function look(): Promise<void> {
    while (!over.signal.aborted) {
      // One after the other; while the node is down, nobody answers.
      // oxlint-disable-next-line no-await-in-loop
      const state = await lockState().catch(() => undefined)
      const gate = state?.gates.find(({ name }) => name === 'daemonsets')
      if (gate !== undefined) seen.add(`${gate.open ? 'open' : 'closed'}: ${gate.reason}`)
      // oxlint-disable-next-line no-await-in-loop
      await pause(300)
    }
  }
  look().catch((error: unknown) => t.fail('the gate is not seen', { found: error }))
  return seen
}

/** When the container of the agent's pod began to run. */
async function agentStartedAt(): Promise<number> {
  const [pod] = await podsOf('gates-agent')
  return Date.parse(pod?.status.containerStatuses?.[0]?.state?.running?.startedAt ?? '')
}

/** What the init containers of those who waited have said. */
async function waiterLogs(): Promise<string> {
  const names = (await podsOf('gates')).map(({ metadata }) => metadata.name)
  const logs = names.map((name) => kubectl(['logs', '--namespace', 'gates', name, '--container', 'usher-lock']))
  return (await Promise.all(logs)).join('\n')
}
