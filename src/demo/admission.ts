import { randomUUID } from 'node:crypto'
import jsonpatch, { type Operation } from 'fast-json-patch'
import { defaultConfig } from '../config/defaults.ts'
import { decide } from '../inject/decide.ts'
import type { Reason } from '../inject/reasons.ts'
import type { ApiServer } from './api-server.ts'
import { type Example, reviewOf } from './workload.ts'

/** What the webhook did to one pod. */
export interface Outcome {
  readonly example: Example
  readonly before: Example['pod']
  readonly after: Example['pod']
  readonly patch: readonly Operation[]
  readonly reasons: readonly Reason[]
  readonly warnings: readonly string[]
  /** From the request to its answer, in milliseconds. */
  readonly ms: number
}

/**
 * Has the webhook review a pod, and applies its patch.
 *
 * @throws where the webhook does not do what it must: allow, answer the right review, patch so that the patch
 *   applies, and want nothing more from a pod that it has patched.
 */
export async function admit(apiServer: ApiServer, example: Example): Promise<Outcome> {
  const start = performance.now()
  const uid = randomUUID()
  const response = await apiServer.review(reviewOf(example, uid))
  const ms = performance.now() - start
  if (response.uid !== uid || !response.allowed) throw new Error(`${example.file}: the webhook did not allow the pod`)
  const after = applyTo(example.pod, response.patch)
  const again = await apiServer.review(reviewOf({ ...example, pod: after }, randomUUID()))
  if (again.patch.length > 0) throw new Error(`${example.file}: the webhook would patch its own work again`)
  return {
    example,
    before: example.pod,
    after,
    patch: response.patch,
    reasons: reasonsFor(example, response.codes),
    warnings: response.warnings,
    ms,
  }
}

function applyTo(pod: Example['pod'], patch: readonly Operation[]): Example['pod'] {
  const copy = structuredClone(pod)
  jsonpatch.applyPatch(copy, structuredClone(patch), true)
  return copy
}

/** The response carries codes alone; the same decision, made here, names features and containers too. */
function reasonsFor({ file, pod, namespace }: Example, codes: readonly string[]): readonly Reason[] {
  const { reasons } = decide(pod, {
    config: defaultConfig,
    namespace: { name: namespace },
    kubeVersion: { major: 1, minor: 37 },
    lockAvailable: true,
  })
  const [here, there] = [reasons.map(({ code }) => code), codes].map((list) => [...new Set(list)].toSorted().join(','))
  if (here !== there) throw new Error(`${file}: the webhook gave the reasons ${there}, and ${here} were expected`)
  return reasons
}
