import { isObject, type Json, type JsonObject } from '../../../src/units/json.ts'

/** What usher adds to the measured pod. */
export interface Additions {
  readonly initContainer: JsonObject
  readonly containers: readonly ChangedContainer[]
  readonly graceSeconds: number
}

/** A container that naps. */
export interface ChangedContainer {
  readonly index: number
  readonly name: string
  readonly lifecycle: JsonObject
  /** That of its liveness probe, where it has one of its own: a nap must not be cut short. */
  readonly probeGraceSeconds: number | undefined
}

/** A mutation of a MutatingAdmissionPolicy. */
export type Mutation = JsonObject

/**
 * Adds by a merge, as server-side apply does, what may be added so: the API server refuses an ApplyConfiguration that
 * has lists or objects which are replaced as a whole.
 */
export function applyConfigurationOf({ initContainer, containers, graceSeconds }: Additions): Mutation {
  const changed = containers.map(({ name, lifecycle, probeGraceSeconds: seconds }) => ({
    name,
    lifecycle,
    ...(seconds === undefined ? {} : { livenessProbe: { terminationGracePeriodSeconds: seconds } }),
  }))
  const added = cutWholes(initContainer, '').kept
  const spec = { terminationGracePeriodSeconds: graceSeconds, initContainers: [added], containers: changed }
  return { patchType: 'ApplyConfiguration', applyConfiguration: { expression: celOf({ spec }, 'Object') } }
}

/** Adds by operations what {@link applyConfigurationOf} could not, after it; the pod is known to have no init containers. */
export function remainderOf({ initContainer }: Additions): Mutation {
  return byOperations(cutWholes(initContainer, '').cut.map(({ path, value, type }) => [`/spec/initContainers/0${path}`, celOf(value, type)]))
}

/**
 * Adds the same by operations; the pod is known to have no init containers and no hooks. It has them when the policy is
 * asked again, because the API server has mounted the service account's token into the new container.
 */
export function jsonPatchOf({ initContainer, containers, graceSeconds }: Additions): Mutation {
  return byOperations([
    ['/spec/initContainers', celOf([initContainer], 'Object.spec.initContainers')],
    ...containers.flatMap(({ index, lifecycle, probeGraceSeconds: seconds }): [string, string][] => [
      [`/spec/containers/${index}/lifecycle`, celOf(lifecycle, 'Object.spec.containers.lifecycle')],
      ...(seconds === undefined ? [] : ([[`/spec/containers/${index}/livenessProbe/terminationGracePeriodSeconds`, String(seconds)]] as [string, string][])),
    ]),
    ['/spec/terminationGracePeriodSeconds', String(graceSeconds)],
  ], 'has(object.spec.initContainers) ? [] : ')
}

function byOperations(operations: readonly (readonly [path: string, value: string])[], unless = ''): Mutation {
  const written = operations.map(([path, value]) => `JSONPatch{op: "add", path: "${path}", value: ${value}}`)
  return { patchType: 'JSONPatch', jsonPatch: { expression: `${unless}[${written.join(', ')}]` } }
}

/** A policy with its binding, for the namespaces that a selector chooses, under the conditions of the webhook. */
export function policyOf(name: string, mutations: readonly Mutation[], namespaceSelector: JsonObject, matchConditions: Json): readonly JsonObject[] {
  const apiVersion = 'admissionregistration.k8s.io/v1'
  const pods = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' }
  return [
    {
      apiVersion,
      kind: 'MutatingAdmissionPolicy',
      metadata: { name },
      spec: {
        failurePolicy: 'Fail',
        reinvocationPolicy: 'IfNeeded',
        matchConstraints: { namespaceSelector, resourceRules: [pods] },
        matchConditions,
        mutations,
      },
    },
    { apiVersion, kind: 'MutatingAdmissionPolicyBinding', metadata: { name }, spec: { policyName: name } },
  ]
}

/** The fields of usher's init container that are replaced as a whole; a valueFrom is wrong without its fieldRef. */
export const wholes: ReadonlySet<string> = new Set(['args', 'valueFrom', 'drop'])

interface Cut {
  readonly kept: Json
  readonly cut: readonly { readonly path: string; readonly value: Json; readonly type: string }[]
}

function cutWholes(value: Json, path: string, type = 'Object.spec.initContainers'): Cut {
  if (typeof value !== 'object' || value === null) return { kept: value, cut: [] }
  const isList = Array.isArray(value)
  const kept: [string, Json][] = []
  const cut: Cut['cut'][number][] = []
  for (const [key, each] of Object.entries(value as Readonly<Record<string, Json>>)) {
    const [innerPath, innerType] = [`${path}/${key}`, isList ? type : `${type}.${key}`]
    if (!isList && wholes.has(key)) {
      cut.push({ path: innerPath, value: each, type: innerType })
      continue
    }
    const inner = cutWholes(each, innerPath, innerType)
    kept.push([key, inner.kept])
    cut.push(...inner.cut)
  }
  return { kept: isList ? kept.map(([, each]) => each) : Object.fromEntries(kept), cut }
}

// Of the fields that are written here: free keys, where the others have a type of their own.
const maps = new Set(['limits', 'requests'])

/** JSON as an expression of CEL, with the type of the field in which it will stand. */
function celOf(value: unknown, type: string | undefined): string {
  if (Array.isArray(value)) return `[${value.map((each: unknown) => celOf(each, type)).join(', ')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const fields = Object.entries(value).map(([key, each]) => {
    const inner = type === undefined || maps.has(key) ? undefined : `${type}.${key}`
    return `${type === undefined ? JSON.stringify(key) : key}: ${celOf(each, inner)}`
  })
  return `${type ?? ''}{${fields.join(', ')}}`
}
