import t from 'tap'
import { podsLine } from '../../../src/lock/page/pods-line.ts'
import type { StateView } from '../../../src/lock/state-view.ts'
import { stateWith } from './sample-state.ts'

t.test('tells how many pods are watched', async (t) => {
  t.equal(textOf({ state: 'connected', known: 34, staleSeconds: 50 }), '34 pods of this node are watched.')
  t.equal(textOf({ state: 'connected', known: 1, staleSeconds: 0 }), '1 pod of this node is watched.')
})

t.test('tells why turns end by time', async (t) => {
  t.equal(textOf({ state: 'none', known: 0 }), 'Without Kubernetes, turns end by time, or when they are given back.')
  t.equal(textOf({ state: 'starting', known: 0, staleSeconds: 3 }), 'The pods of this node are not known yet; until they are, turns end by time.')
  t.equal(
    textOf({ state: 'lost', known: 34, staleSeconds: 65.2 }),
    'The API server is not heard: turns end by time. What is shown of pods is 1 min 5 s old.',
  )
})

function textOf(pods: StateView['pods']): string {
  return podsLine(stateWith({ pods })).toString().replaceAll(/<[^>]*>/g, '')
}
