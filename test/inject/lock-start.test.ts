import t from 'tap'
import { readLockStart } from '../../src/inject/lock-start.ts'
import type { JsonObject } from '../../src/units/json.ts'

function pod(status: JsonObject): JsonObject {
  return { metadata: { annotations: { 'usher.dev/status': '{"v":1,"init":"lock"}' } }, status: { initContainerStatuses: [{ name: 'usher-lock', ...status }] } }
}

const backOff = { waiting: { reason: 'CrashLoopBackOff' } }

t.test('an init container that has failed for what its pod depends on does not hang: it waits anew, as its author wants it', async (t) => {
  t.strictSame(readLockStart(pod({ state: { terminated: { exitCode: 4, reason: 'Error' } } })), { kind: 'again' })
  t.strictSame(readLockStart(pod({ state: backOff, lastState: { terminated: { exitCode: 4, reason: 'Error' } } })), { kind: 'again' })
})

t.test('one that fails otherwise hangs', async (t) => {
  t.strictSame(readLockStart(pod({ state: { terminated: { exitCode: 1, reason: 'Error' } } })), { kind: 'waiting', failure: '', ended: 'Error' })
  t.strictSame(readLockStart(pod({ state: backOff, lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } })), { kind: 'waiting', failure: 'CrashLoopBackOff', ended: '' })
  t.strictSame(readLockStart(pod({ state: { waiting: { reason: 'ImagePullBackOff' } }, lastState: { terminated: { exitCode: 4 } } })), { kind: 'waiting', failure: 'ImagePullBackOff', ended: '' })
})
