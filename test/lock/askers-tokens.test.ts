import pino from 'pino'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import { Askers, type AskersAnswer } from '../../src/lock/askers.ts'
import { buildLockMetrics } from '../../src/lock/metrics.ts'
import { defaultQueueSettings } from '../../src/lock/queue/settings.ts'
import { LockService } from '../../src/lock/service.ts'
import { noStore } from '../../src/lock/state-file.ts'
import type { TokenKeys } from '../../src/lock/token-keys.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { FakePods } from '../support/fake-pods.ts'
import { claims, issuedAtMs, keysOf, makeKey, podOfClaims, tokenOf } from '../support/service-account-tokens.ts'

const key = makeKey('one', 'P-256')
const token = tokenOf(key, 'ES256')
const { uid } = podOfClaims

/** Asks a lock that wants tokens, of which nobody else has asked; gives under which key it is known, or why it is refused. */
function ask(t: Test, asked: { readonly uid?: string; readonly token?: string; readonly keys?: TokenKeys; readonly unknown?: 'refuse' }) {
  const pods = new FakePods()
  pods.put(uid)
  pods.put('other')
  pods.sync()
  const clock = new FakeClock()
  const metrics = buildLockMetrics(new Registry())
  const service = new LockService({ settings: defaultQueueSettings, gates: [], clock, pods, store: noStore, metrics, log: pino({ level: 'silent' }) })
  const refused: string[] = []
  const tokens = { audience: 'usher', keys: asked.keys ?? keysOf(key), wallNow: () => issuedAtMs, refused: (reason: string) => void refused.push(reason) }
  const askers = new Askers({ service, pods, clock, unknown: asked.unknown ?? 'anonymous', tokens })
  t.teardown(() => askers.close())
  let answered: AskersAnswer | undefined
  const wish = { uid: asked.uid, pod: undefined, weight: 1, leaseMs: undefined, leftMs: undefined }
  askers.ask(wish, '10.0.0.1', 0, (answer) => void (answered = answer), asked.token)
  const kind = answered?.kind === 'granted' ? answered.lease.key : answered?.kind === 'refused' ? answered.reason : answered?.kind
  return { kind, refused }
}



t.test('a pod whose token proves its uid asks as itself, and need not even name it', async (t) => {
  t.strictSame(ask(t, { uid, token }), { kind: `uid:${uid}`, refused: [] })
  t.strictSame(ask(t, { token }), { kind: `uid:${uid}`, refused: [] })
})

t.test('a uid without a token that proves it is that of an unknown client, and counted', async (t) => {
  const cases = [
    [{ uid }, 'no-token'],
    [{ uid: 'other', token }, 'of-another-pod'],
    [{ uid, token: 'garbage' }, 'malformed'],
    [{ uid, token: tokenOf(key, 'ES256', { ...claims, aud: ['somebody-else'] }) }, 'audience-wrong'],
    [{ uid, token: tokenOf(makeKey('one', 'P-256'), 'ES256') }, 'signature-wrong'],
  ] as const
  for (const [asked, reason] of cases) {
    t.strictSame(ask(t, asked), { kind: 'anonymous:0', refused: [reason] }, reason)
    t.strictSame(ask(t, { ...asked, unknown: 'refuse' }), { kind: 'unknown-pod', refused: [reason] }, `${reason}, refused`)
  }
})

t.test('who names no uid is as unknown as before', async (t) => {
  t.strictSame(ask(t, {}), { kind: 'anonymous:0', refused: [] })
})

t.test('before there are keys a uid is believed: a token cannot be told from a forged one, and pods must start', async (t) => {
  t.strictSame(ask(t, { uid, keys: keysOf() }), { kind: `uid:${uid}`, refused: [] })
})
