import { textAt } from '../check/json-paths.ts'
import type { JsonObject } from '../units/json.ts'
import { type LabelRequirement, type LabelSelector, readSelector, selects } from './label-selector.ts'
import { revisionLabels } from './pod-owner.ts'

type Labels = Readonly<Record<string, string>>

/** The labels of namespaces, by name. */
export type NamespaceLabels = ReadonlyMap<string, Labels>

/** Which pods a rule about neighbours is about: `v1.PodAffinityTerm`, but for where. */
export interface PodTerm {
  /** By name. */
  readonly namespaces: readonly string[]
  /** Those that have such labels, beside the others; undefined: none. */
  readonly namespaceSelector: LabelSelector | undefined
  /** Undefined: no pods at all. */
  readonly selector: LabelSelector | undefined
  /** Only those of the same template as the pod whose rule it is, or only others; undefined: of any. */
  readonly revision: 'same' | 'other' | undefined
}

/** Reads a term as it stands in a pod that is there: the API server has put label keys into its selector. */
export function readPodTerm(term: JsonObject, namespace: string): PodTerm {
  const names = namesIn(term['namespaces'])
  const namespaceSelector = readSelector(term['namespaceSelector'])
  return {
    namespaces: names.length === 0 && namespaceSelector === undefined ? [namespace] : names,
    namespaceSelector,
    selector: readSelector(term['labelSelector']),
    revision: undefined,
  }
}

/**
 * Reads a term of a pod that is to come, with what its label keys (`matchLabelKeys`, `mismatchLabelKeys`) say, as
 * `applyLabelKeysToLabelSelector` in pkg/registry/core/pod/strategy.go of Kubernetes. Which revision it will be, nobody knows yet.
 */
export function readOwnTerm(term: JsonObject, namespace: string, labels: Labels): PodTerm {
  const read = readPodTerm(term, namespace)
  const [same, other] = [namesIn(term['matchLabelKeys']), namesIn(term['mismatchLabelKeys'])]
  if (read.selector === undefined || same.length + other.length === 0) return read
  const isUnknown = (key: string): boolean => revisionLabels.includes(key) && !Object.hasOwn(labels, key)
  const ofKeys = [...requirementsOf(same, 'In', labels), ...requirementsOf(other, 'NotIn', labels)]
  return {
    ...read,
    selector: { requirements: [...read.selector.requirements, ...ofKeys] },
    revision: same.some(isUnknown) ? 'same' : other.some(isUnknown) ? 'other' : undefined,
  }
}

/** Whether a term is about a pod. Undefined: that hangs on the labels of its namespace, which are not known. */
export function isAbout({ namespaces, namespaceSelector, selector }: PodTerm, namespace: string, labels: Labels, namespaceLabels: Labels | undefined): boolean | undefined {
  if (selector === undefined || !selects(selector, labels)) return false
  if (namespaces.includes(namespace)) return true
  if (namespaceSelector === undefined) return false
  if (namespaceSelector.requirements.length === 0) return true
  return namespaceLabels === undefined ? undefined : selects(namespaceSelector, namespaceLabels)
}

/** Whether it hangs on the labels of namespaces which pods a term is about. */
export function selectsNamespaces({ namespaceSelector }: PodTerm): boolean {
  return namespaceSelector !== undefined && namespaceSelector.requirements.length > 0
}

/** The term with the names of the namespaces that its selector selects. */
export function withNamespaces(term: PodTerm, namespaces: NamespaceLabels): PodTerm {
  const { namespaceSelector } = term
  if (namespaceSelector === undefined || !selectsNamespaces(term)) return term
  const selected = [...namespaces].flatMap(([name, labels]) => (selects(namespaceSelector, labels) ? [name] : []))
  return { ...term, namespaces: [...term.namespaces, ...selected], namespaceSelector: undefined }
}

function requirementsOf(keys: readonly string[], operator: string, labels: Labels): readonly LabelRequirement[] {
  return keys.flatMap((key) => {
    const value = textAt(labels, key)
    return value === undefined ? [] : [{ key, operator, values: [value] }]
  })
}

function namesIn(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((each) => typeof each === 'string') : []
}
