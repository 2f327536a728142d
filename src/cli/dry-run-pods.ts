import { setTimeout as pause } from 'node:timers/promises'
import { type DryRun, isRejection, probePod } from '../check/dry-run.ts'
import { isEnabled } from '../check/enabled.ts'
import { nameOf } from '../check/json-paths.ts'
import type { JsonObject } from '../units/json.ts'
import { mapBounded } from '../units/map-bounded.ts'
import type { Asker } from './asker.ts'

// Each is a request that goes through all webhooks of the cluster.
const triedNamespaces = 50
const triedAtATime = 4

// An API server that starts, or another webhook that is rolled out, needs about so long.
const againAfterMs = 1_000

/** Where usher is on nowhere, a pod opts in itself. */
const anyNamespace = 'default'

/**
 * Has the API server say what it would make of a pod in each namespace in which usher is on; nothing is created.
 *
 * What fails in passing is tried once more, and is not blamed on anybody.
 *
 * @param namespaces all of the cluster; undefined: they are not known.
 */
export async function dryRunPods(asker: Asker, namespaces: readonly JsonObject[] | undefined, image: string, signal: AbortSignal): Promise<readonly DryRun[]> {
  const enabled = (namespaces ?? []).filter(isEnabled)
  const mark = enabled.length === 0 ? 'enabled' : undefined
  const other = namespaces?.find((namespace) => nameOf(namespace) === anyNamespace) ?? { metadata: { name: anyNamespace } }
  const tried = enabled.length === 0 ? [other] : enabled.slice(0, triedNamespaces)
  return mapBounded(tried, triedAtATime, async (namespace): Promise<DryRun> => {
    const name = nameOf(namespace)
    const once = (marked: 'enabled' | 'disabled' | undefined) =>
      asker.ask(`dry runs of pods in ${name}`, () => asker.post(`/api/v1/namespaces/${name}/pods`, probePod(name, image, marked), { dryRun: 'All' }))
    const make = async (marked: 'enabled' | 'disabled' | undefined) => {
      const first = await once(marked)
      if (first.kind !== 'failed' || isRejection(first)) return first
      // An abort is told by whoever asks then.
      await pause(againAfterMs, undefined, { signal }).catch(() => {})
      return once(marked)
    }
    const pod = await make(mark)
    return isRejection(pod) ? { namespace, mark, pod, control: await make('disabled') } : { namespace, mark, pod }
  })
}
