import t from 'tap'
import { Boot, settledMs } from '../../src/node-health/boot.ts'
import type { DaemonContainer, DaemonPod } from '../../src/node-health/daemon-pod.ts'

const second = 1_000
const hour = 3_600 * second
/** When the node was booted, by a clock that is right. */
const booted = Date.parse('2026-11-25T10:00:00Z')

/** The clocks of a node. */
class NodeTime {
  uptimeMs: number
  wallMs: number

  constructor(uptimeMs: number, wallMs = booted + uptimeMs) {
    this.uptimeMs = uptimeMs
    this.wallMs = wallMs
  }

  pass(ms: number): void {
    this.uptimeMs += ms
    this.wallMs += ms
  }

  /** Somebody sets the clock. */
  set(wallMs: number): void {
    this.wallMs = wallMs
  }

  /** Now, as a kubelet writes it. */
  now(): number {
    return Math.floor(this.wallMs / second) * second
  }
}

function pod(...containers: readonly DaemonContainer[]): DaemonPod {
  return { uid: 'a', namespace: 'kube-system', owner: 'uid-cni', isOver: false, isReady: true, containers }
}

/** What a process that has just begun thinks of a status. */
function first(time: NodeTime, status: DaemonPod): boolean {
  const boot = new Boot(() => time)
  boot.note([status])
  return boot.isOfThisBoot(status)
}

t.test('a container that was started since the boot is of this boot', async (t) => {
  const time = new NodeTime(20 * second)
  t.ok(first(time, pod({ id: 'new', startedAt: time.now() - 5 * second })))
  t.ok(first(time, pod({ id: 'new', startedAt: booted })), 'right at the boot')
  t.ok(first(new NodeTime(400 * 24 * hour), pod({ id: 'new', startedAt: booted + 9 * second })), 'a year ago')
})

t.test('one that was started before the boot is not, nor one that does not run, nor a pod without any', async (t) => {
  const time = new NodeTime(20 * second)
  t.notOk(first(time, pod({ id: 'old', startedAt: booted - 60 * second })))
  t.notOk(first(time, pod({ id: 'old', startedAt: booted - 4 * second })))
  t.notOk(first(time, pod({ id: 'old' })))
  t.notOk(first(time, pod()))
})

t.test('all containers count', async (t) => {
  const time = new NodeTime(20 * second)
  t.notOk(first(time, pod({ id: 'new', startedAt: time.now() }, { id: 'old', startedAt: booted - hour })))
  t.ok(first(time, pod({ id: 'new', startedAt: time.now() }, { id: 'newer', startedAt: time.now() })))
})

t.test('a time that is still to come is of before the boot: the clock went back', async (t) => {
  t.notOk(first(new NodeTime(20 * second), pod({ id: 'old', startedAt: booted + 2 * hour })))
})

// A mended bug: a lock that was started anew long after the boot, on a machine that had slept or whose clock was set, closed
// its gate for five minutes.
t.test('what is seen first by a process that is not the first of the boot is of this boot', async (t) => {
  const boot = new Boot(() => new NodeTime(hour), true)
  const status = pod({ id: 'a', startedAt: booted - hour })
  boot.note([status])
  t.ok(boot.isOfThisBoot(status))
  t.notOk(boot.isOfThisBoot(pod()), 'without containers it is none')
})

t.test('a pod that nobody has noted is not known', async (t) => {
  t.notOk(new Boot(() => new NodeTime(20 * second)).isOfThisBoot(pod({ id: 'new', startedAt: booted + second })))
})

t.test('a container that takes the place of the one that was seen first is of this boot, whatever its clock says', async (t) => {
  const boot = new Boot(() => new NodeTime(20 * second))
  boot.note([pod({ id: 'old', startedAt: booted - hour })])
  const restarted = pod({ id: 'new', startedAt: booted - hour })
  boot.note([restarted])
  t.ok(boot.isOfThisBoot(restarted))
  t.notOk(boot.isOfThisBoot(pod({ id: 'new', startedAt: booted - hour }, { id: 'old', startedAt: booted - hour })), 'one of two')
  t.notOk(boot.isOfThisBoot(pod({ id: '', startedAt: booted - hour })), 'a container that has no name yet')
})

t.test('a pod that is new has no containers of before', async (t) => {
  const boot = new Boot(() => new NodeTime(20 * second))
  boot.note([pod()])
  t.ok(boot.isOfThisBoot(pod({ id: 'new', startedAt: booted - hour })))
})

t.test('a pod that has gone, and come again, is seen anew', async (t) => {
  const boot = new Boot(() => new NodeTime(20 * second))
  boot.note([pod({ id: 'one' })])
  boot.note([])
  boot.note([pod({ id: 'two' })])
  t.notOk(boot.isOfThisBoot(pod({ id: 'two' })))
})

t.test('a clock that is late at the boot, and is set then', async (t) => {
  // The battery is empty: it is a year ago.
  const late = booted - 365 * 24 * hour
  const time = new NodeTime(10 * second, late + 10 * second)
  const boot = new Boot(() => time)
  const old = pod({ id: 'old', startedAt: booted - hour })
  const early = pod({ id: 'early', startedAt: late + 8 * second })
  boot.note([old])
  t.notOk(boot.isOfThisBoot(old), 'before the clock is set, it is still to come')
  t.ok(first(time, early))
  time.pass(5 * second)
  const between = pod({ id: 'between', startedAt: time.now() })
  time.pass(5 * second)
  time.set(booted + 20 * second)
  for (const status of [old, early, between]) {
    const fresh = { ...status, uid: status.containers[0]?.id ?? '' }
    boot.note([fresh])
    t.equal(boot.isOfThisBoot(fresh), status !== old, fresh.uid)
  }
  time.pass(5 * second)
  const after = { ...pod({ id: 'after', startedAt: time.now() }), uid: 'after' }
  boot.note([after])
  t.ok(boot.isOfThisBoot(after))
})

t.test('a clock that is early at the boot, and is set back', async (t) => {
  const time = new NodeTime(10 * second, booted + 5 * hour)
  const boot = new Boot(() => time)
  const early = pod({ id: 'early', startedAt: time.now() - 2 * second })
  boot.note([])
  time.pass(20 * second)
  time.set(booted + time.uptimeMs)
  boot.note([early])
  t.ok(boot.isOfThisBoot(early))
  const old = { ...pod({ id: 'old', startedAt: booted - hour }), uid: 'old' }
  boot.note([early, old])
  t.notOk(boot.isOfThisBoot(old))
})

t.test('a clock that was set before anybody looked: after five minutes without a change, the status counts', async (t) => {
  const time = new NodeTime(20 * second)
  const boot = new Boot(() => time)
  const early = pod({ id: 'early', startedAt: booted - 365 * 24 * hour })
  boot.note([early])
  time.pass(settledMs - second)
  boot.note([early])
  t.notOk(boot.isOfThisBoot(early))
  time.pass(second)
  t.ok(boot.isOfThisBoot(early))
})

t.test('a clock that is set again and again is forgotten, but for the last times', async (t) => {
  const time = new NodeTime(20 * second)
  const boot = new Boot(() => time)
  const start = time.now()
  for (let hours = 1; hours < 40; hours++) {
    time.set(booted + hours * hour)
    boot.note([pod()])
  }
  const at = (startedAt: number): boolean => {
    const status = { ...pod({ id: 'x', startedAt }), uid: String(startedAt) }
    boot.note([status])
    return boot.isOfThisBoot(status)
  }
  t.ok(at(time.now()))
  t.ok(at(time.now() - 2 * hour))
  t.notOk(at(start))
})

t.test('by default it reads the clocks of this machine', async (t) => {
  const boot = new Boot()
  const status = pod({ id: 'new', startedAt: Date.now() - second })
  boot.note([status])
  t.ok(boot.isOfThisBoot(status))
  const old = { ...pod({ id: 'old', startedAt: 0 }), uid: 'old' }
  boot.note([old])
  t.notOk(boot.isOfThisBoot(old))
})
