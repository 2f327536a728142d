import t, { type Test } from 'tap'
import type { Decision } from '../../src/inject/context.ts'
import { decide } from '../../src/inject/decide.ts'
import type { PatchOperation } from '../../src/inject/patch.ts'
import { isObject } from '../../src/units/json.ts'
import type { Decide } from '../../src/webhook/answer.ts'
import { readAnswer, reviewOf, smallPod } from '../support/review.ts'
import { agentFor, post } from '../support/tls-client.ts'
import { type ListeningWebhook, listeningWebhook } from '../support/webhook.ts'

const secret = 'hunter2'
const pod = smallPod({ annotations: { note: secret } }, { env: [{ name: 'PASSWORD', value: secret }], args: [`--key=${secret}`] })

/** The codes of a failure. */
type Failure = 'internal-error' | 'patch-failed'

function patching(...patch: readonly PatchOperation[]): Decide {
  return (): Decision => ({ patch, reasons: [{ code: 'nap-added', feature: 'nap' }], warnings: ['a warning'] })
}

t.test('a decision that throws leaves the pod as it is, and is counted and logged with its stack', async (t) => {
  const broken = new Error('the decision is broken')
  const { webhook, log } = await failsWith(t, 'internal-error', () => {
    throw broken
  })
  t.match(log['err'], { type: 'Error', message: 'the decision is broken', stack: /failing-decision\.test\.ts:\d+/ })
  t.match(log, { uid: 'uid-of-the-review', namespace: 'shop', reasons: 'internal-error', patched: false, level: 50 })
  const { body } = await post(agentFor(t, webhook), webhook, reviewOf(pod))
  t.equal(readAnswer(body).allowed, true, 'and again')
  t.equal(await webhook.metric('usher_webhook_failures_total{reason="internal-error"}'), 2)
})

t.test('so does one that throws something that is no error, or exhausts the stack', async (t) => {
  await failsWith(t, 'internal-error', () => {
    // oxlint-disable-next-line typescript/only-throw-error
    throw 'a string'
  })
  const endless: Decide = (each, context) => endless(each, context)
  const { log } = await failsWith(t, 'internal-error', endless)
  t.match(log['err'], { type: 'RangeError', stack: String })
})

t.test('a patch that does not apply leaves the pod as it is, and is counted and logged', async (t) => {
  const patches: Readonly<Record<string, PatchOperation>> = {
    'a parent that is not there': { op: 'add', path: '/spec/nothing/here', value: 1 },
    'a place that is not there': { op: 'replace', path: '/spec/nothing', value: 1 },
    'nothing to remove': { op: 'remove', path: '/spec/nothing' },
    'an index that is none': { op: 'add', path: '/spec/containers/x', value: {} },
    'an index beyond the end': { op: 'add', path: '/spec/containers/7', value: {} },
    'no pointer': { op: 'add', path: 'spec', value: {} },
  }
  for (const [title, operation] of Object.entries(patches)) {
    await t.test(title, async (t) => {
      const { log } = await failsWith(t, 'patch-failed', patching(operation))
      t.match(log['err'], { message: String, stack: String })
    })
  }
})

t.test('a later operation that does not apply takes the earlier ones with it', async (t) => {
  await failsWith(t, 'patch-failed', patching(
    { op: 'add', path: '/metadata/labels', value: { done: 'yes' } },
    { op: 'remove', path: '/spec/nothing' },
  ))
})

t.test('a patch after which the pod would be patched again is not sent', async (t) => {
  const { log } = await failsWith(t, 'patch-failed', patching({ op: 'add', path: '/spec/containers/-', value: { name: 'more' } }))
  t.match(log['err'], { message: 'the patched pod would be patched again: add /spec/containers/-' })
})

t.test('neither is one after which the decision throws', async (t) => {
  let calls = 0
  await failsWith(t, 'patch-failed', (each, context) => {
    calls++
    if (calls > 1) throw new Error('the second decision is broken')
    return decide(each, context)
  })
})

t.test('a failure says nothing of the pod in the log', async (t) => {
  const patches: readonly PatchOperation[] = [
    { op: 'remove', path: '/spec/nothing' },
    { op: 'add', path: '/spec/nothing/here', value: secret },
    { op: 'replace', path: `/spec/containers/0/env/1`, value: secret },
  ]
  for (const operation of patches) {
    const { webhook } = await failsWith(t, 'patch-failed', patching(operation))
    const text = webhook.log.text()
    t.equal(text.includes(secret), false, `${operation.op} ${operation.path}: no value`)
    t.equal(text.includes('PASSWORD'), false, `${operation.op} ${operation.path}: no container`)
    t.ok(text.length < 8_000, `${text.length} characters`)
  }
})

t.test('warnings are sent even where the patch is not', async (t) => {
  const webhook = await listeningWebhook(t, { decide: patching({ op: 'remove', path: '/spec/nothing' }) })
  const { body } = await post(agentFor(t, webhook), webhook, reviewOf(pod))
  t.strictSame(readAnswer(body).warnings, ['usher: a warning'])
})

t.test('a decision that throws nothing at all is counted and logged like any other', async (t) => {
  const { log } = await failsWith(t, 'internal-error', () => {
    // oxlint-disable-next-line no-throw-literal, only-throw-error -- what a bug can do
    throw undefined
  })
  t.match(log, { err: { message: 'thrown: nothing' } })
})

t.test('a context that cannot be had does not keep a pod out either', async (t) => {
  const webhook = await listeningWebhook(t, {
    contextOf() {
      throw new Error('nothing is known')
    },
  })
  const { status, body } = await post(agentFor(t, webhook), webhook, reviewOf(pod))
  t.equal(status, 200)
  if (status === 200) t.match(readAnswer(body), { uid: 'uid-of-the-review', allowed: true, patch: undefined })
})

t.test('starts with its failures counted as none', async (t) => {
  const { metric } = await listeningWebhook(t)
  t.equal(await metric('usher_webhook_failures_total{reason="internal-error"}'), 0)
  t.equal(await metric('usher_webhook_failures_total{reason="patch-failed"}'), 0)
})

interface Failed {
  readonly webhook: ListeningWebhook
  /** The line of the log. */
  readonly log: Readonly<Record<string, unknown>>
}

/** Sends a review to a webhook with this decision, and checks that the pod passes and the failure is noted. */
async function failsWith(t: Test, code: Failure, broken: Decide): Promise<Failed> {
  const webhook = await listeningWebhook(t, { decide: broken })
  const { status, body } = await post(agentFor(t, webhook), webhook, reviewOf(pod))
  t.equal(status, 200)
  const { uid, allowed, patch, reasons } = readAnswer(body)
  t.strictSame({ uid, allowed, patch, reasons }, { uid: 'uid-of-the-review', allowed: true, patch: undefined, reasons: [code] })
  t.equal(await webhook.metric(`usher_webhook_failures_total{reason="${code}"}`), 1, 'the failure is counted')
  t.equal(await webhook.metric(`usher_webhook_outcomes_total{feature="pod",reason="${code}"}`), 1, 'so is the outcome')
  const lines = webhook.log.lines('review failed; the pod passes unchanged')
  t.equal(lines.length, 1, 'and logged, in one line')
  t.equal(webhook.log.lines('review').length, 0)
  const [log] = lines
  return { webhook, log: isObject(log) ? log : {} }
}
