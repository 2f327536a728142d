import t from 'tap'
import type { BootRun, PodResult } from '../../../src/demo/boot/compare.ts'
import type { BootOutcome } from '../../../src/demo/boot/play.ts'
import { showBoot } from '../../../src/demo/boot/show.ts'

const plain = (_color: unknown, text: string): string => text

t.test('sets both boots side by side, and marks what is over its limit', async (t) => {
  const lines = showBoot(outcome({ cores: 2, loadBefore: 0.4 }), plain).split('\n')
  t.same(lines.slice(0, 7), [
    '                            without usher        with usher',
    'pod             start       took      ready at   took      ready at   granted',
    'web-0           1.8 s CPU    4.7 s !   4.7 s      1.9 s     1.9 s     its turn',
    'mail-0          3 s idle     3.1 s     3.1 s      3.1 s    12.2 s     a core is idle',
    'mean                                   3.9 s                7.0 s',
    'worst                                  4.7 s               12.2 s',
    'over the limit              1 of 2               0 of 2',
  ])
  t.match(lines[8], '! took more than 125 % of what it takes alone')
  t.notMatch(lines.join('\n'), 'Other programs')
})

t.test('says what makes this machine a poor stage', async (t) => {
  t.match(showBoot(outcome({ cores: 2, loadBefore: 3.14 }), plain), /^Other programs kept this machine busy \(load 3\.1\)/m)
  t.match(showBoot(outcome({ cores: 8, loadBefore: 0 }), plain), /^This machine has a core for each of the 1 pods/m)
})

function outcome(machine: Pick<BootOutcome, 'cores' | 'loadBefore'>): BootOutcome {
  const without = [resultOf('web-0', 'cpu', 4_700, 0, true), resultOf('mail-0', 'idle', 3_100, 0, false)]
  const withUsher = [
    { ...resultOf('web-0', 'cpu', 1_900, 0, false), grant: 'floor' as const },
    { ...resultOf('mail-0', 'idle', 3_100, 9_100, false), grant: 'idle-core' as const },
  ]
  return { kind: 'played', ...machine, alone: [], without: runOf(without), with: runOf(withUsher), lock: { permits: 1, starts: [] } }
}

function resultOf(pod: string, kind: 'cpu' | 'idle', startMs: number, waitedMs: number, isOverLimit: boolean): PodResult {
  const start = { kind, seconds: kind === 'cpu' ? 1.8 : 3 }
  return { pod, start, waitedMs, startMs, readyMs: waitedMs + startMs, limitMs: 0, isOverLimit, init: [] }
}

function runOf(pods: readonly PodResult[]): BootRun {
  const ready = pods.map(({ readyMs }) => readyMs)
  const sum = ready.reduce((left, right) => left + right, 0)
  return {
    pods,
    meanReadyMs: sum / pods.length,
    worstReadyMs: Math.max(...ready),
    overLimit: pods.filter(({ isOverLimit }) => isOverLimit).length,
  }
}
