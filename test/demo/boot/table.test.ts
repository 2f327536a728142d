import t from 'tap'
import { drawTable, rowsOf, withChange } from '../../../src/demo/boot/table.ts'
import { bootPods } from '../../../src/demo/boot/pods.ts'

const plain = (_color: unknown, text: string): string => text
const pods = bootPods(1).slice(0, 3)
const changes = [
  { pod: 'mail-0', kind: 'waiting', at: 10, words: '1 ahead (holder shop/web-0, 0 s)', ahead: 1 },
  { pod: 'cart-0', kind: 'waiting', at: 10, words: '2 ahead (holder shop/web-0, 0 s)', ahead: 2 },
  { pod: 'web-0', kind: 'starting', at: 20, grant: 'floor' },
  { pod: 'mail-0', kind: 'starting', at: 1_000, grant: 'idle-core' },
  { pod: 'cart-0', kind: 'moved', at: 1_000, ahead: 0 },
  { pod: 'web-0', kind: 'ready', at: 2_000 },
] as const
const rows = changes.reduce(withChange, rowsOf(pods))

t.test('shows who waits, starts and is ready, and since when', async (t) => {
  t.same(drawTable('with usher', rows, 2_500, 80, plain).map((line) => line.trimEnd()), [
    'Boot with usher  2.5 s',
    '  web-0     1.8 s CPU   ready at 2.0 s   its turn        ########',
    '  mail-0    3 s idle    starting 1.5 s   a core is idle  ....######',
    '  cart-0    1.8 s CPU   waiting, next                    ..........',
  ])
})

t.test('who has gone is not moved any more', async (t) => {
  const moved = withChange(rows, { pod: 'web-0', kind: 'moved', at: 2_100, ahead: 3 })
  t.same(moved, rows)
})

t.test('no line is wider than the terminal, and a long boot fits', async (t) => {
  for (const width of [10, 39, 60, 80, 200]) {
    for (const now of [0, 2_500, 600_000]) {
      for (const line of drawTable('with usher', rows, now, width, plain)) t.ok(line.length <= width, `${width}: ${line}`)
    }
  }
})
