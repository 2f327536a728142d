import t from 'tap'
import { parsePressure } from '../../../src/lock/node-load/pressure.ts'

t.test('reads for how long some task has waited', (t) => {
  const some = 'some avg10=0.16 avg60=0.31 avg300=3.73 total=3559002748\n'
  const full = 'full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n'
  t.equal(parsePressure(some), 3_559_002_748, 'a kernel before 5.13 writes no second line')
  t.equal(parsePressure(full + some), 3_559_002_748)
  t.end()
})

t.test('does not read what is something else', (t) => {
  for (const text of ['', 'full avg10=0.00 total=7\n', 'some avg10=0.00\n', 'some total=-7\n', `some x total=${'9'.repeat(20)}\n`, 'some\ntotal=7\n']) {
    t.equal(parsePressure(text), undefined, JSON.stringify(text))
  }
  t.end()
})
