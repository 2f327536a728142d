import type { JsonObject } from '../../units/json.ts'
import { objectKey, titleOfObject } from './kinds.ts'
import type { RunPlan, Surveyed, Undo } from './plan-run.ts'

/** What has come of what was put in. */
export type Rollout =
  | { readonly kind: 'healthy' }
  /** Whoever watched has gone away. */
  | { readonly kind: 'detached' }
  | { readonly kind: 'failed'; readonly message: string; readonly evidence: readonly string[] }

/** What carries a plan out. Each throws where it cannot; whether it was done all the same is not known then. */
export interface RunPorts {
  apply(step: Surveyed): Promise<void>
  /** Waits for the workload. */
  awaitRollout(): Promise<Rollout>
  /** Writes down that it is deployed. Throws where somebody else has taken the job over. */
  deployed(): Promise<void>
  undo(step: Undo): Promise<void>
  /** Where it is gone already, that is well. */
  prune(object: JsonObject): Promise<void>
}

/** How a run has ended. */
export type RunEnd =
  | { readonly kind: 'deployed'; /** What could not be taken away, each with why. */ readonly left: readonly string[] }
  | { readonly kind: 'detached' }
  | { readonly kind: 'rolled-back'; readonly message: string; readonly evidence: readonly string[]; /** What had ended before, and was not put back, since it would be done again. */ readonly ended: readonly string[] }
  | { readonly kind: 'not-rolled-back'; readonly message: string; readonly evidence: readonly string[]; /** What is not as it was, each with why. */ readonly left: readonly string[] }

/** What steers a run. */
export interface RunOptions {
  /** Whether what does not become healthy stays as it is; what cannot be put in whole never stays. */
  readonly keepsUnhealthy: boolean
  /** Told before anything is set back. */
  readonly failed: (message: string, evidence: readonly string[]) => Promise<void>
}

/**
 * Carries a plan out, all or nothing: puts everything in, waits until it is healthy, writes that down, and only then takes
 * away what is not needed any more; or sets everything back. Throws only where what is done cannot be written down.
 */
export async function carryOut(plan: RunPlan, ports: RunPorts, options: RunOptions): Promise<RunEnd> {
  const begun = new Set<string>()
  for (const step of plan.apply) {
    begun.add(objectKey(step.object))
    try {
      // oxlint-disable-next-line no-await-in-loop -- the workload comes last
      await ports.apply(step)
    } catch (error) {
      const message = messageOf(error)
      // oxlint-disable-next-line no-await-in-loop
      await options.failed(message, [])
      // oxlint-disable-next-line no-await-in-loop
      return setBack(plan, begun, ports, { message, evidence: [] })
    }
  }
  const rollout = await ports.awaitRollout()
  if (rollout.kind === 'detached') return rollout
  if (rollout.kind === 'healthy') {
    await ports.deployed()
    return { kind: 'deployed', left: await each(plan.prune, titleOfObject, (object) => ports.prune(object)) }
  }
  const { message, evidence } = rollout
  await options.failed(message, evidence)
  if (options.keepsUnhealthy) return { kind: 'not-rolled-back', message, evidence, left: ['it stays as it is, as the job file says (update.rollback)'] }
  return setBack(plan, begun, ports, { message, evidence })
}

async function setBack({ apply, undo }: RunPlan, begun: ReadonlySet<string>, ports: RunPorts, why: { readonly message: string; readonly evidence: readonly string[] }): Promise<RunEnd> {
  const untouched = new Set(apply.map(({ object }) => objectKey(object)).filter((key) => !begun.has(key)))
  // What the revision before has is applied whole: an earlier run may have been broken off anywhere.
  const steps = undo.filter((step) => step.kind === 'apply' || !untouched.has(objectKey(step.object)))
  const left = await each(steps, ({ object }) => titleOfObject(object), (step) => ports.undo(step))
  const ended = steps.flatMap((step) => (step.kind === 'delete' && step.hasEnded === true ? [titleOfObject(step.object)] : []))
  return left.length === 0 ? { kind: 'rolled-back', ...why, ended } : { kind: 'not-rolled-back', ...why, left }
}

/** Does it with each, whatever fails; gives what has failed. */
async function each<T>(items: readonly T[], titleOf: (item: T) => string, act: (item: T) => Promise<void>): Promise<readonly string[]> {
  const failures: string[] = []
  for (const item of items) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- in order
      await act(item)
    } catch (error) {
      failures.push(`${titleOf(item)}: ${messageOf(error)}`)
    }
  }
  return failures
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
