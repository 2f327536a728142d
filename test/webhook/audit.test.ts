import t from 'tap'
import { context } from '../support/context.ts'
import { readAnswer, reviewOf, smallPod } from '../support/review.ts'
import { agentFor, post } from '../support/tls-client.ts'
import { listeningWebhook } from '../support/webhook.ts'

// A mended bug: the first pod of a namespace in audit mode was injected, where the watch of the namespaces came later.
for (const [title, labels] of [
  ['of which nothing is known yet', undefined],
  ['whose label has not reached the watch', {}],
  ['which the watch still takes for enabled', { 'usher.dev/inject': 'enabled' }],
] as const) {
  t.test(`at /audit a pod of a namespace ${title} is not patched, and what would be done is said`, async (t) => {
    const webhook = await listeningWebhook(t, { contextOf: (name) => ({ ...context, namespace: { name, ...(labels === undefined ? {} : { labels }) } }) })
    const answer = readAnswer((await post(agentFor(t, webhook), webhook, reviewOf(smallPod()), { path: '/audit' })).body)
    t.equal(answer.patch, undefined)
    t.equal(answer.reasons.join(), 'audit,nap-added,lock-added')
  })
}

t.test('at /audit a pod that has opted out has done so', async (t) => {
  const webhook = await listeningWebhook(t)
  const pod = smallPod({ annotations: { 'usher.dev/inject': 'disabled' } })
  const answer = readAnswer((await post(agentFor(t, webhook), webhook, reviewOf(pod), { path: '/audit' })).body)
  t.equal(answer.reasons.join(), 'opted-out')
})
