import t from 'tap'
import { at } from '../../src/check/json-paths.ts'
import { runChecks } from '../../src/check/run-checks.ts'
import type { JoinedAdmin } from '../../src/cli/admin-cluster.ts'
import { askWith } from '../../src/cli/asker.ts'
import { dryRunPods } from '../../src/cli/dry-run-pods.ts'
import { PodSilentError } from '../../src/kube/ask-pod.ts'
import { atAddress } from '../../src/kube/cluster.ts'
import { ApiError, requestJson } from '../../src/kube/request.ts'
import { startAnsweringApiServer } from '../support/answering-api-server.ts'
import { facts, injectedPod, namespace } from '../support/check-facts.ts'

t.test('a dry run that fails in passing is tried once more, and is not blamed on usher', async (t) => {
  const tried: unknown[] = []
  let refusals: readonly number[] = []
  const shop = namespace('shop')
  const api = await startAnsweringApiServer(t, {
    'POST /api/v1/namespaces/shop/pods': (body) => {
      tried.push(at(body, 'metadata', 'labels', 'usher.dev/inject') ?? 'on')
      const refuse = refusals[tried.length - 1]
      return refuse === undefined ? injectedPod(shop) : { refuse, message: `refused by ${refuse}` }
    },
  })
  const { signal } = new AbortController()
  const asker = askWith({ kube: { ApiError, PodSilentError, requestJson }, config: atAddress(api.url) } as unknown as JoinedAdmin, signal)
  async function injection(...answers: readonly number[]): Promise<unknown> {
    tried.length = 0
    refusals = answers
    const dryRuns = await dryRunPods(asker, [shop], 'image', signal)
    const [found] = runChecks(facts({ dryRuns }), ['injection']).filter(({ id }) => id === 'injection')
    return { outcome: found?.outcome, items: found?.items, tried: [...tried] }
  }
  for (const status of [500, 503, 429]) {
    t.match(await injection(status, status), { outcome: 'skipped', items: [new RegExp(`^shop: it could not be tried, twice: .*refused by ${status}`)], tried: ['on', 'on'] }, String(status))
  }
  t.match(await injection(503), { outcome: 'ok', tried: ['on', 'on'] })
  t.match(await injection(422), { outcome: 'failed', items: [/because of what usher puts in/], tried: ['on', 'disabled'] })
  t.match(await injection(422, 422), { outcome: 'skipped', items: [/rejected without usher, too/], tried: ['on', 'disabled'] })
  t.match(await injection(422, 503), { outcome: 'failed', tried: ['on', 'disabled', 'disabled'] }, 'so is the other one')
  t.match(await injection(422, 503, 503), { outcome: 'skipped', items: [/could not be tried/], tried: ['on', 'disabled', 'disabled'] })
})
