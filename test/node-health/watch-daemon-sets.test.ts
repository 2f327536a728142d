import t, { type Test } from 'tap'
import { Boot } from '../../src/node-health/boot.ts'
import { DaemonSetHealth, type NodeLook } from '../../src/node-health/daemon-set-health.ts'
import { noFilter } from '../../src/node-health/filter.ts'
import { watchDaemonSets } from '../../src/node-health/watch-daemon-sets.ts'
import type { Asked } from '../../src/units/asked.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { daemonPodJson, daemonSetJson, nodeJson } from '../support/daemon-json.ts'
import { FakeClock } from '../support/fake-clock.ts'

const [failPauseMs, passPauseMs] = [10_000, 60_000]
const failed = { kind: 'failed', error: new Error('connection refused') } as const
const ready = daemonPodJson('cni', { startedAt: new Date(Date.now() - 1_000) })

const found: Asked<NodeLook> = { kind: 'told', value: { node: nodeJson('n1'), daemonSets: [daemonSetJson('cni')] } }

function watch(t: Test, failPause = failPauseMs, look = found) {
  const clock = new FakeClock()
  const answers = {
    look,
    pods: { kind: 'told', value: [] } as Asked<readonly JsonObject[]>,
  }
  const told: string[] = []
  let looks = 0
  const source = {
    look: async () => {
      looks++
      return answers.look
    },
    pods: async () => answers.pods,
  }
  const health = new DaemonSetHealth({ filter: noFilter, boot: new Boot(() => ({ wallMs: Date.now(), uptimeMs: 60_000 + clock.now() })), ownPod: undefined })
  const stop = watchDaemonSets(
    { source, health, failPauseMs: failPause, passPauseMs, clock },
    { judged: ({ healthy }) => told.push(healthy ? 'healthy' : 'missing'), failed: ({ kind }) => told.push(kind) },
  )
  t.teardown(stop)
  return { clock, answers, told, stop, looks: () => looks }
}

/** Lets what was answered at once be heard. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

t.test('looks at once, and pauses as long as what it found says', async (t) => {
  const { clock, answers, told, looks } = watch(t)
  await settle()
  t.strictSame(told, ['missing'])
  clock.advance(failPauseMs - 1)
  t.equal(looks(), 1)
  answers.pods = { kind: 'told', value: [ready, { metadata: {} }] }
  clock.advance(1)
  await settle()
  t.strictSame(told, ['missing', 'healthy'])
  clock.advance(passPauseMs - 1)
  t.equal(looks(), 2)
  clock.advance(1)
  t.equal(looks(), 3)
})

t.test('a look that fails says so, whatever was found before, and is made again soon', async (t) => {
  const { clock, answers, told } = watch(t)
  answers.pods = { kind: 'told', value: [ready] }
  await settle()
  for (const [name, answer, expected] of [
    ['look', failed, 'failed'],
    ['look', { kind: 'denied', error: new Error('no') }, 'denied'],
    ['look', found, 'healthy'],
    ['pods', { kind: 'denied', error: new Error('no') }, 'denied'],
    ['pods', failed, 'failed'],
  ] as const) {
    Object.assign(answers, { [name]: answer })
    clock.advance(told.at(-1) === 'healthy' ? passPauseMs : failPauseMs)
    await settle()
    t.equal(told.at(-1), expected)
  }
})

t.test('an answer that holds no node is a failure', async (t) => {
  const { told } = watch(t, failPauseMs, { kind: 'told', value: { node: {}, daemonSets: [] } })
  await settle()
  t.strictSame(told, ['failed'])
})

t.test('a pause of nothing is still one', async (t) => {
  const { clock, looks } = watch(t, 0)
  await settle()
  clock.advance(999)
  t.equal(looks(), 1)
  clock.advance(1)
  t.equal(looks(), 2)
})

t.test('once it is stopped it does nothing more, and tells nothing', async (t) => {
  const { clock, told, stop } = watch(t)
  stop()
  await settle()
  t.strictSame(told, [])
  t.equal(clock.pending, 0)
})
