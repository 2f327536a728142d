import t from 'tap'
import { findHang, goesOn } from '../../src/rescue/hang.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { condition, hang, type HangingParts, hangingPod, later, scheduledAt, waiting } from '../support/hanging-pod.ts'
import { finished } from '../support/pod-json.ts'

/** What hangs of a pod after so many seconds, with the bound of 20 s. */
const find = (parts: HangingParts, seconds: number) => findHang(hangingPod(parts), { nowMs: later(seconds), afterMs: 20_000 })

/** The first of these seconds after which it counts as hanging. */
function firstOf(parts: HangingParts, ...seconds: readonly number[]): number | undefined {
  return seconds.find((each) => find(parts, each) !== undefined)
}

t.test('a pod whose usher-lock cannot be started hangs after 20 s, for the reason of its kubelet', async (t) => {
  t.equal(find({}, 19), undefined)
  t.strictSame(find({}, 20), hang())
  for (const why of ['ErrImagePull', 'InvalidImageName', 'ErrImageNeverPull', 'CreateContainerConfigError', 'CreateContainerError', 'RunContainerError', 'CrashLoopBackOff']) {
    t.match(find({ state: waiting(why) }, 20), { kind: 'failing', why }, why)
  }
  t.match(find({ state: { terminated: { exitCode: 128, reason: 'StartError' } } }, 20), { kind: 'failing', why: 'StartError' }, 'between two attempts')
})

t.test('a pod whose usher-lock has not been started hangs after two minutes, where it has a sandbox', async (t) => {
  for (const state of [undefined, waiting('PodInitializing')]) {
    t.equal(firstOf({ state }, 20, 119, 120), 120)
    t.match(find({ state }, 120), { kind: 'not-started', why: 'NotStarted' })
    const without = { conditions: [condition('PodScheduled'), condition('PodReadyToStartContainers', 'False')] }
    t.equal(find({ state, status: without }, 600), undefined, 'volumes and network are not ours')
    t.equal(firstOf({ state, status: { conditions: [condition('PodScheduled')] } }, 20, 120), 120, 'older kubelets do not tell of a sandbox')
  }
})

t.test('a pod whose usher-lock does not end hangs a minute after its longest wait', async (t) => {
  const running = { running: { startedAt: scheduledAt } }
  const withArgs = (...args: readonly string[]): HangingParts => ({ state: running, spec: { initContainers: [{ name: 'usher-lock', image: 'usher-wait:1', args }] } })
  t.equal(firstOf(withArgs('--max-wait=90s'), 120, 149, 150), 150)
  t.match(find(withArgs('--max-wait=90s'), 150), { kind: 'overdue', why: 'Overdue', sinceMs: Date.parse(scheduledAt) })
  t.equal(firstOf(withArgs(), 240, 299, 300), 300, 'four minutes, where it does not say')
  t.equal(firstOf(withArgs('--max-wait=soon'), 240, 300), 300, 'nor can be read')
  t.equal(firstOf(withArgs('--install-nap=/usher/nap', '--no-lock'), 59, 60), 60, 'it does not wait at all')
  t.equal(find(withArgs('--max-wait=0s'), 1e6), undefined, 'it may wait for ever')
})

t.test('others do not hang on usher-lock', async (t) => {
  const cases: Readonly<Record<string, HangingParts>> = {
    'not injected': { metadata: { annotations: {} } },
    'without our container': { spec: { initContainers: [{ name: 'other', image: 'x' }] } },
    'not scheduled': { spec: { nodeName: undefined } },
    'past it': { state: finished() },
    'up again': { status: { phase: 'Running' } },
    'on its way out': { metadata: { annotations: { 'usher.dev/status': '{}' }, deletionTimestamp: scheduledAt } },
  }
  for (const [what, parts] of Object.entries(cases)) t.equal(find(parts, 1e6), undefined, what)
  t.equal(findHang({}, { nowMs: later(1e6), afterMs: 0 }), undefined)
})

t.test('the turn of usher-lock comes after the init containers before it', async (t) => {
  const spec = { initContainers: [{ name: 'migrate', image: 'x' }, { name: 'proxy', image: 'y', restartPolicy: 'Always' }, { name: 'usher-lock', image: 'usher-wait:1' }] }
  const migrate = (ready: boolean): JsonObject => ({ name: 'migrate', ready, state: ready ? { terminated: { exitCode: 0, finishedAt: '2026-11-25T10:01:03Z' } } : { running: {} } })
  const proxy = (started: boolean): JsonObject => ({ name: 'proxy', started, state: { running: { startedAt: '2026-11-25T10:02:03Z' } } })
  const state = waiting('PodInitializing')
  for (const statuses of [[], [migrate(false)], [migrate(true)], [migrate(true), proxy(false)]]) t.equal(find({ spec, state, statuses }, 1e6), undefined)
  const statuses = [migrate(true), proxy(true)]
  t.equal(firstOf({ spec, state, statuses }, 239, 240), 240, 'two minutes after the last of them')
  t.equal(firstOf({ spec, statuses }, 139, 140), 140, 'twenty seconds after it')
})

t.test('after a reboot the time counts from the new sandbox', async (t) => {
  const status = { conditions: [condition('PodScheduled'), condition('PodReadyToStartContainers', 'True', '2026-11-25T11:00:03Z')] }
  t.equal(firstOf({ status }, 3_619, 3_620), 3_620)
})

t.test('a pod is of the owner that controls it, and a static one of nobody', async (t) => {
  const owned = (kind: string, controller: boolean) => find({ metadata: { ownerReferences: [{ apiVersion: 'v1', kind, name: 'x', uid: 'u', controller }] } }, 20)?.owner
  t.strictSame(owned('ReplicationController', true), { apiVersion: 'v1', kind: 'ReplicationController', name: 'x', uid: 'u' })
  t.strictSame([owned('ReplicationController', false), owned('Node', true)], [undefined, undefined])
})

t.test('a pod goes on when its usher-lock runs, or is over', async (t) => {
  const after = (before: Partial<Parameters<typeof hang>[0]>, parts: HangingParts) => goesOn(hang(before), hangingPod(parts))
  const running = (startedAt: string): HangingParts => ({ state: { running: { startedAt } } })
  t.equal(after({}, {}), undefined)
  t.equal(after({}, { state: undefined }), undefined)
  t.equal(after({}, running(scheduledAt)), 'runs usher-lock')
  t.equal(after({}, { state: finished() }), 'is past usher-lock')
  t.equal(after({ kind: 'overdue' }, running(scheduledAt)), undefined, 'the container that has not ended')
  t.equal(after({ kind: 'overdue' }, running('2026-11-25T10:10:00Z')), 'runs usher-lock')
  t.equal(after({}, { metadata: { deletionTimestamp: scheduledAt } }), 'is being deleted')
  t.equal(goesOn(hang(), undefined), 'is gone')
  t.equal(goesOn(hang({ uid: 'another' }), hangingPod()), 'is gone')
})
