import * as fc from 'fast-check'
import t from 'tap'
import type { DecisionContext } from '../../src/inject/context.ts'
import { revert } from '../../src/inject/revert.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { anotherInjector, arbitraryChange } from '../support/arbitrary-change.ts'
import { arbitraryAlmostPod, arbitraryGarbage } from '../support/arbitrary-pod.ts'
import { patched } from '../support/injected.ts'
import { equal, forAll, forEveryInjection, injection, podAndContext } from '../support/property.ts'

t.test('gives back the pod as it was', async (t) => {
  forEveryInjection(t, 0.4, ({ pod, after }) => {
    equal(reverted(after), pod, 'pod')
    return true
  })
})

t.test('gives back the pod as it was, with the nap as a binary', async (t) => {
  forAll(t, 0.3, podAndContext, ([pod, context]) => {
    const { after, decision } = injection([pod, withExec(context)])
    equal(reverted(after), pod, 'pod')
    return decision.patch.length > 0
  })
})

t.test('gives back what another injector has made of the pod meanwhile, without ours', async (t) => {
  forAll(t, 0.3, fc.tuple(podAndContext, arbitraryChange), ([[pod, context], change]) => {
    const first = injection([pod, context])
    const again = injection([anotherInjector(pod, first.after, change), context]).after
    const reversal = revert(again)
    if (reversal.kind !== 'revert') return false
    const text = JSON.stringify(patched(again, { patch: reversal.patch, reasons: [], warnings: [] }))
    for (const ours of ['usher.dev/status', '"usher-lock"', '"usher-bin"', '"usher-token"', '/usher/nap']) {
      if (text.includes(ours) && !JSON.stringify([pod, change]).includes(ours)) throw new Error(`${ours} is left in ${text}`)
    }
    return first.decision.patch.length > 0
  })
})

t.test('leaves alone what usher has not injected, and never throws', async (t) => {
  forAll(t, 0.9, fc.oneof(arbitraryGarbage, arbitraryAlmostPod), (value) => {
    equal(revert(value), { kind: 'not-injected' }, 'reversal')
    return true
  })
})

function reverted(pod: JsonObject): JsonObject {
  const reversal = revert(pod)
  if (reversal.kind !== 'revert') return pod
  equal(reversal.kept, [], 'kept')
  return patched(pod, { patch: reversal.patch, reasons: [], warnings: [] })
}

function withExec(context: DecisionContext): DecisionContext {
  return { ...context, config: { ...context.config, nap: { ...context.config.nap, method: 'exec' } } }
}
