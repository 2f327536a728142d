import { type Dependency, dependsOnKey, targetKey } from '../../depends-on/dependency.ts'
import { ownTargets, partOwn, type PodOrigin } from '../../depends-on/own-targets.ts'
import { parseDependsOn } from '../../depends-on/parse.ts'
import { controllerOf } from '../../units/controller.ts'
import { isObject, type JsonObject } from '../../units/json.ts'

/** What a pod waits for before it queues for the lock. */
export interface PodGate {
  /** At least one. */
  readonly dependencies: readonly Dependency[]
  /** Keys of what the pod is of itself. */
  readonly self: readonly string[]
  /** Whether that is all that it waits for: it takes no permit then. */
  readonly isAll: boolean
}

const statusKey = 'usher.dev/status'

/**
 * Reads of a Pod's JSON what it waits for; undefined: nothing. What does not parse is passed over: whoever created the
 * pod was told of it. So is what the pod is of itself.
 */
export function readGate(pod: JsonObject): PodGate | undefined {
  const metadata = isObject(pod['metadata']) ? pod['metadata'] : {}
  const { namespace, annotations, labels } = metadata
  const text = isObject(annotations) ? annotations[dependsOnKey] : undefined
  if (typeof text !== 'string' || typeof namespace !== 'string' || !isObject(annotations)) return undefined
  const origin: PodOrigin = { namespace, labels: isObject(labels) ? labels : {}, controller: ownerOf(pod) }
  const { others } = partOwn(parseDependsOn(text).dependencies, origin)
  if (others.length === 0) return undefined
  const self = ownTargets(origin).map((target) => targetKey(target, namespace))
  return { dependencies: others, self, isAll: takesNoPermit(annotations[statusKey]) }
}

function ownerOf(pod: JsonObject): PodOrigin['controller'] {
  const { kind, name } = controllerOf(pod) ?? {}
  return typeof kind === 'string' && typeof name === 'string' ? { kind, name } : undefined
}

/** By what the webhook has written down, as src/inject/status.ts has it. */
function takesNoPermit(status: unknown): boolean {
  if (typeof status !== 'string') return false
  try {
    const value: unknown = JSON.parse(status)
    return isObject(value) && value['init'] === 'gate'
  } catch {
    return false
  }
}
