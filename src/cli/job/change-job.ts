import { randomUUID } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { objectPath } from '../../install/chart-object.ts'
import { carryOut, type RunEnd, type RunPorts } from '../../job/run/carry-out.ts'
import { begin, deployedIn, type Draft, forsake, type Ledger, markDeployed, markDetached, markFailed, markLeft, pendingIn, recordedIn, settle } from '../../job/run/ledger.ts'
import { workloadOf } from '../../job/run/kinds.ts'
import { isNothing, planRun, type RunPlan, type Surveyed } from '../../job/run/plan-run.ts'
import { relaxRollout } from '../../job/run/relax-rollout.ts'
import { standingOf } from '../../job/run/rollout.ts'
import { isSame, objectsOf } from '../../units/json.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { deleteObject } from '../remove-objects.ts'
import { awaitRollout } from './await-rollout.ts'
import { awaitLiveness, type HeldLease, holdLease } from './job-lease.ts'
import { explain, type JobCluster, jobObject, withSignal } from './job-cluster.ts'
import { applySurveyed, undoStep } from './job-hands.ts'
import type { JobReport } from './job-report.ts'
import { type FoundLedger, readLedger, writeLedger } from './ledger-secret.ts'
import { claimName } from './name-claim.ts'
import { JobRejection } from './rejection.ts'
import type { Room } from './room.ts'
import { findOthers, surveyJob } from './survey-job.ts'
import { withPatience } from './with-patience.ts'

/** What a job is to be from now on, and how it gets there. */
export interface JobChange {
  readonly cluster: JobCluster
  readonly job: string
  readonly report: JobReport
  /** Of what the ledger knows. Throws where there is nothing that it could be. */
  readonly draftOf: (ledger: Ledger) => Draft | Promise<Draft>
  /** Told when the cluster has refused it; throws where it knows better why. */
  readonly refused?: () => Promise<void>
  readonly roomFor: (objects: readonly Surveyed[]) => Promise<Room>
  /** Whether what others have set or put in is taken over. */
  readonly isForced: boolean
  /** Where the names of jobs are kept; undefined: it is looked for. */
  readonly usherNamespace: string | undefined
  readonly timeoutMs: number
  /** Whether that is counted anew with each instance that has become healthy. */
  readonly isForEach: boolean
  /** Aborted when whoever has begun it goes away. */
  readonly stopping: AbortSignal
}

/**
 * Changes a job, all or nothing: has the API server try everything, then enters the change in the ledger, which one of two
 * wins, puts everything in, waits until it is healthy, and takes away what is not needed any more; or sets everything back.
 *
 * @throws {JobRejection} where it is rejected; nothing was changed then. Other errors say what was.
 */
export async function changeJob(change: JobChange): Promise<ExitCode> {
  const { job, report } = change
  const found = await awaitTurn(change)
  // Before anybody asks what is deployed: of what nobody has watched, that shows only now.
  const ledger = await settled(change, found.ledger)
  const draft = asDeployed(asRead(await change.draftOf(ledger)), ledger)
  const prepared = await prepare(change, ledger, draft)
  const current = deployedIn(prepared.ledger)
  if (isNothing(prepared.plan) && current !== undefined && pendingIn(prepared.ledger) === undefined && isSame(current.objects, draft.objects)) {
    if (ledger !== found.ledger || ledger.pending !== undefined) await writeLedger(change.cluster, forsake(ledger), found.version)
    await report.end(`job ${job} is as it is to be (revision ${current.number}); nothing was changed`, 'unchanged', { revision: current.number })
    return exitCodes.done
  }
  const room = await change.roomFor(prepared.wanted)
  if (room.problem !== undefined) throw new JobRejection(job, room.problem)
  const relaxed = room.isTight ? relaxRollout(draft.objects) : undefined
  if (relaxed !== undefined) await report.note('warning: there is no room for one instance more: one at a time goes before the next one comes (maxUnavailable 1)')
  const ready = relaxed === undefined ? prepared : await prepare(change, ledger, { ...draft, objects: relaxed })
  change.stopping.throwIfAborted()
  return enter(change, { ...found, ledger: await claimed(change, ready.ledger) }, ready.draft, ready.plan)
}

interface Prepared {
  readonly draft: Draft
  readonly ledger: Ledger
  readonly wanted: readonly Surveyed[]
  readonly plan: RunPlan
}

/** Has everything tried, and decides what would be done. */
async function prepare({ cluster, job, isForced, refused, stopping }: JobChange, ledger: Ledger, draft: Draft): Promise<Prepared> {
  const wanted = await surveyJob(cluster, { job, objects: draft.objects, isForced }).catch(async (error: unknown) => {
    if (!stopping.aborted) await refused?.()
    throw error
  })
  const facts = { job, wanted, previous: deployedIn(ledger)?.objects, recorded: recordedIn(ledger) }
  return { draft, ledger, wanted, plan: planRun({ ...facts, others: await findOthers(cluster, facts.recorded, draft.objects) }) }
}

/** What was run with a rollout that needs no room is the same job still. */
function asDeployed(draft: Draft, ledger: Ledger): Draft {
  const relaxed = relaxRollout(draft.objects)
  return relaxed !== undefined && isSame(deployedIn(ledger)?.objects, relaxed) ? { ...draft, objects: relaxed } : draft
}

/** With objects as they are when they are read again: nothing in them is undefined. */
function asRead(draft: Draft): Draft {
  return { ...draft, objects: objectsOf(JSON.parse(JSON.stringify(draft.objects))) }
}

/** Waits until nobody else changes the job: who has gone away in the middle does not any more. */
export async function awaitTurn({ cluster, job, report, stopping }: Pick<JobChange, 'cluster' | 'job' | 'report' | 'stopping'>): Promise<FoundLedger> {
  const found = await readLedger(cluster, job)
  const { pending } = found.ledger
  if (pending === undefined || pending.isDetached) return found
  await report.note(`${pending.holder} has begun to ${pending.change} job ${job} at ${pending.since}; looking whether they are there still`)
  const told = await awaitLiveness(cluster, job, stopping)
  if (told.kind === 'alive') throw busy(job, pending.holder)
  const again = await readLedger(cluster, job)
  if (again.version !== found.version) throw busy(job, again.ledger.pending?.holder ?? 'somebody')
  await report.note('they are not; going on from there')
  return again
}

function busy(job: string, holder: string): JobRejection {
  return new JobRejection(job, { code: 'job-busy', detail: `${holder} is changing job ${job}.`, members: { holder } })
}

/** With what nobody has watched to its end as deployed, where it is healthy by now. */
async function settled({ cluster }: JobChange, ledger: Ledger): Promise<Ledger> {
  const workload = ledger.pending?.isDetached === true ? workloadOf(pendingIn(ledger)?.objects ?? []) : undefined
  if (workload === undefined) return ledger
  const object = jobObject(workload)
  const live = await cluster.asker.getIfThere(objectPath(object)).catch((error: unknown) => {
    throw explain(cluster, error, object)
  })
  return settle(ledger, live !== undefined && standingOf(live).kind === 'healthy')
}

async function claimed({ cluster, job, usherNamespace, report }: JobChange, ledger: Ledger): Promise<Ledger> {
  if (ledger.isClaimed) return ledger
  const claim = await claimName(cluster, job, usherNamespace)
  if (claim.kind === 'unkept') await report.note(`warning: ${claim.why}`)
  return { ...ledger, isClaimed: claim.kind === 'kept' }
}

/** Who changes a job, for those who want to as well. */
export function ownHolder(): string {
  return `${userInfo().username}@${hostname()} (${randomUUID().slice(0, 8)})`
}

/** From here on it is entered in the ledger; whatever fails is set back, and written down. */
async function enter(change: JobChange, found: FoundLedger, draft: Draft, plan: RunPlan): Promise<ExitCode> {
  const { job } = change
  const holder = ownHolder()
  // What is under way is not broken off by whoever goes away: it is all or nothing.
  const cluster = withSignal(change.cluster, new AbortController().signal)
  const enteredMs = performance.now()
  const begun = await writeLedger(cluster, begin(found.ledger, draft, { holder, at: new Date().toISOString() }), found.version)
  if (begun === undefined) throw busy(job, (await readLedger(cluster, job)).ledger.pending?.holder ?? 'somebody')
  const lease = holdLease(cluster, job, { holder, enteredMs })
  const entered: Entered = { ...change, cluster, draft, lease, number: pendingIn(begun.ledger)?.number ?? 0, previous: deployedIn(begun.ledger)?.number, book: bookOf(cluster, begun) }
  try {
    return await conclude(entered, await carryOut(plan, portsOf(entered), { keepsUnhealthy: draft.job?.update.rollback === false, failed: (message, evidence) => change.report.evidence(message, evidence) }))
  } catch (error) {
    if (!lease.lost.aborted) throw error
    await change.report.end(`${error instanceof Error ? error.message : String(error)}; nothing was set back`, 'lost')
    return exitCodes.notRolledBack
  } finally {
    lease.end()
  }
}

/** A change that the ledger knows. */
interface Entered extends JobChange {
  readonly draft: Draft
  readonly lease: HeldLease
  readonly book: Book
  /** Of its revision. */
  readonly number: number
  /** Of the revision that is deployed. */
  readonly previous: number | undefined
}

function portsOf({ cluster, job, report, draft, lease, book, isForced, timeoutMs, isForEach, stopping }: Entered): RunPorts {
  const workload = workloadOf(draft.objects)
  return {
    async apply(step) {
      lease.denied.throwIfAborted()
      await withPatience(async () => {
        await lease.assure()
        await applySurveyed(cluster, step, isForced)
      })
      await report.object(step.outcome, step.object)
    },
    async awaitRollout() {
      return workload === undefined ? { kind: 'healthy' } : awaitRollout({ cluster, job, workload, timeoutMs, isForEach, report, detaching: stopping, lost: lease.lost, broken: lease.denied })
    },
    deployed: () => book.write(markDeployed),
    async undo(step) {
      await withPatience(async () => {
        await lease.assure()
        await undoStep(cluster, job, step)
      })
    },
    async prune(object) {
      await withPatience(() => deleteObject(cluster, jobObject(object), false))
      await report.object('deleted', object)
    },
  }
}

async function conclude(entered: Entered, end: RunEnd): Promise<ExitCode> {
  const { job, report, book, number, previous, draft } = entered
  /** What has come of it is as it is, whether it can be written down or not. */
  const note = (next: (ledger: Ledger) => Ledger): Promise<void> =>
    book.write(next).catch((error: unknown) => report.note(`warning: that cannot be written down: ${error instanceof Error ? error.message : String(error)}`))
  if (end.kind === 'deployed') {
    for (const each of end.left) await report.note(`warning: it was to be taken away, and is there still: ${each}`)
    await report.end(`job ${job} runs: revision ${number}, ${instanceWords(draft)}`, 'deployed', { revision: number, left: end.left })
    return end.left.length === 0 ? exitCodes.done : exitCodes.failed
  }
  if (end.kind === 'detached') {
    await note(markDetached)
    await report.end(`revision ${number} of job ${job} is put in, and goes on without being watched: usher job status ${job} shows it, and nothing is rolled back`, 'detached', { revision: number })
    return exitCodes.failed
  }
  const { message, evidence } = end
  if (end.kind === 'rolled-back') {
    await note((ledger) => markFailed(ledger, message, evidence))
    for (const each of end.ended) await report.note(`${each} had ended before, and is not there any more: it is not done again; usher job rollback ${job} --to ${previous ?? number} does it`)
    const back = previous === undefined ? 'nothing of it is left' : `revision ${previous} is back${end.ended.length === 0 ? '' : ', but for what had ended'}`
    await report.end(`revision ${number} of job ${job} has failed, and ${back}; usher job history ${job} --revision ${number} shows this again`, 'rolled-back', { revision: number, message })
    return exitCodes.rolledBack
  }
  const left = end.left.map((each) => `not as it was: ${each}`)
  await note((ledger) => markLeft(ledger, [message, ...left].join('\n'), evidence))
  for (const each of left) await report.note(each)
  await report.end(`revision ${number} of job ${job} has failed, and is not rolled back; usher job rollback ${job}, or a run of a job file that is mended, goes on from here`, 'not-rolled-back', { revision: number, message, left: end.left })
  return exitCodes.notRolledBack
}

function instanceWords({ instances }: Draft): string {
  if (instances === 'each-node') return 'one instance on each node'
  return instances === 1 ? '1 instance' : `${instances} instances`
}

/** The ledger, as it is written from one version to the next. */
interface Book {
  /** Throws where somebody else has taken the job over. */
  write(next: (ledger: Ledger) => Ledger): Promise<void>
}

function bookOf(cluster: JobCluster, begun: FoundLedger): Book {
  let last = begun
  return {
    async write(next) {
      const ledger = next(last.ledger)
      const written = await withPatience(() => writeLedger(cluster, ledger, last.version))
      last = written ?? (await readLedger(cluster, ledger.job))
      // It may have been written though the answer was lost.
      if (headOf(last.ledger) !== headOf(ledger)) throw new Error(`somebody else has taken job ${ledger.job} over meanwhile; usher job history ${ledger.job} shows what they do`)
    },
  }
}

/** By which one ledger is told from the next. */
function headOf({ pending, revisions }: Ledger): string {
  return JSON.stringify([pending?.holder, pending?.isDetached, revisions.at(-1)?.number, revisions.at(-1)?.state])
}
