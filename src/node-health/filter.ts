import type { DaemonSetFacts } from './daemon-set.ts'

/** Which DaemonSets count, of those that run on the node: k8s-health's own choices. */
export interface DaemonSetFilter {
  /** Undefined: those of all namespaces. */
  readonly namespace: string | undefined
  /** Those on the host's network alone. */
  readonly hostNetwork: boolean
  /** A DaemonSet must have all of these labels. */
  readonly include: readonly Label[]
  /** A DaemonSet with any of these labels does not count. */
  readonly exclude: readonly Label[]
}

/** A label and its value. */
export interface Label {
  readonly name: string
  readonly value: string
}

/** Every DaemonSet. */
export const noFilter: DaemonSetFilter = { namespace: undefined, hostNetwork: false, include: [], exclude: [] }

/** Whether a DaemonSet counts. */
export function isWanted({ namespace, hostNetwork, labels }: DaemonSetFacts, filter: DaemonSetFilter): boolean {
  const has = ({ name, value }: Label): boolean => Object.hasOwn(labels, name) && labels[name] === value
  if (filter.namespace !== undefined && filter.namespace !== namespace) return false
  if (filter.hostNetwork && !hostNetwork) return false
  return filter.include.every(has) && !filter.exclude.some(has)
}

/** Reads `label:value`; undefined where it is something else. */
export function parseLabel(text: string): Label | undefined {
  const [name, value, ...rest] = text.split(':')
  return name === undefined || name === '' || value === undefined || value === '' || rest.length > 0 ? undefined : { name, value }
}
