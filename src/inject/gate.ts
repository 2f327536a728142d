import { type Dependency, dependsOnKey, targetText } from '../depends-on/dependency.ts'
import { partOwn, type PodOrigin } from '../depends-on/own-targets.ts'
import { parseDependsOn } from '../depends-on/parse.ts'
import { printDependsOn } from '../depends-on/print.ts'
import { isSame } from '../units/json.ts'
import type { DecisionContext } from './context.ts'
import type { PodFacts } from './pod.ts'
import { shorten } from './shorten.ts'

/** What a pod waits for before it queues for the lock. */
export interface Gate {
  /** Empty: nothing. */
  readonly dependencies: readonly Dependency[]
  /** Whether the pod itself asks for it; else its namespace does, or the configuration. */
  readonly isOwn: boolean
}

/**
 * Resolves what a pod depends on: its annotation beats its namespace's, and that the configuration. Each part that does
 * not parse is as if it were not there, and adds a sentence to `warnings`; an annotation of which nothing is left, too.
 */
export function resolveGate(facts: PodFacts, context: DecisionContext, warnings: string[]): Gate {
  const ofPod = facts.annotations[dependsOnKey]
  const ofNamespace = context.namespace.annotations?.[dependsOnKey]
  const origin = originOf(facts, context)
  const own = ofPod === undefined ? undefined : read(ofPod, dependsOnKey, origin, warnings)
  if (own !== undefined) {
    for (const { target } of own.own) warnings.push(`${dependsOnKey}: ${targetText(target)} is ignored: the pod is of it, and would wait for itself`)
    return { dependencies: own.others, isOwn: true }
  }
  const inherited = typeof ofNamespace === 'string' ? read(ofNamespace, `${dependsOnKey} of the namespace`, origin, warnings) : undefined
  // A default is for all pods: those that it names are not to wait for themselves, and that is no mistake.
  const dependencies = (inherited ?? read(context.config.lock.dependsOn, 'lock.dependsOn of the configuration', origin, warnings))?.others ?? []
  return { dependencies, isOwn: false }
}

/** What is left of it; undefined: it says something, and nothing of it can be read. */
function read(text: string, where: string, origin: PodOrigin, warnings: string[]): ReturnType<typeof partOwn> | undefined {
  const { dependencies, faults } = parseDependsOn(text)
  for (const fault of faults.slice(0, mostFaults)) warnings.push(`${where}: ${shorten(fault.text)} is ignored: ${fault.why}`)
  if (faults.length > mostFaults) warnings.push(`${where}: ${faults.length - mostFaults} more of it are ignored`)
  if (dependencies.length === 0 && faults.length > 0) return undefined
  return partOwn(dependencies, origin)
}

// The API server cuts warnings off at 4 KiB.
const mostFaults = 5

function originOf({ labels, controller }: PodFacts, { namespace }: DecisionContext): PodOrigin {
  return { namespace: namespace.name, labels, controller }
}

/** A gate within its bounds, and what has to stand in the pod's annotation for that; undefined: what stands there. */
export interface BoundGate {
  readonly dependencies: readonly Dependency[]
  readonly annotation: string | undefined
}

/**
 * Lets nothing be waited for beyond the limit of the configuration, nor for longer than the pod's own deadline leaves.
 * Where the pod's annotation does not say it so, it has to: it is what the lock reads.
 */
export function boundGate({ dependencies }: Gate, facts: PodFacts, context: DecisionContext, leftSeconds: number, warnings: string[]): BoundGate {
  const limit = context.config.limits.dependsOnSeconds
  const most = Math.max(1, Math.min(limit, leftSeconds))
  const because = most === limit ? 'the limit' : 'as its activeDeadlineSeconds leaves no more'
  const bound = dependencies.map((dependency) => {
    if (dependency.timeoutSeconds <= most) return dependency
    warnings.push(`${dependsOnKey}: ${targetText(dependency.target)} is waited for ${most}s instead of ${dependency.timeoutSeconds}s, ${because}`)
    return { ...dependency, timeoutSeconds: most }
  })
  const said = facts.annotations[dependsOnKey]
  const now = said === undefined ? [] : partOwn(parseDependsOn(said).dependencies, originOf(facts, context)).others
  return { dependencies: bound, annotation: isSame(now, bound) ? undefined : printDependsOn(bound) }
}

/** How long it may take until nothing is waited for any more, in seconds. */
export function longestWait(dependencies: readonly Dependency[]): number {
  return Math.max(0, ...dependencies.map(({ timeoutSeconds }) => timeoutSeconds))
}
