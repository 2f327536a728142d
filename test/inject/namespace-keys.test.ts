import * as fc from 'fast-check'
import t from 'tap'
import { decide } from '../../src/inject/decide.ts'
import { isNamespaceKey } from '../../src/inject/namespace-keys.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { arbitraryContext } from '../support/arbitrary-context.ts'
import { arbitraryPod } from '../support/arbitrary-pod.ts'

t.test('a decision is the same with nothing else of the namespace than these labels and annotations', async (t) => {
  fc.assert(
    fc.property(arbitraryPod, arbitraryContext, (pod, context) => {
      const { namespace } = context
      const short = { ...namespace, labels: kept(namespace.labels), annotations: kept(namespace.annotations) }
      t.same(decide(pod, { ...context, namespace: short }), decide(pod, context))
    }),
    { numRuns: 500 },
  )
})

t.test('knows ours, OpenShift range of uids, and the meshes', async (t) => {
  for (const key of [
    'usher.dev/inject', 'usher.dev/nap', 'openshift.io/sa.scc.uid-range', 'istio-injection', 'istio.io/rev',
    'linkerd.io/inject', 'config.linkerd.io/skip-outbound-ports',
  ]) t.ok(isNamespaceKey(key), key)
  for (const key of ['kubernetes.io/metadata.name', 'kubectl.kubernetes.io/last-applied-configuration', 'x/usher.dev/inject']) {
    t.notOk(isNamespaceKey(key), key)
  }
})

function kept(all: JsonObject | undefined): JsonObject | undefined {
  return all === undefined ? undefined : Object.fromEntries(Object.entries(all).filter(([key]) => isNamespaceKey(key)))
}
