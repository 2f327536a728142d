import { launchOrder } from '../file/launch-order.ts'
import type { Job, JobContainer } from '../job.ts'
import type { JobProblem } from '../problems.ts'

/** In which order the containers of a job start, and what each is in its pod. */
export interface Launch {
  /** What others wait for: init containers, in the order in which they start. */
  readonly first: readonly FirstContainer[]
  /** What nobody waits for: the pod's regular containers, in the order of the file. At least one. */
  readonly last: readonly JobContainer[]
}

/** A container that others wait for. */
export interface FirstContainer {
  readonly container: JobContainer
  /** A sidecar stays; a task ends before the next one starts. */
  readonly role: 'sidecar' | 'task'
  /** Whether somebody waits until it is healthy, rather than only started. */
  readonly isGate: boolean
}

/**
 * Sorts the containers of a job so that each comes after what it waits for; among those that may start, in the order of
 * the file.
 *
 * @returns problems where a dependency cannot be satisfied: unknown, a cycle, or of a kind that Kubernetes does not have.
 */
export function planLaunch(job: Job): Launch | { readonly problems: readonly JobProblem[] } {
  const unknown = unknownDependencies(job)
  if (unknown.length > 0) return { problems: unknown }
  const { order: names, cycles } = launchOrder(new Map(job.containers.map(({ name, dependsOn }) => [name, dependsOn.map(({ container }) => container)])))
  const order = names.flatMap((name) => job.containers.find((container) => container.name === name) ?? [])
  if (cycles.length > 0) return { problems: cycles.map((cycle) => cycleProblem(cycle, order)) }
  const awaited = order.map((container) => ({ container, conditions: conditionsOn(job, container.name) }))
  const first = awaited
    .filter(({ conditions }) => conditions.size > 0)
    .map(({ container, conditions }): FirstContainer => ({ container, role: conditions.has('completed') ? 'task' : 'sidecar', isGate: conditions.has('healthy') }))
  const problems = [
    ...awaited.filter(({ conditions }) => conditions.size > 1 && conditions.has('completed')).map(({ container }) => problem(`${container.name} cannot be both: waited for until it has completed, and until it is up.`, order)),
    ...first.filter(({ role, container }) => role === 'sidecar' && container.restart.policy !== 'always').map(({ container }) => restartProblem(container, order)),
  ]
  if (problems.length > 0) return { problems }
  return { first, last: job.containers.filter((container) => first.every((each) => each.container !== container)) }
}

function unknownDependencies({ containers }: Job): readonly JobProblem[] {
  const names = new Set(containers.map(({ name }) => name))
  return containers.flatMap(({ name, dependsOn }) =>
    dependsOn.filter(({ container }) => !names.has(container)).map(({ container }) => problem(`${name} waits for ${container}, and the job has no container of that name.`, [])),
  )
}

/** @param cycle each waits for the next one, and the last for the first. */
function cycleProblem(cycle: readonly string[], order: readonly JobContainer[]): JobProblem {
  return problem(`The containers wait for each other: ${[...cycle, cycle[0] ?? ''].join(' waits for ')}.`, order)
}

function conditionsOn({ containers }: Job, name: string): ReadonlySet<string> {
  return new Set(containers.flatMap(({ dependsOn }) => dependsOn.filter(({ container }) => container === name).map(({ condition }) => condition)))
}

function restartProblem({ name, restart }: JobContainer, order: readonly JobContainer[]): JobProblem {
  return problem(`Others wait for ${name}, which therefore runs beside them as a sidecar; Kubernetes restarts sidecars always, and ${name} says restart: ${restart.policy}.`, order)
}

function problem(detail: string, order: readonly JobContainer[]): JobProblem {
  const names = order.map(({ name }) => name)
  const shown = names.length === 0 ? '' : ` In the order of launch: ${names.join(', ')}.`
  return { code: 'unsatisfied-dependency', detail: detail + shown, members: { launchOrder: names } }
}
