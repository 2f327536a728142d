import { isSame, type JsonObject } from '../../units/json.ts'
import type { Job } from '../job.ts'
import type { RenderOptions } from '../rendered.ts'

/** By which verb a job is changed. */
export type Change = 'run' | 'scale' | 'rollback' | 'stop'

/** `superseded`: it was deployed, and another one is by now. */
export type RevisionState = 'pending' | 'deployed' | 'failed' | 'superseded'

/** What a job was to be. */
export interface Draft {
  readonly change: Exclude<Change, 'stop'>
  readonly instances: number | 'each-node'
  /** In the order in which they are put in. */
  readonly objects: readonly JsonObject[]
  /** What the objects were rendered from. */
  readonly job?: Job
  readonly options?: RenderOptions
  /** For people: `to revision 3`. */
  readonly note?: string
}

/** What a job was to be, and what has come of it. */
export interface Revision extends Draft {
  /** From 1. */
  readonly number: number
  /** ISO 8601. */
  readonly at: string
  readonly state: RevisionState
  /** Why it has failed. */
  readonly message?: string
  /** What was seen when it failed, before anything was set back. */
  readonly evidence?: readonly string[]
  /** It has failed, and not all was set back: what is there may be of it. */
  readonly isLeft?: true
}

/** Who changes a job at the moment. */
export interface Pending {
  readonly change: Change
  readonly holder: string
  /** ISO 8601. */
  readonly since: string
  /** All is put in, and nobody watches any more what comes of it. */
  readonly isDetached: boolean
}

/** The revisions of a job, oldest first. Who has replaced what was read of it by one that is pending changes the job. */
export interface Ledger {
  readonly v: 1
  readonly job: string
  readonly revisions: readonly Revision[]
  readonly pending?: Pending
  /** Whether the name is kept for this namespace. */
  readonly isClaimed: boolean
}

/** The ledger of a job that was never run. */
export function newLedger(job: string): Ledger {
  return { v: 1, job, revisions: [], isClaimed: false }
}

/** What runs, as far as the ledger knows. */
export function deployedIn({ revisions }: Ledger): Revision | undefined {
  return revisions.findLast(({ state }) => state === 'deployed')
}

/** What is, or was, on its way. */
export function pendingIn({ revisions }: Ledger): Revision | undefined {
  return revisions.findLast(({ state }) => state === 'pending')
}

/**
 * What was put in last, as far as the ledger knows: what nobody has watched to its end; what has failed and stays by the will
 * of its file; else what is deployed.
 */
export function currentIn(ledger: Ledger): Revision | undefined {
  const last = ledger.revisions.at(-1)
  if (ledger.pending === undefined && last?.isLeft === true && last.job?.update.rollback === false) return last
  return (ledger.pending?.isDetached === true ? pendingIn(ledger) : undefined) ?? deployedIn(ledger)
}

/**
 * What a rollback goes back to, where it is not told: the newest that was deployed before the one that is; or that one
 * itself, where a later one is in its place without having been healthy.
 */
export function beforeIn(ledger: Ledger): Revision | undefined {
  const deployed = deployedIn(ledger)
  const last = ledger.revisions.at(-1)
  if (deployed !== undefined && (last?.state === 'pending' || last?.isLeft === true)) return deployed
  return ledger.revisions.findLast(({ number, state }) => state === 'superseded' && number < (deployed?.number ?? Infinity))
}

/** All objects that the ledger knows, each as it was last. */
export function recordedIn({ revisions }: Ledger): readonly JsonObject[] {
  return revisions.flatMap(({ objects }) => objects)
}

/** Who begins, and when. */
export interface Beginning {
  readonly holder: string
  readonly at: string
}

const abandoned = 'whoever ran it went away before it was done'

/**
 * A change begins. What somebody has begun and not ended is gone on with where it is the same, and has failed where it is
 * another.
 */
export function begin(ledger: Ledger, draft: Draft, { holder, at }: Beginning): Ledger {
  const pending: Pending = { change: draft.change, holder, since: at, isDetached: false }
  const open = pendingIn(ledger)
  if (open !== undefined && isSame(open.objects, draft.objects)) return { ...ledger, pending }
  const { revisions } = close(ledger, 'failed', { message: abandoned })
  const number = (revisions.at(-1)?.number ?? 0) + 1
  return { ...ledger, revisions: [...revisions, { ...draft, number, at, state: 'pending' }], pending }
}

/** A stop begins. It lets go of the name: whoever goes on after one that was broken off keeps it anew. */
export function beginStop(ledger: Ledger, { holder, at }: Beginning): Ledger {
  return { ...close(ledger, 'failed', { message: abandoned }), isClaimed: false, pending: { change: 'stop', holder, since: at, isDetached: false } }
}

/** What was begun is there, and healthy. */
export function markDeployed(ledger: Ledger): Ledger {
  const revisions = ledger.revisions.map((each) => (each.state === 'deployed' ? { ...each, state: 'superseded' as const } : each))
  return close({ ...ledger, revisions }, 'deployed')
}

/** What was begun has failed, and why; what was before is back. */
export function markFailed(ledger: Ledger, message: string, evidence: readonly string[]): Ledger {
  return close(ledger, 'failed', { message, evidence })
}

/** What was begun has failed, and why; what was before is not back. */
export function markLeft(ledger: Ledger, message: string, evidence: readonly string[]): Ledger {
  return close(ledger, 'failed', { message, evidence, isLeft: true })
}

/** Nobody watches what was begun any more. */
export function markDetached(ledger: Ledger): Ledger {
  return ledger.pending === undefined ? ledger : { ...ledger, pending: { ...ledger.pending, isDetached: true } }
}

/** What nobody has watched to its end: when it is healthy by now, it is what a failure goes back to. */
export function settle(ledger: Ledger, isHealthy: boolean): Ledger {
  return ledger.pending?.isDetached === true && isHealthy ? markDeployed(ledger) : ledger
}

function close({ pending: _pending, ...ledger }: Ledger, state: 'deployed' | 'failed', { evidence = [], ...why }: Pick<Revision, 'message' | 'evidence' | 'isLeft'> = {}): Ledger {
  const ended = { state, ...why, ...(evidence.length === 0 ? {} : { evidence }) }
  return { ...ledger, revisions: ledger.revisions.map((each) => (each.state === 'pending' ? { ...each, ...ended } : each)) }
}

/** Whoever has begun something, a stop for example, went away before anything of it was done. */
export function forsake({ pending: _pending, ...ledger }: Ledger): Ledger {
  return ledger
}

/** How many revisions are kept. */
export const mostRevisions = 10
/** A Secret holds 1 MiB; so much of it is used at the most. */
export const mostLedgerBytes = 900_000

/**
 * The ledger without what is too old: first the oldest revisions go, then the evidence of failures. What runs and what is on
 * its way always stays.
 *
 * @param sizeOf how many bytes it takes where it is kept.
 * @returns undefined: what has to stay is too large.
 */
export function bounded(ledger: Ledger, sizeOf: (ledger: Ledger) => number): Ledger | undefined {
  let kept = ledger
  while (kept.revisions.length > mostRevisions || sizeOf(kept) > mostLedgerBytes) {
    const next = withoutOldest(kept) ?? withoutEvidence(kept)
    if (next === undefined) return undefined
    kept = next
  }
  return kept
}

function withoutOldest(ledger: Ledger): Ledger | undefined {
  const last = ledger.revisions.at(-1)
  const oldest = ledger.revisions.find((each) => each !== last && each.state !== 'pending' && each !== deployedIn(ledger))
  return oldest === undefined ? undefined : { ...ledger, revisions: ledger.revisions.filter((each) => each !== oldest) }
}

function withoutEvidence(ledger: Ledger): Ledger | undefined {
  if (ledger.revisions.every(({ evidence }) => evidence === undefined)) return undefined
  return { ...ledger, revisions: ledger.revisions.map(({ evidence: _evidence, ...each }) => each) }
}
