import { matchesSet } from '../node-health/node-affinity.ts'
import { objectsOf, isObject, isStringMap } from '../units/json.ts'

/** What a `v1.LabelSelector` asks of labels; all of it must be so. */
export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[]
}

/** `v1.LabelSelectorRequirement` */
export interface LabelRequirement {
  readonly key: string
  readonly operator: string
  readonly values: readonly string[]
}

/** Reads a label selector. Undefined where there is none: it selects nothing; an empty one selects all. */
export function readSelector(value: unknown): LabelSelector | undefined {
  if (!isObject(value)) return undefined
  const { matchLabels, matchExpressions } = value
  const labels = isStringMap(matchLabels) ? Object.entries(matchLabels) : []
  return {
    requirements: [
      ...labels.map(([key, only]) => ({ key, operator: 'In', values: [only] })),
      ...objectsOf(matchExpressions).map(({ key, operator, values }) => ({
        key: typeof key === 'string' ? key : '',
        operator: typeof operator === 'string' ? operator : '',
        values: Array.isArray(values) ? values.filter((each) => typeof each === 'string') : [],
      })),
    ],
  }
}

/** Whether labels are as a selector asks. */
export function selects({ requirements }: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  // An operator that the API server has not let through matches nothing.
  return requirements.every((each) => matchesSet(each, Object.hasOwn(labels, each.key) ? labels[each.key] : undefined) ?? false)
}
