import t from 'tap'
import type { Dependency } from '../../../src/depends-on/dependency.ts'
import { assess } from '../../../src/lock/depends-on/assess.ts'
import type { CollectionView } from '../../../src/lock/depends-on/shared-watch.ts'

const failing: Dependency = { target: { kind: 'deployment', namespace: undefined, name: 'db' }, timeoutSeconds: 5, onTimeout: 'fail' }
const seen: CollectionView = { objects: [], state: 'known', blindAt: undefined }
const unseen: CollectionView = { objects: [], state: 'unknown', blindAt: 30_000 }

t.test('what is not there when its time is over fails a pod whose author says so', async (t) => {
  t.match(outcomeOf(seen, 4_999), { outcome: 'wait', nextAt: 5_000 })
  t.match(outcomeOf(seen, 5_000), { outcome: 'fail', states: [{ state: 'timed-out' }] })
})

t.test('what the lock could not see in that time fails nobody: no right to see it, or no answer yet', async (t) => {
  t.match(outcomeOf(unseen, 4_999), { outcome: 'wait', states: [{ state: 'waiting', reason: 'not known yet' }] })
  t.match(outcomeOf(unseen, 5_000), { outcome: 'pass', states: [{ state: 'not-judged', reason: 'not known in its time' }] })
  for (const state of ['denied', 'unheard'] as const) t.match(outcomeOf({ ...unseen, state }, 0), { outcome: 'pass', states: [{ state: 'not-judged' }] }, state)
})

function outcomeOf(view: CollectionView, now: number) {
  return assess({ dependencies: [failing], namespace: 'shop', since: 0 }, () => view, now)
}
