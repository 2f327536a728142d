import { type JobView, viewJob } from '../../job/instances/job-view.ts'
import { jobLabel } from '../../job/names.ts'
import type { JsonObject } from '../../units/json.ts'
import type { Wanted } from '../../why/workload-kinds.ts'
import { findWorkload } from '../find-workload.ts'
import { type Looking, seePods } from '../see-pods.ts'
import { namespaceOf } from '../workload-flags.ts'
import { listOffspring } from '../workload-pods.ts'
import { readRevisions, revisionKey } from './revisions.ts'

/**
 * Looks at a job, and at each of its instances.
 *
 * @throws where there is no such job, or the API server does not tell.
 */
export async function lookAtJob(looking: Looking, job: Wanted): Promise<JobView> {
  const { admin, asker, nowMs } = looking
  const namespace = namespaceOf(admin)
  const { workload } = await findWorkload(admin, asker, namespace, job)
  const [pods, services, routes, revisions] = await Promise.all([
    listOffspring(workload, looking).then((offspring) => seePods(offspring.pods, looking)),
    listLabelled(looking, '/api/v1', namespace, 'services', job.name),
    listRoutes(looking, namespace, job.name),
    readRevisions(asker, namespace, job.name),
  ])
  return viewJob({ job: job.name, workload, instances: pods.map(({ instance }) => instance), services, routes, revision: revisions.get(revisionKey(namespace, job.name)), nowMs })
}

/** Of the Ingress, and of the Gateway API, which a cluster may not have. */
async function listRoutes(looking: Looking, namespace: string, job: string): Promise<readonly JsonObject[]> {
  const lists = await Promise.all([
    listLabelled(looking, '/apis/networking.k8s.io/v1', namespace, 'ingresses', job),
    listLabelled(looking, '/apis/gateway.networking.k8s.io/v1', namespace, 'httproutes', job),
  ])
  return lists.flat()
}

/** What is not there, or may not be asked, is not shown: how the instances are is what was asked for. */
async function listLabelled({ asker, unasked }: Looking, path: string, namespace: string, resource: string, job: string): Promise<readonly JsonObject[]> {
  const listed = await asker.ask(resource, () => asker.list(`${path}/namespaces/${encodeURIComponent(namespace)}/${resource}`, { labelSelector: `${jobLabel}=${job}` }))
  if (listed.kind === 'told') return listed.value
  if (listed.kind !== 'denied' && !('status' in listed && listed.status === 404)) unasked(`its ${resource} could not be asked: ${listed.message}`)
  return []
}
