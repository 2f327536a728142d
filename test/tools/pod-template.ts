import { isObject, type JsonObject } from '../../src/units/json.ts'
import { listAt, objectAt, valueAt } from '../support/pod-reader.ts'
import { graceOf, napSeconds } from '../support/injected.ts'

/** The pod template of a workload; a Pod itself. */
export function podTemplate(workload: JsonObject): JsonObject {
  const kind = workload['kind']
  if (kind === 'Pod') return workload
  return objectAt(workload, 'spec', ...(kind === 'CronJob' ? ['jobTemplate', 'spec'] : []), 'template')
}

/** What usher has put into a workload, as a user would see it there. */
export interface Injected {
  /** The names of the init containers. */
  readonly initContainers: readonly unknown[]
  /** How long each regular container naps, in seconds. */
  readonly naps: readonly (number | undefined)[]
  readonly graceSeconds: number
  readonly hasStatus: boolean
}

/** Reads what usher has put into a workload. */
export function injectedInto(workload: JsonObject): Injected {
  const pod = podTemplate(workload)
  return {
    initContainers: listAt(pod, 'spec', 'initContainers').map(({ name }) => name),
    naps: listAt(pod, 'spec', 'containers').map(napSeconds),
    graceSeconds: graceOf(pod),
    hasStatus: typeof valueAt(pod, 'metadata', 'annotations', 'usher.dev/status') === 'string',
  }
}

/** Parses an object that a tool has printed as JSON. */
export function parseObject(text: string): JsonObject {
  const value: unknown = JSON.parse(text)
  if (!isObject(value)) throw new Error(`not an object: ${text}`)
  return value
}
