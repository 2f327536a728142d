import t from 'tap'
import { context } from '../support/context.ts'
import { applied, readAnswer, reviewOf, smallPod } from '../support/review.ts'
import { agentFor, post } from '../support/tls-client.ts'
import { listeningWebhook } from '../support/webhook.ts'

// A mended bug: the API server logged a warning for every injected pod, since it does not overwrite audit annotations.
t.test('the second review of a pod has an audit annotation of its own', async (t) => {
  const webhook = await listeningWebhook(t)
  const agent = agentFor(t, webhook)
  const first = await post(agent, webhook, reviewOf(smallPod()))
  t.strictSame(auditAnnotations(first.body), { reasons: 'nap-added,lock-added' })
  const pod = applied(smallPod(), readAnswer(first.body).patch)
  const second = await post(agent, webhook, reviewOf(pod))
  t.strictSame(auditAnnotations(second.body), { 'reasons-again': 'already-injected' })
})

t.test('a pod that is left alone has the same one again', async (t) => {
  const webhook = await listeningWebhook(t, { contextOf: () => ({ ...context, lockAvailable: false }) })
  const pod = smallPod({ annotations: { 'usher.dev/nap': 'off' } })
  for (let review = 1; review <= 2; review++) {
    const { body } = await post(agentFor(t, webhook), webhook, reviewOf(pod))
    t.strictSame(auditAnnotations(body), { reasons: 'nap-disabled,lock-unavailable' })
  }
})

function auditAnnotations(body: string): unknown {
  return (JSON.parse(body) as { readonly response: { readonly auditAnnotations: unknown } }).response.auditAnnotations
}
