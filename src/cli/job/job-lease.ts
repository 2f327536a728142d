import { setTimeout as pause } from 'node:timers/promises'
import { numberAt, textAt } from '../../check/json-paths.ts'
import { jobFieldManager, jobLabel, ledgerOf } from '../../job/names.ts'
import { leaseMs, type LeaseRecord, liveness, type Liveness, look, renewEveryMs } from '../../job/run/lease.ts'
import type { JsonObject } from '../../units/json.ts'
import { explain, type JobCluster, statusOf } from './job-cluster.ts'
import { readLedger } from './ledger-secret.ts'

/** A lease that is held, and renewed for as long. */
export interface HeldLease {
  /** Aborted when it is lost: whoever has it now changes the job. */
  readonly lost: AbortSignal
  /** Aborted where it may not be written, after 10 s: nobody could see that somebody is there, so what is under way is to end. */
  readonly denied: AbortSignal
  /** Makes sure that it is held still, where it was not renewed for too long: a machine may have slept. Throws where it is lost, or that cannot be told. */
  assure(): Promise<void>
  /** Renews it no more. */
  end(): void
}

/** Who holds a lease, and by what. */
export interface LeaseTerms {
  readonly holder: string
  /** By `performance.now()`, just before it was entered in the ledger that somebody changes the job. */
  readonly enteredMs: number
}

/**
 * Holds the lease of a job, whoever had it, and renews it. Only who has won the ledger may: the ledger says who changes the
 * job, the lease only whether they are there still. Nobody takes them for gone within the first 15 s, so it is written for
 * the first time when it is to be renewed: who is done by then needs none.
 */
export function holdLease(cluster: JobCluster, job: string, { holder, enteredMs }: LeaseTerms): HeldLease {
  const path = pathOf(cluster, job)
  const [losing, denying] = [new AbortController(), new AbortController()]
  let lease: JsonObject | undefined
  let renewedMs = enteredMs
  let renewing: Promise<void> | undefined
  // It keeps the process alive: who watches nothing but this renews it still.
  const timer = setInterval(() => void renew().catch(() => {}), renewEveryMs)

  /** One at a time: of two, one would take the other for somebody else. */
  function renew(): Promise<void> {
    renewing ??= renewOnce()
      .catch(refuse)
      .finally(() => (renewing = undefined))
    return renewing
  }

  async function renewOnce(): Promise<void> {
    const askedMs = performance.now()
    if (lease === undefined) {
      // By then, somebody else may have taken it for left.
      if (askedMs - enteredMs >= leaseMs && !(await isOurs())) return lose()
      lease = await take()
    } else {
      lease = await renewed(lease)
      if (lease === undefined) return lose()
    }
    renewedMs = askedMs
  }

  function take(): Promise<JsonObject> {
    return cluster.asker.patch(path, 'apply-patch+yaml', leaseOf(cluster, job, holder), { fieldManager: jobFieldManager, force: 'true' })
  }

  /** Undefined: somebody else has the job. */
  async function renewed(before: JsonObject): Promise<JsonObject | undefined> {
    const body = { metadata: { resourceVersion: textAt(before, 'metadata', 'resourceVersion') }, spec: { renewTime: microTime() } }
    try {
      return await cluster.asker.patch(path, 'merge-patch+json', body, { fieldManager: jobFieldManager })
    } catch (error) {
      const status = statusOf(cluster, error)
      // An API server that is away takes nobody else's changes either: whether somebody was faster shows when it is back.
      if (status !== 409 && status !== 404) throw error
      const found = await cluster.asker.getIfThere(path)
      // It may have been renewed though the answer was lost; and whoever has lost the ledger has no claim to it.
      if (textAt(found, 'spec', 'holderIdentity') === holder) return found
      return (await isOurs()) ? take() : undefined
    }
  }

  async function isOurs(): Promise<boolean> {
    return (await readLedger(cluster, job)).ledger.pending?.holder === holder
  }

  function refuse(error: unknown): never {
    const explained = explain(cluster, error, `the lease of job ${job}`)
    // An API server that has just been started does not know all rights yet: what was written once may be written, and the
    // first time it is tried again for as long as nobody can take the job for left.
    const isLast = lease === undefined && performance.now() - enteredMs + renewEveryMs >= leaseMs
    if (isLast && statusOf(cluster, error) === 403 && !denying.signal.aborted) denying.abort(explained)
    throw explained
  }

  async function assure(): Promise<void> {
    const isLate = performance.now() - renewedMs >= leaseMs
    if (isLate && denying.signal.aborted && !(await isOurs())) lose()
    else if (isLate && !denying.signal.aborted) await renew()
    losing.signal.throwIfAborted()
  }

  function lose(): void {
    clearInterval(timer)
    if (!losing.signal.aborted) losing.abort(new Error(`somebody else has taken job ${job} over`))
  }
  return { lost: losing.signal, denied: denying.signal, assure, end: () => clearInterval(timer) }
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
