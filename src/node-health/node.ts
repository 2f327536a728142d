import { isObject, isStringMap, type JsonObject, objectsOf } from '../units/json.ts'

/** A node, as far as it matters which pods it takes. */
export interface NodeFacts {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
}

/** `v1.Taint` */
export interface Taint {
  readonly key: string
  readonly value: string
  readonly effect: string
}

/** Reads a Node; undefined where it is none with a name. */
export function readNode({ metadata, spec }: JsonObject): NodeFacts | undefined {
  if (!isObject(metadata)) return undefined
  const { name, labels } = metadata
  if (typeof name !== 'string') return undefined
  const taints = objectsOf(isObject(spec) ? spec['taints'] : undefined)
  return {
    name,
    labels: isStringMap(labels) ? labels : {},
    taints: taints.map(({ key, value, effect }) => ({
      key: typeof key === 'string' ? key : '',
      value: typeof value === 'string' ? value : '',
      effect: typeof effect === 'string' ? effect : '',
    })),
  }
}
