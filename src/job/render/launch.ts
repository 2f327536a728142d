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
  const order = sort(job.containers)
  const stuck = job.containers.filter((container) => !order.includes(container))
  if (stuck.length > 0) return { problems: [cycleProblem(order, stuck)] }
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

/** Those that can start, in order; what waits for itself is left out, and so is what waits for that. */
function sort(containers: readonly JobContainer[]): readonly JobContainer[] {
  const order: JobContainer[] = []
  const names = new Set<string>()
  for (;;) {
    const next = containers.find(({ name, dependsOn }) => !names.has(name) && dependsOn.every(({ container }) => names.has(container)))
    if (next === undefined) return order
    order.push(next)
    names.add(next.name)
  }
}

/** @param stuck each of them waits for another of them. */
function cycleProblem(order: readonly JobContainer[], stuck: readonly JobContainer[]): JobProblem {
  const path: string[] = []
  let at = stuck[0]
  while (at !== undefined && !path.includes(at.name)) {
    path.push(at.name)
    at = stuck.find(({ name }) => at?.dependsOn.some(({ container }) => container === name))
  }
  const cycle = [...path.slice(path.indexOf(at?.name ?? '')), at?.name ?? '']
  return problem(`The containers wait for each other: ${cycle.join(' waits for ')}.`, order)
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
