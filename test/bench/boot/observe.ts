/**
 * Tells of the pods of a namespace that are on a node, and of the machine's CPUs, until it is killed: lines of JSON, each with
 * its time. A process of its own, so that it runs beside the cluster's parts, and not as whatever runs the benchmark.
 */
import { fromKubeconfig } from '../../../src/kube/cluster.ts'
import { watchNodePods } from '../../../src/kube/node-pods.ts'
import { isObject, type JsonObject } from '../../../src/units/json.ts'
import { type CpuSample, sampleCpus } from './cpu-use.ts'

/** What is told; times in milliseconds since 1970. */
export type Observation =
  | { readonly kind: 'synced'; readonly at: number }
  | { readonly kind: 'pod'; readonly at: number; readonly pod: PodFacts }
  | { readonly kind: 'gone'; readonly at: number; readonly uid: string }
  | { readonly kind: 'cpus'; readonly at: number; readonly sample: CpuSample }

/** What is told of a pod. */
export interface PodFacts {
  readonly uid: string
  readonly name: string
  readonly isReady: boolean
  /** Its init containers have finished. */
  readonly isLetIn: boolean
  readonly restarts: number
}

const periodMs = 1_000

if (import.meta.main) observe(process.argv.slice(2))

function observe([kubeconfig = '', namespace = '', node = '']: readonly string[]): void {
  const config = fromKubeconfig(kubeconfig)
  watchNodePods<PodFacts>(
    { config, node, pick: (pod) => factsOf(pod, namespace) },
    {
      put: (pod) => tell({ kind: 'pod', at: Date.now(), pod }),
      removed: ({ uid }) => tell({ kind: 'gone', at: Date.now(), uid }),
      synced: () => tell({ kind: 'synced', at: Date.now() }),
      lost() {},
      back() {},
    },
  )
  setInterval(() => tell({ kind: 'cpus', at: Date.now(), sample: sampleCpus() }), periodMs)
}

function tell(observation: Observation): void {
  process.stdout.write(`${JSON.stringify(observation)}\n`)
}

function factsOf({ metadata, status }: JsonObject, wanted: string): PodFacts | undefined {
  if (!isObject(metadata) || metadata['namespace'] !== wanted) return undefined
  const { uid, name } = metadata
  if (typeof uid !== 'string' || typeof name !== 'string') return undefined
  const said = isObject(status) ? status : {}
  const restarts = objectsOf(said['containerStatuses']).map(({ restartCount }) => (typeof restartCount === 'number' ? restartCount : 0))
  return {
    uid,
    name,
    isReady: objectsOf(said['conditions']).some(({ type, status: value }) => type === 'Ready' && value === 'True'),
    isLetIn: objectsOf(said['initContainerStatuses']).some(({ state }) => isObject(state) && isObject(state['terminated'])),
    restarts: restarts.reduce((sum, count) => sum + count, 0),
  }
}

function objectsOf(list: unknown): readonly JsonObject[] {
  return Array.isArray(list) ? list.filter(isObject) : []
}
