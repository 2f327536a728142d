import { type DryRun, probePod } from '../check/dry-run.ts'
import { isEnabled } from '../check/enabled.ts'
import { nameOf } from '../check/json-paths.ts'
import type { JsonObject } from '../units/json.ts'
import { mapBounded } from '../units/map-bounded.ts'
import type { Asker } from './asker.ts'

// Each is a request that goes through all webhooks of the cluster.
const triedNamespaces = 50
const triedAtATime = 4

/** Where usher is on nowhere, a pod opts in itself. */
const anyNamespace = 'default'

/**
 * Has the API server say what it would make of a pod in each namespace in which usher is on; nothing is created.
 *
 * @param namespaces all of the cluster; undefined: they are not known.
 */
export async function dryRunPods(asker: Asker, namespaces: readonly JsonObject[] | undefined, image: string): Promise<readonly DryRun[]> {
  const enabled = (namespaces ?? []).filter(isEnabled)
  const mark = enabled.length === 0 ? 'enabled' : undefined
  const other = namespaces?.find((namespace) => nameOf(namespace) === anyNamespace) ?? { metadata: { name: anyNamespace } }
  const tried = enabled.length === 0 ? [other] : enabled.slice(0, triedNamespaces)
  return mapBounded(tried, triedAtATime, async (namespace): Promise<DryRun> => {
    const name = nameOf(namespace)
    const make = (marked: 'enabled' | 'disabled' | undefined) =>
      asker.ask(`dry runs of pods in ${name}`, () => asker.post(`/api/v1/namespaces/${name}/pods`, probePod(name, image, marked), { dryRun: 'All' }))
    const pod = await make(mark)
    return pod.kind === 'failed' ? { namespace, mark, pod, control: await make('disabled') } : { namespace, mark, pod }
  })
}
