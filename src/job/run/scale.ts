import { at } from '../../check/json-paths.ts'
import { isObject, isSame, type JsonObject } from '../../units/json.ts'
import type { Job } from '../job.ts'
import { inOrder, isWorkload, workloadOf } from './kinds.ts'
import type { Draft, Revision } from './ledger.ts'

/** Makes objects of a job as those of a revision were made; undefined: it cannot. */
export type RenderAgain = (job: Job) => readonly JsonObject[] | undefined

/** A revision with another number of instances, or why there is none. */
export type Scaled = { readonly kind: 'scaled'; readonly draft: Draft } | { readonly kind: 'refused'; readonly detail: string }

/**
 * A revision with another number of instances. It is rendered anew, since more than one instance may take more objects; but
 * where today's rendering of the same job is another than it was, nothing but the number is changed.
 *
 * @param render undefined: it cannot be rendered.
 */
export function scale(revision: Revision, instances: number, render: RenderAgain | undefined): Scaled {
  const { job, options, objects } = revision
  const workload = workloadOf(objects)
  if (workload === undefined || revision.instances === 'each-node') {
    return { kind: 'refused', detail: 'It has one instance on each node (deploy.mode: global), and no number of them.' }
  }
  const isAsThen = job !== undefined && render !== undefined && isSame(render(job), objects)
  const again = isAsThen ? render({ ...job, instances }) : undefined
  const scaledJob = job === undefined ? {} : { job: { ...job, instances } }
  const scaled = again ?? objects.map((each) => (isWorkload(each) ? withInstances(each, instances) : each))
  return {
    kind: 'scaled',
    draft: { change: 'scale', instances, objects: inOrder(scaled), ...scaledJob, ...(options === undefined ? {} : { options }), note: `to ${instances}` },
  }
}

function withInstances(workload: JsonObject, instances: number): JsonObject {
  const spec = isObject(workload['spec']) ? workload['spec'] : {}
  // Of an Indexed Job both may be changed together (KEP-3715).
  const counts = workload['kind'] === 'Job' ? { completions: instances, parallelism: instances } : { replicas: instances }
  return { ...workload, spec: { ...spec, ...counts } }
}

/** How many instances a workload asks for. */
export function instancesOf(workload: JsonObject | undefined): number | 'each-node' {
  if (workload?.['kind'] === 'DaemonSet') return 'each-node'
  const count = at(workload, 'spec', workload?.['kind'] === 'Job' ? 'completions' : 'replicas')
  return typeof count === 'number' ? count : 1
}
