import { at, objectsAt, textAt } from '../check/json-paths.ts'
import { injectKey } from '../inject/names.ts'
import { parseSwitch } from '../inject/settings.ts'
import { isObject, type JsonObject } from '../units/json.ts'

/** What a namespace says of usher by its label; `none`: nothing, or nothing that usher knows. */
export type NamespaceState = 'enabled' | 'audit' | 'disabled' | 'none'

/** Reads the label of a namespace as the webhook does. */
export function stateOf(namespace: JsonObject): NamespaceState {
  const label = textAt(namespace, 'metadata', 'labels', injectKey)
  if (label === 'enabled' || label === 'audit') return label
  return label !== undefined && parseSwitch(label) === false ? 'disabled' : 'none'
}

/** The value of the label for a state; null: no label. */
export function labelFor(state: NamespaceState): string | null {
  return state === 'none' ? null : state
}

/** The namespace as it would be in this state. */
export function inState(namespace: JsonObject, state: NamespaceState): JsonObject {
  const metadata = at(namespace, 'metadata')
  const labels = at(metadata, 'labels')
  const { [injectKey]: _label, ...others } = isObject(labels) ? labels : {}
  const label = labelFor(state)
  return { ...namespace, metadata: { ...(isObject(metadata) ? metadata : {}), labels: label === null ? others : { ...others, [injectKey]: label } } }
}

/** Why usher is never on in a namespace; undefined: it can be. */
export function whyNever(name: string, ofUsher: readonly string[]): string | undefined {
  if (name === 'kube-system' || name === 'kube-node-lease') return `usher is never on in ${name}: what the cluster needs to come up must start without it`
  if (ofUsher.includes(name)) return `usher is never on in ${name}, its own namespace: its pods must start while it is down`
  return undefined
}

// Who writes a label by these is a person, or this command.
const byHand = /^(?:kubectl-(?:label|edit|patch|create|replace)|usher.*)$/

/** Who keeps the label, or the namespace, in manifests, and may put back what is changed here; for people. */
export function keepersOf(namespace: JsonObject): readonly string[] {
  const managers = objectsAt(namespace, 'metadata', 'managedFields')
    .filter((each) => at(each, 'fieldsV1', 'f:metadata', 'f:labels', `f:${injectKey}`) !== undefined)
    .flatMap((each) => textAt(each, 'manager') ?? [])
    .filter((manager) => !byHand.test(manager))
  const marks = gitOpsMarks.filter(({ field, key }) => at(namespace, 'metadata', field, key) !== undefined).map(({ who }) => who)
  return [...new Set([...managers.map((manager) => `${manager}, which has written its label ${injectKey}`), ...marks])]
}

const gitOpsMarks = [
  { field: 'annotations', key: 'argocd.argoproj.io/tracking-id', who: 'Argo CD' },
  { field: 'labels', key: 'argocd.argoproj.io/instance', who: 'Argo CD' },
  { field: 'labels', key: 'kustomize.toolkit.fluxcd.io/name', who: 'Flux' },
  { field: 'labels', key: 'helm.toolkit.fluxcd.io/name', who: 'Flux' },
] as const
