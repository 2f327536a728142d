import t from 'tap'
import { parseDependsOn } from '../../../src/depends-on/parse.ts'
import type { DependencyState } from '../../../src/lock/depends-on/assess.ts'
import type { GatedPod, GateNews } from '../../../src/lock/depends-on/gated-pod.ts'
import { watchDependencyWaits } from '../../../src/lock/pod-events/dependency-waits.ts'
import type { Notice } from '../../../src/lock/pod-events/notice.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function gated(state: DependencyState['state'], reason: string, text = 'service/redis'): GatedPod {
  const states = parseDependsOn(text).dependencies.map((dependency): DependencyState => ({ dependency, state, reason, endsAt: 600_000 }))
  return { uid: 'web', namespace: 'shop', name: 'web-1', since: 0, states, detail: `waiting for service/redis (${reason})`, cycle: undefined, isConnected: true, peer: '10.0.0.1' }
}

/** A gate of which the test says what happens. */
function start() {
  const clock = new FakeClock()
  const notices: Notice[] = []
  let listener: (news: GateNews) => void = () => {}
  let now: GatedPod | undefined
  const gate = {
    find: () => now,
    follow: (told: (news: GateNews) => void) => {
      listener = told
      return () => (listener = () => {})
    },
  }
  const stop = watchDependencyWaits(gate, clock, (notice) => notices.push(notice))
  const happen = (kind: GateNews['kind'], pod: GatedPod): void => {
    now = kind === 'waits' ? pod : undefined
    listener({ kind, pod })
  }
  return { clock, notices, happen, stop, told: () => notices.map(({ reason, tell }) => `${reason}: ${tell()?.message}, ${tell()?.count}`) }
}

t.test('a pod that waits is told so after five seconds, and again each minute, as one Event', async (t) => {
  const { clock, notices, happen, told } = start()
  happen('waits', gated('waiting', '0 of 2 endpoints ready'))
  clock.advance(4_999)
  t.equal(notices.length, 0)
  clock.advance(1)
  t.strictSame(told(), ['WaitingForDependency: waiting for service/redis (0 of 2 endpoints ready), 1'])
  clock.advance(60_000)
  t.equal(notices.length, 2)
  t.equal(notices[0]?.occasion, notices[1]?.occasion)
  t.equal(told()[1], 'WaitingForDependency: waiting for service/redis (0 of 2 endpoints ready), 2')
})

t.test('one that goes on at once is told nothing, and what was due of one that waits no more is not told', async (t) => {
  const { clock, notices, happen } = start()
  happen('waits', gated('waiting', 'not known yet'))
  happen('passed', gated('healthy', '1 of 1 endpoints ready'))
  clock.advance(600_000)
  t.equal(notices.length, 0)
  happen('waits', gated('waiting', 'not known yet'))
  clock.advance(605_000)
  happen('left', gated('waiting', 'not known yet'))
  t.equal(notices.at(-1)?.tell(), undefined)
  t.equal(clock.pending, 0)
})

t.test('that it goes on without something, or fails, is a warning', async (t) => {
  const { happen, told } = start()
  happen('passed', gated('timed-out', 'there is none'))
  happen('passed', gated('not-judged', 'the lock has no right to see it'))
  happen('failed', gated('timed-out', 'there is none', 'service/redis:timeout=5s:on-timeout=fail'))
  t.strictSame(told(), [
    'DependencyTimedOut: goes on without service/redis (there is none, timed out after 600 s), 1',
    'DependencyNotJudged: goes on without service/redis (the lock has no right to see it), 1',
    'DependencyTimedOut: service/redis (there is none, timed out after 5 s): its init container is to fail, and waits anew, 1',
  ])
})

t.test('after its end nothing is told', async (t) => {
  const { clock, notices, happen, stop } = start()
  happen('waits', gated('waiting', 'there is none'))
  stop()
  clock.advance(60_000)
  t.equal(notices.length, 0)
  t.equal(clock.pending, 0)
})
