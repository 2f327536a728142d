import t from 'tap'
import { happenings } from '../../src/why/events.ts'
import type { JsonObject } from '../../src/units/json.ts'

const event = (parts: JsonObject): JsonObject => ({ involvedObject: { kind: 'Pod', name: 'web-1', uid: 'uid-1' }, type: 'Warning', reason: 'Unhealthy', message: 'Readiness probe failed\n', ...parts })

t.test('Events of one thing are one, the newest come first, and both ways to count are read', async (t) => {
  const found = happenings([
    event({ count: 3, firstTimestamp: '2026-11-26T08:00:00Z', lastTimestamp: '2026-11-26T08:01:00Z' }),
    event({ count: 2, lastTimestamp: '2026-11-26T08:02:00Z' }),
    event({ reason: 'FailedScheduling', message: 'no', eventTime: '2026-11-26T08:00:00.000000Z', series: { count: 7, lastObservedTime: '2026-11-26T08:03:00.000000Z' } }),
    event({ type: 'Normal', reason: 'Pulled', message: '', metadata: { creationTimestamp: '2026-11-26T07:00:00Z' } }),
  ])
  t.strictSame(found.map(({ reason, count, type, lastMs }) => [reason, count, type, new Date(lastMs).toISOString()]), [
    ['FailedScheduling', 7, 'Warning', '2026-11-26T08:03:00.000Z'],
    ['Unhealthy', 5, 'Warning', '2026-11-26T08:02:00.000Z'],
    ['Pulled', 1, 'Normal', '2026-11-26T07:00:00.000Z'],
  ])
  t.match(found[1], { of: 'Pod/web-1', uid: 'uid-1', message: 'Readiness probe failed' })
  t.strictSame(happenings([{}]).length, 1)
})
