import { setTimeout as pause } from 'node:timers/promises'
import { instanceOf } from '../../job/instances/instance.ts'
import { jobLabel } from '../../job/names.ts'
import { holdsData, isWorkload, objectKey, titleOfObject } from '../../job/run/kinds.ts'
import { beginStop, recordedIn } from '../../job/run/ledger.ts'
import { belongsTo } from '../../job/run/plan-run.ts'
import { counted } from '../../terminal/counted.ts'
import type { JsonObject } from '../../units/json.ts'
import type { Output } from '../command.ts'
import { confirm } from '../confirm.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { deleteObject } from '../remove-objects.ts'
import { awaitTurn, ownHolder } from './change-job.ts'
import { deleteLease, holdLease } from './job-lease.ts'
import { explain, type JobCluster, jobObject, withSignal } from './job-cluster.ts'
import type { JobReport } from './job-report.ts'
import { noSuchJob } from './known-ledger.ts'
import { deleteLedger, writeLedger } from './ledger-secret.ts'
import { releaseName } from './name-claim.ts'
import { JobRejection } from './rejection.ts'
import { findOthers } from './survey-job.ts'
import { withPatience } from './with-patience.ts'

/** Which job is stopped, and how. */
export interface JobStop {
  readonly cluster: JobCluster
  readonly job: string
  readonly report: JobReport
  readonly output: Output
  readonly usherNamespace: string | undefined
  readonly timeoutMs: number
  readonly isWithVolumes: boolean
  readonly isAgreed: boolean
  /** Aborted when whoever has begun it goes away. */
  readonly stopping: AbortSignal
}

/** Stops a job: its workload first, then all else that its ledger knows, the ledger last. Throws where it cannot; it can be begun again. */
export async function stopJob(stop: JobStop): Promise<ExitCode> {
  const { job, report, output, isWithVolumes, isAgreed } = stop
  const found = await awaitTurn(stop)
  if (found.version === undefined) {
    // A run that was killed at its beginning may have kept the name, and no more.
    await releaseName(stop.cluster, job, stop.usherNamespace)
    throw await noSuchJob(stop.cluster, job)
  }
  const live = (await findOthers(stop.cluster, recordedIn(found.ledger), [])).filter((each) => belongsTo(each, job))
  const kept = live.filter((each) => holdsData(each) && !isWithVolumes)
  const going = live.filter((each) => !kept.includes(each))
  const data = going.filter(holdsData)
  const volumes = data.length === 0 ? '' : `, and delete ${data.map(titleOfObject).join(', ')} with all that is in them`
  const consent = await confirm(`Stop job ${job} in namespace ${stop.cluster.namespace}${volumes}`, isAgreed, output)
  if (consent !== 'yes') {
    output.stderr.write(consent === 'no' ? 'nothing was changed\n' : 'usher job stop: nothing was changed: there is no terminal to ask at; --yes says yes beforehand\n')
    return exitCodes.failed
  }
  const cluster = withSignal(stop.cluster, new AbortController().signal)
  const holder = ownHolder()
  const enteredMs = performance.now()
  const begun = await writeLedger(cluster, beginStop(found.ledger, { holder, at: new Date().toISOString() }), found.version)
  if (begun === undefined) throw new JobRejection(job, { code: 'job-busy', detail: `Somebody else is changing job ${job}.` })
  const lease = holdLease(cluster, job, { holder, enteredMs })
  try {
    const gone = inOrderOfEnd(going)
    for (const object of gone.filter(isWorkload)) await take(stop, cluster, object, lease.lost)
    const left = await awaitEnd(stop, cluster)
    for (const object of gone.filter((each) => !isWorkload(each))) await take(stop, cluster, object, lease.lost)
    const unreleased = await releaseName(cluster, job, stop.usherNamespace)
    if (unreleased !== undefined) await report.note(`warning: the name stays kept for this namespace: ${unreleased}`)
    lease.end()
    await deleteLease(cluster, job)
    await deleteLedger(cluster, job)
    for (const each of kept) await report.note(`${titleOfObject(each)} stays, with what is in it`)
    if (left > 0) await report.note(`${left} of its instances still end`)
    await report.end(`job ${job} is stopped`, 'stopped', { kept: kept.map(titleOfObject) })
    return exitCodes.done
  } finally {
    lease.end()
  }
}

/** The other way than they were put in. */
function inOrderOfEnd(objects: readonly JsonObject[]): readonly JsonObject[] {
  return [...new Map(objects.map((each) => [objectKey(each), each])).values()].toReversed()
}

async function take({ report }: JobStop, cluster: JobCluster, object: JsonObject, lost: AbortSignal): Promise<void> {
  lost.throwIfAborted()
  await withPatience(() => deleteObject(cluster, jobObject(object), false))
  await report.object('deleted', object)
}

const lookAgainMs = 1_000

/** Waits until its pods are gone; gives how many are not when the time is over. */
async function awaitEnd({ job, report, timeoutMs, stopping }: JobStop, cluster: JobCluster): Promise<number> {
  const deadline = performance.now() + timeoutMs
  const path = `/api/v1/namespaces/${cluster.namespace}/pods`
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    const pods = await withPatience(() =>
      cluster.asker.list(path, { labelSelector: `${jobLabel}=${job}` }).catch((error: unknown) => {
        throw explain(cluster, error, 'pods')
      }),
    )
    if (pods.length === 0 || performance.now() >= deadline || stopping.aborted) {
      // oxlint-disable-next-line no-await-in-loop
      await report.rest()
      return pods.length
    }
    const nowMs = Date.now()
    // oxlint-disable-next-line no-await-in-loop
    await report.waiting(`waiting for ${counted(pods.length, 'instance')} to end`, pods.map((pod) => instanceOf(pod, { nowMs })))
    // oxlint-disable-next-line no-await-in-loop
    await pause(lookAgainMs, undefined, { signal: stopping }).catch(() => {})
  }
}
