import { at, numberAt, objectsAt, textAt } from '../../check/json-paths.ts'
import { columns } from '../../terminal/columns.ts'
import { formatAge } from '../../units/age.ts'
import type { JsonObject } from '../../units/json.ts'
import { jobLabel } from '../names.ts'
import { timeAt } from './parts.ts'
import { type Summary, summariseCounts } from './summary.ts'

/** A job of a list. */
export interface JobRow {
  readonly name: string
  readonly namespace: string
  readonly kind: string
  /** By the status of its workload. */
  readonly summary: Summary
  readonly createdMs: number
  /** Of its containers, each once. */
  readonly images: readonly string[]
  /** The newest that was deployed; undefined: not known. */
  readonly revision: number | undefined
}

/** Reads a job of its workload; undefined where that is of no job. */
export function readJobRow(workload: JsonObject, revision: number | undefined): JobRow | undefined {
  const name = textAt(workload, 'metadata', 'labels', jobLabel)
  if (name === undefined) return undefined
  const pod = at(workload, 'spec', 'template', 'spec')
  // What others have put in is not the job's.
  const own = [...objectsAt(pod, 'initContainers').filter(({ restartPolicy }) => restartPolicy === 'Always'), ...objectsAt(pod, 'containers')]
  return {
    name,
    namespace: textAt(workload, 'metadata', 'namespace') ?? '',
    kind: textAt(workload, 'kind') ?? '',
    summary: summariseCounts(workload, healthyOf(workload)),
    createdMs: timeAt(workload, 'metadata', 'creationTimestamp'),
    images: [...new Set(own.flatMap((container) => textAt(container, 'image') ?? []))],
    revision,
  }
}

/** Of its instances, how many are healthy, as its controller has counted them. */
function healthyOf(workload: JsonObject): number {
  switch (textAt(workload, 'kind') ?? '') {
    case 'DaemonSet':
      return numberAt(workload, 'status', 'numberReady')
    case 'Job':
      return numberAt(workload, 'status', 'ready') + numberAt(workload, 'status', 'succeeded')
    default:
      return numberAt(workload, 'status', 'readyReplicas')
  }
}

/** The jobs under a line of heads, by namespace and name. */
export function jobLines(rows: readonly JobRow[], nowMs: number): readonly string[] {
  const heads = ['NAMESPACE', 'JOB', 'STATE', 'REVISION', 'AGE', 'IMAGES']
  return columns([heads, ...sorted(rows).map(({ namespace, name, summary, revision, createdMs, images }) => [
    namespace,
    name,
    summary.text,
    revision === undefined ? '-' : String(revision),
    createdMs === 0 ? '-' : formatAge((nowMs - createdMs) / 1_000),
    images.join(', '),
  ])])
}

/** One object for machines. */
export function jobsJson(rows: readonly JobRow[]): JsonObject {
  return {
    jobs: sorted(rows).map(({ name, namespace, kind, summary: { state, healthy, wanted }, createdMs, images, revision }) => ({
      name,
      namespace,
      kind,
      state,
      healthy,
      wanted,
      revision: revision ?? null,
      created: createdMs === 0 ? null : new Date(createdMs).toISOString(),
      images,
    })),
  }
}

function sorted(rows: readonly JobRow[]): readonly JobRow[] {
  return rows.toSorted((left, right) => left.namespace.localeCompare(right.namespace) || left.name.localeCompare(right.name))
}
