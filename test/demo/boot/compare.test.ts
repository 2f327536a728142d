import t from 'tap'
import type { Child } from '../../../src/demo/children.ts'
import { compareWith } from '../../../src/demo/boot/compare.ts'
import type { RunningPod } from '../../../src/demo/boot/kubelet.ts'
import { bootPods } from '../../../src/demo/boot/pods.ts'

t.test('a start is over its limit by its own time, not by its wait', async (t) => {
  const pods = bootPods(1).slice(0, 3)
  const alone = [
    { start: { kind: 'cpu', seconds: 1.8 }, ms: 2_000 },
    { start: { kind: 'idle', seconds: 3 }, ms: 3_000 },
  ] as const
  // web-0 burns CPU, mail-0 is idle, cart-0 burns CPU.
  const run = compareWith(alone, pods, [running(0, 2_600), running(10_000, 13_700), running(5_000, 7_500)])
  t.same(run.pods.map(({ pod, limitMs, isOverLimit }) => [pod, limitMs, isOverLimit]), [
    ['web-0', 2_500, true],
    ['mail-0', 3_750, false],
    ['cart-0', 2_500, false],
  ])
  t.same([run.overLimit, run.worstReadyMs, run.meanReadyMs], [1, 13_700, 7_933])
})

function running(startedAt: number, readyAt: number): RunningPod {
  const application: Child = {
    lines: [],
    ended: Promise.resolve(0),
    find: () => Promise.reject(new Error()),
    end: async () => 0,
    failure: () => new Error(),
  }
  return { application, startedAt, readyAt, grant: undefined, init: [] }
}
