import { isObject, isStringMap, type Json, type JsonObject, objectsOf } from '../units/json.ts'

/** A DaemonSet, as far as it matters where its pods run. */
export interface DaemonSetFacts extends NodeChoice {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  /** Of the DaemonSet itself, not of its pods. */
  readonly labels: Readonly<Record<string, string>>
  /** It is on its way out: its pods are not made any more. */
  readonly isBeingDeleted: boolean
  readonly hostNetwork: boolean
  /** `spec.nodeName` of its pods; undefined: any node. */
  readonly nodeName: string | undefined
}

/** On which nodes a pod may run, by what its spec says of them. */
export interface NodeChoice {
  readonly nodeSelector: Readonly<Record<string, string>>
  /** Of its required node affinity, one of which must match; undefined: it has none. */
  readonly nodeTerms: readonly NodeTerm[] | undefined
  readonly tolerations: readonly Toleration[]
}

/** A term of a node selector (`v1.NodeSelectorTerm`): all of it must match. */
export interface NodeTerm {
  readonly expressions: readonly NodeRequirement[]
  readonly fields: readonly NodeRequirement[]
}

/** `v1.NodeSelectorRequirement` */
export interface NodeRequirement {
  readonly key: string
  readonly operator: string
  readonly values: readonly string[]
}

/** `v1.Toleration`; empty parts stand for what is not there, as the API server has them. */
export interface Toleration {
  readonly key: string
  readonly operator: string
  readonly value: string
  readonly effect: string
}

/** Reads a DaemonSet (apps/v1); undefined where it is none with a name and a uid. */
export function readDaemonSet({ metadata, spec }: JsonObject): DaemonSetFacts | undefined {
  if (!isObject(metadata) || !isObject(spec)) return undefined
  const { uid, namespace, name, labels, deletionTimestamp } = metadata
  if (typeof uid !== 'string' || typeof namespace !== 'string' || typeof name !== 'string') return undefined
  const { template } = spec
  const pod = isObject(template) && isObject(template['spec']) ? template['spec'] : {}
  const { hostNetwork, nodeName } = pod
  return {
    uid,
    namespace,
    name,
    labels: isStringMap(labels) ? labels : {},
    isBeingDeleted: typeof deletionTimestamp === 'string',
    hostNetwork: hostNetwork === true,
    nodeName: typeof nodeName === 'string' && nodeName !== '' ? nodeName : undefined,
    ...readNodeChoice(pod),
  }
}

/** Reads the spec of a pod. */
export function readNodeChoice(spec: unknown): NodeChoice {
  const { nodeSelector, affinity, tolerations } = isObject(spec) ? spec : {}
  return {
    nodeSelector: isStringMap(nodeSelector) ? nodeSelector : {},
    nodeTerms: readTerms(affinity),
    tolerations: objectsOf(tolerations).map(({ key, operator, value, effect }) => ({
      key: textOf(key),
      operator: textOf(operator),
      value: textOf(value),
      effect: textOf(effect),
    })),
  }
}

function readTerms(affinity: unknown): readonly NodeTerm[] | undefined {
  const { nodeAffinity } = isObject(affinity) ? affinity : {}
  const required = isObject(nodeAffinity) ? nodeAffinity['requiredDuringSchedulingIgnoredDuringExecution'] : undefined
  if (!isObject(required)) return undefined
  return objectsOf(required['nodeSelectorTerms']).map(({ matchExpressions, matchFields }) => ({
    expressions: objectsOf(matchExpressions).map(readRequirement),
    fields: objectsOf(matchFields).map(readRequirement),
  }))
}

function readRequirement({ key, operator, values }: JsonObject): NodeRequirement {
  return {
    key: textOf(key),
    operator: textOf(operator),
    values: Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [],
  }
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
