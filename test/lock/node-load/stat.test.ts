import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import t from 'tap'
import { idleShare, parseStat } from '../../../src/lock/node-load/stat.ts'

t.test('sums the time of all cores, and counts them', (t) => {
  const text = 'cpu  1 2 4 8 16 32 64 128 256 512\ncpu0 1 2 4 8 16 32 64 128 256 512\ncpu11 0 0 0 0 0 0 0 0 0 0\nintr 5 0\ncpufreq 1\n'
  t.strictSame(parseStat(text), { idle: 24, total: 255, cores: 2 }, "guests' time is part of user and nice")
  t.strictSame(parseStat('cpu  1 2 4 8 16 32 64 128\ncpu0 1\n'), { idle: 24, total: 255, cores: 1 }, 'a kernel that knows no guests')
  t.end()
})

t.test('does not read what is something else', (t) => {
  const others = {
    nothing: '',
    'no line of all cores': 'cpu0 1 2 4 8 16 32 64 128\n',
    'no core': 'cpu  1 2 4 8 16 32 64 128\n',
    'too few fields': 'cpu  1 2 4 8 16 32 64\ncpu0 1\n',
    'a negative': 'cpu  1 2 4 -8 16 32 64 128\ncpu0 1\n',
    'no number': 'cpu  1 2 4 x 16 32 64 128\ncpu0 1\n',
    'a number beyond all that can be counted': `cpu  1 2 4 ${'9'.repeat(400)} 16 32 64 128\ncpu0 1\n`,
    'a page': '<html>\n</html>\n',
  }
  for (const [what, text] of Object.entries(others)) t.equal(parseStat(text), undefined, what)
  t.end()
})

t.test('reads what the kernel writes', { skip: process.platform !== 'linux' }, (t) => {
  const times = parseStat(readFileSync('/proc/stat', 'latin1'))
  t.ok(times !== undefined && times.cores >= availableParallelism() && times.idle <= times.total, JSON.stringify(times))
  t.end()
})

t.test('the idle share of the time between two readings; none where counters stand still or step back', (t) => {
  const times = (idle: number, total: number) => ({ idle, total, cores: 2 })
  const before = times(100, 1_000)
  t.equal(idleShare(before, times(150, 1_200)), 0.25)
  t.equal(idleShare(before, times(100, 1_200)), 0)
  t.equal(idleShare(before, times(300, 1_200)), 1)
  for (const after of [before, times(99, 1_200), times(150, 999), times(301, 1_200)]) t.equal(idleShare(before, after), undefined, JSON.stringify(after))
  t.end()
})
