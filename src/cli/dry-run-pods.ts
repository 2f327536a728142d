import { type DryRun, probePod } from '../check/dry-run.ts'
import { nameOf } from '../check/json-paths.ts'
import type { JsonObject } from '../units/json.ts'
import { mapBounded } from '../units/map-bounded.ts'
import type { Asker } from './asker.ts'

// Each is a request that goes through all webhooks of the cluster.
const triedNamespaces = 50
const triedAtATime = 4

/** Where usher is on nowhere, a pod opts in itself. */
const anyNamespace: JsonObject = { metadata: { name: 'default' } }

/** Has the API server say what it would make of a pod in each of these namespaces; nothing is created. */
export async function dryRunPods(asker: Asker, enabled: readonly JsonObject[], image: string): Promise<readonly DryRun[]> {
  const mark = enabled.length === 0 ? 'enabled' : undefined
  const tried = enabled.length === 0 ? [anyNamespace] : enabled.slice(0, triedNamespaces)
  return mapBounded(tried, triedAtATime, async (namespace): Promise<DryRun> => {
    const name = nameOf(namespace)
    const make = (marked: 'enabled' | 'disabled' | undefined) =>
      asker.ask(`dry runs of pods in ${name}`, () => asker.post(`/api/v1/namespaces/${name}/pods`, probePod(name, image, marked), { dryRun: 'All' }))
    const pod = await make(mark)
    return pod.kind === 'failed' ? { namespace, pod, control: await make('disabled') } : { namespace, pod }
  })
}
