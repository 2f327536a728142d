import t from 'tap'
import type { Effect } from '../../src/enable/plan.ts'
import { type Attempt, judgeTrial, readRefusal } from '../../src/enable/trial.ts'

t.test('what is a rejection, and what only keeps it from being told', async (t) => {
  for (const [status, message, kind] of [
    [403, 'pods "web-x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1', 'rejected'],
    [403, 'pods "web-x" is forbidden: violates PodSecurity "restricted:latest": …', 'rejected'],
    [403, 'pods "web-x" is forbidden: error looking up service account shop/web: serviceaccount "web" not found', 'rejected'],
    [422, 'Pod "web-x" is invalid: spec.containers[0].image: Required value', 'rejected'],
    [400, 'admission webhook "images.example" denied the request: not from here', 'rejected'],
    [403, 'pods is forbidden: User "me" cannot create resource "pods" in API group "" in the namespace "shop"', 'failed'],
    [400, 'admission webhook "old.example" does not support dry run', 'failed'],
    [429, 'too many requests', 'failed'],
    [401, 'Unauthorized', 'failed'],
    [500, 'Internal error occurred: failed calling webhook "images.example"', 'failed'],
    [503, 'the server is currently unable to handle the request', 'failed'],
  ] as const) t.strictSame(readRefusal(status, message), { kind, message }, message)
})

const made = (pod: object = {}): Attempt => ({ kind: 'made', pod: pod as Extract<Attempt, { kind: 'made' }>['pod'] })
const rejected: Attempt = { kind: 'rejected', message: 'no' }
const failed: Attempt = { kind: 'failed', message: 'what?' }
const gained: Effect = { nap: { method: 'native', seconds: 10, containers: ['web'] }, grace: { without: 30, with: 40 }, lock: true }
const whole = made({
  spec: { initContainers: [{ name: 'usher-lock' }], containers: [{ name: 'web', lifecycle: { preStop: { sleep: { seconds: 10 } } } }, { name: 'other' }] },
})

t.test('who is to blame', async (t) => {
  for (const [before, after, verdict] of [
    [made(), whole, { kind: 'passes', missing: [] }],
    [rejected, whole, { kind: 'passes', missing: [] }],
    [made(), rejected, { kind: 'rejected', message: 'no', cures: ['lock'] }],
    [rejected, rejected, { kind: 'rejected-anyway', message: 'no' }],
    [rejected, failed, { kind: 'rejected-anyway', message: 'no' }],
    [failed, rejected, { kind: 'untried', message: 'what?' }],
    [made(), failed, { kind: 'untried', message: 'what?' }],
    [failed, whole, { kind: 'passes', missing: [] }],
  ] as const) t.strictSame(judgeTrial({ before, after, cures: ['lock'] }, gained), verdict, `${before.kind}, ${after.kind}`)
})

t.test('what others have taken out again', async (t) => {
  const missing = (pod: object) => judgeTrial({ before: made(), after: made(pod), cures: [] }, gained)
  t.match(missing({ spec: { containers: [{ name: 'web' }] } }), { missing: ['nap', 'lock'] })
  t.match(missing({ spec: { initContainers: [{ name: 'usher-lock' }], containers: [{ name: 'web', lifecycle: { preStop: {} } }] } }), { missing: ['nap'] })
  t.match(judgeTrial({ before: made(), after: made({ spec: { containers: [{ name: 'web' }] } }), cures: [] }, undefined), { missing: [] }, 'of what is to be left out nothing is missing')
})
