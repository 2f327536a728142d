import pino from 'pino'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { buildDaemonSetMetrics } from '../../../src/lock/gates/daemon-sets-metrics.ts'
import { closedPauseMs, deniedForMs, leastLookPauseMs, openPauseMs, watchDaemonSetGate } from '../../../src/lock/gates/watch-daemon-sets.ts'
import { readPod } from '../../../src/lock/read-pod.ts'
import { Boot } from '../../../src/node-health/boot.ts'
import { DaemonSetHealth, type NodeLook } from '../../../src/node-health/daemon-set-health.ts'
import { type DaemonSetFilter, noFilter } from '../../../src/node-health/filter.ts'
import type { Asked } from '../../../src/units/asked.ts'
import type { JsonObject } from '../../../src/units/json.ts'
import { daemonPodJson, type DaemonPodParts, daemonSetJson, nodeJson } from '../../support/daemon-json.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakePods } from '../../support/fake-pods.ts'

const uptimeMs = 60_000
const afterBoot = (): Date => new Date(Date.now() - 5_000)
const beforeBoot = (): Date => new Date(Date.now() - 120_000)

/** A gate whose API server answers what the test says. */
class Gate {
  readonly clock = new FakeClock()
  readonly pods = new FakePods()
  readonly registry = new Registry()
  readonly told: string[] = []
  readonly logged: { readonly level: number; readonly msg: string; readonly err?: { readonly message: string } }[] = []
  answer: Asked<NodeLook> = { kind: 'told', value: { node: nodeJson('n1'), daemonSets: [] } }
  podsAnswer: Asked<readonly JsonObject[]> = { kind: 'told', value: [] }
  looks = 0

  constructor(t: Test, filter: Partial<DaemonSetFilter> = {}) {
    this.pods.state = 'starting'
    const log = pino({ base: null }, { write: (line: string) => void this.logged.push(JSON.parse(line)) })
    const clocks = () => ({ wallMs: Date.now(), uptimeMs: uptimeMs + this.clock.now() })
    this.#begin = () => {
      const stop = watchDaemonSetGate(
        {
          source: {
            look: async () => {
              this.looks++
              return this.answer
            },
            pods: async () => this.podsAnswer,
          },
          health: new DaemonSetHealth({ filter: { ...noFilter, ...filter }, boot: new Boot(clocks), ownPod: undefined }),
          pods: this.pods,
          clock: this.clock,
          random: () => 0.5,
          metrics: buildDaemonSetMetrics(this.registry),
          log,
        },
        (name, open, reason) => this.told.push(`${name} ${open ? 'open' : 'closed'}: ${reason}`),
      )
      t.teardown(stop)
      return stop
    }
  }

  readonly #begin: () => () => void

  /** Begins, with these DaemonSets or with what else comes of the first look; gives its end. */
  async start(found: readonly JsonObject[] | Asked<NodeLook>, sync = true): Promise<() => void> {
    if ('kind' in found) this.answer = found
    else this.there(found)
    const stop = this.#begin()
    if (sync) this.pods.sync()
    await settle()
    return stop
  }

  there(daemonSets: readonly JsonObject[], node: JsonObject = nodeJson('n1')): void {
    this.answer = { kind: 'told', value: { node, daemonSets } }
  }

  /** The pod of a DaemonSet is like that from now on. */
  put(owner: string, parts: DaemonPodParts = {}): void {
    const pod = readPod(daemonPodJson(owner, parts))
    if (pod === undefined) throw new Error(owner)
    this.pods.put(pod.uid, pod)
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms)
    await settle()
  }

  get last(): string | undefined {
    return this.told.at(-1)
  }
}

/** Lets what was answered at once be heard. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

t.test('after a reboot: closed until each DaemonSet has a pod that is ready since then', async (t) => {
  const gate = new Gate(t)
  gate.put('cni', { startedAt: beforeBoot() })
  gate.put('proxy', { startedAt: beforeBoot() })
  await gate.start([daemonSetJson('cni'), daemonSetJson('proxy')])
  t.strictSame(gate.told, [
    'daemonsets closed: the pods of the node are not known yet',
    'daemonsets closed: the DaemonSets are not known yet',
    'daemonsets closed: 2 of 2 not ready: kube-system/cni (ready before the boot), kube-system/proxy (ready before the boot)',
  ])
  gate.put('cni', { startedAt: afterBoot() })
  gate.put('proxy')
  t.equal(gate.last, 'daemonsets closed: 1 of 2 not ready: kube-system/proxy (not ready)')
  gate.put('proxy', { startedAt: afterBoot() })
  t.equal(gate.last, 'daemonsets open: all 2 ready', 'at the very change')
  t.equal(gate.looks, 1)
})

t.test('it hears of pods as they change, and tells nobody the same twice', async (t) => {
  const gate = new Gate(t)
  await gate.start([daemonSetJson('cni')])
  gate.put('cni', { startedAt: afterBoot() })
  const { length } = gate.told
  gate.pods.put('somebody-else')
  gate.put('cni', { startedAt: afterBoot() })
  gate.pods.sync()
  t.equal(gate.told.length, length)
  gate.pods.remove('uid-cni-pod')
  t.equal(gate.last, 'daemonsets closed: 1 of 1 not ready: kube-system/cni (no pod)')
})

t.test('what there is is asked for often while it is closed, and seldom while it is open', async (t) => {
  const gate = new Gate(t)
  await gate.start([daemonSetJson('cni')])
  await gate.pass(closedPauseMs)
  await gate.pass(closedPauseMs)
  t.equal(gate.looks, 3)
  gate.there([])
  await gate.pass(closedPauseMs)
  t.equal(gate.last, 'daemonsets open: no DaemonSet has to run here', 'it was taken away')
  await gate.pass(openPauseMs - 1)
  t.equal(gate.looks, 4)
  gate.there([daemonSetJson('cni', { pod: { nodeSelector: { role: 'db' } } })], nodeJson('n1', { role: 'db' }))
  await gate.pass(1)
  t.equal(gate.last, 'daemonsets closed: 1 of 1 not ready: kube-system/cni (no pod)', 'the node got a label')
})

t.test('when what was open closes, it is asked at once whether that DaemonSet is there still', async (t) => {
  const gate = new Gate(t)
  gate.put('cni', { startedAt: afterBoot() })
  await gate.start([daemonSetJson('cni')])
  await gate.pass(openPauseMs / 2)
  gate.there([])
  gate.pods.remove('uid-cni-pod')
  await gate.pass(0)
  t.strictSame(gate.told.slice(-2), ['daemonsets closed: 1 of 1 not ready: kube-system/cni (no pod)', 'daemonsets open: no DaemonSet has to run here'])
})

t.test('a pod of a DaemonSet that nobody knows has it asked for at once, and not for ever', async (t) => {
  const gate = new Gate(t)
  await gate.start([])
  await gate.pass(openPauseMs / 2)
  gate.put('new')
  await gate.pass(0)
  t.equal(gate.looks, 2)
  t.equal(gate.last, 'daemonsets open: no DaemonSet has to run here', 'the API server is behind')
  gate.there([daemonSetJson('new')])
  await gate.pass(closedPauseMs)
  t.equal(gate.last, 'daemonsets closed: 1 of 1 not ready: kube-system/new (not ready)')
  gate.there([])
  await gate.pass(closedPauseMs)
  await gate.pass(closedPauseMs)
  await gate.pass(closedPauseMs)
  const { looks } = gate
  gate.put('new', { startedAt: afterBoot() })
  await gate.pass(openPauseMs - 1)
  t.equal(gate.looks, looks, 'its owner is there no more')
})

t.test('however much happens, it is asked for no more than every two seconds', async (t) => {
  const gate = new Gate(t)
  await gate.start([])
  for (const name of ['a', 'b', 'c', 'd']) {
    gate.put(name)
    await gate.pass(0)
  }
  t.equal(gate.looks, 1)
  await gate.pass(leastLookPauseMs)
  t.equal(gate.looks, 2)
})

t.test('a pod of a namespace that does not count asks for nothing', async (t) => {
  const gate = new Gate(t, { namespace: 'monitoring' })
  await gate.start([])
  gate.put('cni')
  await gate.pass(leastLookPauseMs)
  t.equal(gate.looks, 1)
})

t.test('a rollout on this node costs four or five looks, where its pod is away for half a minute', async (t) => {
  const gate = new Gate(t)
  gate.put('cni', { startedAt: afterBoot() })
  await gate.start([daemonSetJson('cni')])
  await gate.pass(openPauseMs)
  const before = gate.looks
  await gate.pass(closedPauseMs)
  t.equal(gate.looks, before, 'it is open, and asks seldom')
  gate.put('cni')
  t.match(gate.last, 'daemonsets closed: 1 of 1 not ready')
  for (let second = 0; second < 30; second++) await gate.pass(1_000)
  gate.put('cni', { startedAt: new Date() })
  t.match(gate.last, 'daemonsets open')
  for (let second = 0; second < 60; second++) await gate.pass(1_000)
  t.ok([4, 5].includes(gate.looks - before), `${gate.looks - before} looks, as docs/scale.md reckons`)
})

t.test('a name that no node has is told as such: to who waits, and in the log with the flag', async (t) => {
  const gate = new Gate(t)
  await gate.start({ kind: 'missing', error: new Error('there is no node "n1" in this cluster') })
  t.equal(gate.last, 'daemonsets closed: there is no node "n1" in this cluster (--node)')
  t.match(gate.logged, [{ msg: /^there is no such node: see --node, NODE_NAME/, err: { message: 'there is no node "n1" in this cluster' } }])
  gate.there([])
  await gate.pass(closedPauseMs)
  t.equal(gate.last, 'daemonsets open: no DaemonSet has to run here', 'it may be there later')
})

const failed: Asked<NodeLook> = { kind: 'failed', error: new Error('connection refused') }
const denied = { kind: 'denied', error: new Error('cannot list resource "daemonsets"') } as const

t.test('an API server that is not heard leaves it as it is: closed where nothing is known', async (t) => {
  const gate = new Gate(t)
  gate.put('cni', { startedAt: afterBoot() })
  await gate.start([daemonSetJson('cni')])
  t.equal(gate.last, 'daemonsets open: all 1 ready')
  gate.answer = failed
  await gate.pass(openPauseMs)
  await gate.pass(openPauseMs)
  t.equal(gate.last, 'daemonsets open: all 1 ready')
  t.strictSame(gate.logged.map(({ msg }) => msg), ['the API server does not tell of the DaemonSets; what was known stays'], 'said once')

  const other = new Gate(t)
  await other.start(failed)
  t.equal(other.last, 'daemonsets closed: the API server does not tell of the DaemonSets')
})

t.test('without the right to ask it is open, and says once which right is missing', async (t) => {
  const gate = new Gate(t)
  await gate.start([daemonSetJson('cni')])
  t.match(gate.last, /closed/)
  gate.answer = denied
  await gate.pass(closedPauseMs)
  t.match(gate.last, /closed: 1 of 1 not ready/, 'not at once')
  for (let ms = 0; ms < deniedForMs; ms += closedPauseMs) await gate.pass(closedPauseMs)
  t.equal(gate.last, 'daemonsets open: not judged: the lock has no right to see the DaemonSets')
  await gate.pass(openPauseMs)
  t.match(gate.logged.slice(1), [{ level: 40, msg: 'a right is missing: the gate of DaemonSets stays open', err: { message: /cannot list resource "daemonsets"/ } }])
  gate.there([daemonSetJson('cni')])
  await gate.pass(openPauseMs)
  t.match(gate.last, /closed: 1 of 1 not ready/, 'somebody has given it')
  t.equal(gate.logged.at(-1)?.msg, 'the API server tells of the DaemonSets again')
})

// A mended bug: an API server that had just come up denied the first look, and the gate was open for five minutes.
t.test('what is denied for a moment leaves it as it is, and is asked for again soon', async (t) => {
  const gate = new Gate(t)
  gate.put('cni')
  await gate.start(denied)
  t.equal(gate.last, 'daemonsets closed: the API server does not tell of the DaemonSets')
  gate.there([daemonSetJson('cni')])
  await gate.pass(closedPauseMs)
  t.equal(gate.last, 'daemonsets closed: 1 of 1 not ready: kube-system/cni (not ready)')
})

// A mended bug: what had nothing to run on a new node, for a taint that was taken off soon, was not waited for.
t.test('a pod of a DaemonSet that had nothing to run here has it asked for at once', async (t) => {
  const gate = new Gate(t)
  const ops = daemonSetJson('ops', { pod: { nodeSelector: { role: 'db' } } })
  await gate.start([ops])
  t.equal(gate.last, 'daemonsets open: no DaemonSet has to run here')
  await gate.pass(openPauseMs / 2)
  gate.there([ops], nodeJson('n1', { role: 'db' }))
  gate.put('ops')
  await gate.pass(0)
  t.equal(gate.last, 'daemonsets closed: 1 of 1 not ready: kube-system/ops (not ready)')
})

t.test('without the right to see pods it is open, too', async (t) => {
  const gate = new Gate(t)
  await gate.start([daemonSetJson('cni')], false)
  t.equal(gate.last, 'daemonsets closed: the pods of the node are not known yet')
  gate.podsAnswer = denied
  for (let ms = 0; ms <= deniedForMs; ms += closedPauseMs) await gate.pass(closedPauseMs)
  t.equal(gate.last, 'daemonsets open: not judged: the lock has no right to see the DaemonSets')
})

t.test('once it is stopped it does nothing more', async (t) => {
  const gate = new Gate(t)
  const stop = await gate.start([daemonSetJson('cni')])
  const { length } = gate.told
  stop()
  t.equal(gate.clock.pending, 0)
  t.equal(gate.pods.watchers, 0)
  gate.put('cni', { startedAt: afterBoot() })
  t.equal(gate.told.length, length)
})

t.test('it counts what it finds', async (t) => {
  const gate = new Gate(t)
  gate.put('cni', { startedAt: afterBoot() })
  await gate.start([daemonSetJson('cni'), daemonSetJson('proxy')])
  gate.answer = failed
  await gate.pass(closedPauseMs)
  const text = await gate.registry.metrics()
  for (const line of ['usher_lock_daemonsets{state="missing"} 1', 'usher_lock_daemonsets{state="ready"} 1', 'usher_lock_daemonset_looks_total{outcome="told"} 1', 'usher_lock_daemonset_looks_total{outcome="failed"} 1']) {
    t.ok(text.includes(line), line)
  }
})
