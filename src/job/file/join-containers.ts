import type { JobContainer } from '../job.ts'
import { launchOrder } from './launch-order.ts'
import type { ContainerPart } from './read-container.ts'
import type { ContainerDependency } from './read-depends-on.ts'
import type { Restart } from './read-deploy.ts'
import { volumeOf } from './read-volumes.ts'
import type { Scope } from './scope.ts'

type Condition = JobContainer['dependsOn'][number]['condition']

/** The containers of a job, with what is open until all of them are known: who waits for whom, and what is started again. */
export function containersOf(scope: Scope, parts: readonly ContainerPart[]): readonly JobContainer[] {
  const byName = new Map(parts.map((part) => [part.name, part]))
  checkOrder(scope, parts, byName)
  const awaited = new Map<string, Condition>()
  for (const { name: waiter, waitsFor } of parts) {
    for (const dependency of waitsFor) {
      const part = byName.get(dependency.container)
      if (part !== undefined) checkCondition(scope, waiter, dependency, part, awaited)
    }
  }
  return parts.map((part) => ({
    ...part.own,
    restart: restartOf(scope, part, awaited.get(part.name)),
    ports: part.ports.map(({ port, target, protocol, isHostPort }) => ({ port, target, protocol, isHostPort })),
    dependsOn: part.waitsFor.map(({ container, condition }) => ({ container, condition: condition ?? shortCondition(byName.get(container)) })),
    volumes: [...part.volumes.map(volumeOf), ...part.files],
  }))
}

/** One that says when it is healthy is worth waiting for; of another, nothing is known but that it runs. */
function shortCondition(part: ContainerPart | undefined): Condition {
  return part?.healthcheck === undefined ? 'started' : 'healthy'
}

function checkOrder({ report }: Scope, parts: readonly ContainerPart[], byName: ReadonlyMap<string, ContainerPart>): void {
  const { order, cycles } = launchOrder(new Map(parts.map(({ name, waitsFor }) => [name, waitsFor.map(({ container }) => container)])))
  const asFar = order.length === 0 ? 'there is no order of launch' : `order of launch as far as there is one: ${order.join(', ')}`
  for (const { name, waitsFor } of parts) {
    for (const { container, at } of waitsFor) {
      if (!byName.has(container)) report.problem(at, `${name} waits for ${container}, which is no container of this job; ${asFar}`, 'unsatisfied-dependency')
    }
  }
  for (const cycle of cycles) {
    const [first = ''] = cycle
    const at = byName.get(first)?.waitsFor.find(({ container }) => container === (cycle[1] ?? first))?.at
    const circle = cycle.length === 1 ? `${first} waits for itself` : `${[...cycle, first].join(' waits for ')}, in a circle`
    report.problem(at ?? 0, `${circle}; ${asFar}`, 'unsatisfied-dependency')
  }
}

function checkCondition({ report }: Scope, waiter: string, { container, condition, at }: ContainerDependency, part: ContainerPart, awaited: Map<string, Condition>): void {
  if (condition === 'healthy' && part.healthcheck === undefined) {
    report.problem(at, `${waiter} waits for ${container} to be healthy, which has no healthcheck; give it one, or wait for started`)
  }
  const known = condition ?? shortCondition(part)
  const other = awaited.get(container)
  if (other !== undefined && (other === 'completed') !== (known === 'completed')) {
    report.problem(at, `${waiter} waits for ${container} to be ${known}, and another for it to be ${other}: it is either to end, or to go on`)
  }
  awaited.set(container, other ?? known)
}

/** What others wait for goes on beside them, as a sidecar, which is always started again; or it ends before they start. */
function restartOf({ report }: Scope, { name, restart }: ContainerPart, awaited: Condition | undefined): Restart {
  if (restart === undefined) return awaited === 'completed' ? { policy: 'on-failure' } : { policy: 'always' }
  const { value, at, written } = restart
  if (awaited === 'completed' && value.policy === 'always') {
    report.problem(at, `${name} is to end before others start, and would be started again for ever: restart must be on-failure or never, not ${written}`)
  } else if (awaited !== undefined && awaited !== 'completed' && value.policy !== 'always') {
    report.problem(at, `others wait for ${name}, and go on beside it: restart must be always, not ${written}, or they wait for condition: completed`)
  }
  return value
}
