import { textAt } from '../../check/json-paths.ts'
import { evidenceLines, loggersOf, type PodEvidence, shownLogLines, suspects } from '../../job/run/evidence.ts'
import type { JsonObject } from '../../units/json.ts'
import type { JobCluster } from './job-cluster.ts'

// A node that is gone answers no more, and a failure is to be told, and set back, soon.
const gatherWithinMs = 10_000

/** Gathers why a workload has failed, line by line: conditions, last exits, events, logs. Never throws: what cannot be read says so. */
export async function gatherEvidence(cluster: JobCluster, workload: JsonObject | undefined, pods: readonly JsonObject[]): Promise<readonly string[]> {
  const within = AbortSignal.timeout(gatherWithinMs)
  const [events, looked] = await Promise.all([workload === undefined ? [] : eventsOf(cluster, workload, within), Promise.all(suspects(pods).map((pod) => lookAt(cluster, pod, within)))])
  return evidenceLines(workload, events, looked)
}

async function lookAt(cluster: JobCluster, pod: JsonObject, within: AbortSignal): Promise<PodEvidence> {
  const [events, logs] = await Promise.all([
    eventsOf(cluster, pod, within),
    Promise.all(loggersOf(pod).map(async ({ container, isPrevious }) => [container, await logOf(cluster, pod, container, isPrevious, within)] as const)),
  ])
  return { pod, events, logs: Object.fromEntries(logs) }
}

async function eventsOf({ admin, namespace }: JobCluster, object: JsonObject, signal: AbortSignal): Promise<readonly JsonObject[]> {
  const fieldSelector = `involvedObject.uid=${textAt(object, 'metadata', 'uid') ?? ''}`
  try {
    return await admin.kube.listAll(admin.config, { path: `/api/v1/namespaces/${namespace}/events`, query: { fieldSelector }, signal })
  } catch (error) {
    return [{ type: 'Warning', reason: 'Unknown', message: `the events cannot be read: ${messageOf(error)}` }]
  }
}

async function logOf({ admin, namespace }: JobCluster, pod: JsonObject, container: string, isPrevious: boolean, signal: AbortSignal): Promise<readonly string[]> {
  const path = `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(textAt(pod, 'metadata', 'name') ?? '')}/log`
  const query = { container, tailLines: String(shownLogLines), ...(isPrevious ? { previous: 'true' } : {}) }
  try {
    // It answers in the form that it asks for itself: text.
    const text = await admin.kube.requestText(admin.config, { path, query, accept: '*/*', signal })
    return text.split('\n').filter((line) => line !== '').slice(-shownLogLines)
  } catch (error) {
    return [`(it cannot be read: ${messageOf(error)})`]
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
