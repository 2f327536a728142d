import { setTimeout as pause } from 'node:timers/promises'
import { numberAt, textAt } from '../../check/json-paths.ts'
import { jobFieldManager, jobLabel, ledgerOf } from '../../job/names.ts'
import { leaseMs, type LeaseRecord, liveness, type Liveness, look, renewEveryMs } from '../../job/run/lease.ts'
import type { JsonObject } from '../../units/json.ts'
import { explain, type JobCluster, statusOf } from './job-cluster.ts'

/** A lease that is held, and renewed for as long. */
export interface HeldLease {
  /** Aborted when it is lost: whoever has it now changes the job. */
  readonly lost: AbortSignal
  /** Makes sure that it is held still, where it was not renewed for too long: a machine may have slept. Throws where it is lost, or that cannot be told. */
  assure(): Promise<void>
  /** Renews it no more. */
  end(): void
}

/**
 * Takes the lease of a job, whoever has it, and renews it. Only who has won the ledger may: the ledger says who changes the
 * job, the lease only whether they are there still. Throws where it may not be written.
 */
export async function takeLease(cluster: JobCluster, job: string, holder: string): Promise<HeldLease> {
  const path = pathOf(cluster, job)
  const losing = new AbortController()
  let lease: JsonObject
  try {
    lease = await cluster.asker.patch(path, 'apply-patch+yaml', leaseOf(cluster, job, holder), { fieldManager: jobFieldManager, force: 'true' })
  } catch (error) {
    throw explain(cluster, error, `the lease of job ${job}`)
  }
  let renewedAt = performance.now()
  let renewing: Promise<void> | undefined
  // It keeps the process alive: who watches nothing but this renews it still.
  const timer = setInterval(() => void renew().catch(() => {}), renewEveryMs)

  /** One at a time: of two, one would take the other for somebody else. */
  function renew(): Promise<void> {
    renewing ??= renewOnce().finally(() => (renewing = undefined))
    return renewing
  }

  async function renewOnce(): Promise<void> {
    const body = { metadata: { resourceVersion: textAt(lease, 'metadata', 'resourceVersion') }, spec: { renewTime: microTime() } }
    try {
      lease = await cluster.asker.patch(path, 'merge-patch+json', body, { fieldManager: jobFieldManager })
    } catch (error) {
      const status = statusOf(cluster, error)
      // An API server that is away takes nobody else's changes either: whether somebody was faster shows when it is back.
      if (status !== 409 && status !== 404) throw explain(cluster, error, `the lease of job ${job}`)
      const found = await cluster.asker.getIfThere(path)
      // It may have been renewed though the answer was lost.
      if (found === undefined || textAt(found, 'spec', 'holderIdentity') !== holder) return lose(`somebody else has taken job ${job} over`)
      lease = found
    }
    renewedAt = performance.now()
  }

  async function assure(): Promise<void> {
    if (performance.now() - renewedAt >= leaseMs) await renew()
    losing.signal.throwIfAborted()
  }

  function lose(why: string): void {
    clearInterval(timer)
    if (!losing.signal.aborted) losing.abort(new Error(why))
  }
  return { lost: losing.signal, assure, end: () => clearInterval(timer) }
}

const lookAgainMs = 500

/** Whether whoever has begun to change a job is there still: looks until that can be told, for as long as a lease lasts. */
export async function awaitLiveness(cluster: JobCluster, job: string, signal: AbortSignal): Promise<Exclude<Liveness, { kind: 'unknown' }>> {
  const first = look(undefined, await readLease(cluster, job), performance.now())
  let last = first
  for (;;) {
    const now = performance.now()
    const told = liveness(first, last, now)
    if (told.kind !== 'unknown') return told
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await pause(Math.min(lookAgainMs, told.leftMs), undefined, { signal })
    // oxlint-disable-next-line no-await-in-loop
    last = look(last, await readLease(cluster, job), performance.now())
  }
}

async function readLease(cluster: JobCluster, job: string): Promise<LeaseRecord | undefined> {
  let lease: JsonObject | undefined
  try {
    lease = await cluster.asker.getIfThere(pathOf(cluster, job))
  } catch (error) {
    throw explain(cluster, error, `the lease of job ${job}`)
  }
  if (lease === undefined) return undefined
  const durationMs = numberAt(lease, 'spec', 'leaseDurationSeconds') * 1_000
  return { holder: textAt(lease, 'spec', 'holderIdentity') ?? '', renewTime: textAt(lease, 'spec', 'renewTime') ?? '', durationMs: Math.min(durationMs || leaseMs, longestLeaseMs) }
}

// Nobody can keep a job for longer by writing it so.
const longestLeaseMs = 60_000

/** Deletes the lease of a job that is stopped. */
export async function deleteLease(cluster: JobCluster, job: string): Promise<void> {
  try {
    await cluster.asker.delete(pathOf(cluster, job))
  } catch (error) {
    if (statusOf(cluster, error) !== 404) throw explain(cluster, error, `the lease of job ${job}`)
  }
}

function pathOf({ namespace }: JobCluster, job: string): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${ledgerOf(job)}`
}

function leaseOf({ namespace }: JobCluster, job: string, holder: string): JsonObject {
  const metadata = { name: ledgerOf(job), namespace, labels: { [jobLabel]: job, 'app.kubernetes.io/managed-by': 'usher' } }
  const spec = { holderIdentity: holder, leaseDurationSeconds: leaseMs / 1_000, acquireTime: microTime(), renewTime: microTime() }
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }
}

/** As Kubernetes has it, of which it keeps all digits. */
function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z')
}
