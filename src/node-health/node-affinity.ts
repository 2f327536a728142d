import type { NodeRequirement, NodeTerm } from './daemon-set.ts'
import type { NodeFacts } from './node.ts'

/**
 * Whether a node is one of those that a pod asks for, by its node selector and its required node affinity. As
 * Kubernetes has it (component-helpers, nodeaffinity.go): one of the terms must match, an empty one matches nothing, and
 * one that cannot be understood is as if it were not there.
 */
export function matchesNode(
  { nodeSelector, nodeTerms }: { readonly nodeSelector: Readonly<Record<string, string>>; readonly nodeTerms: readonly NodeTerm[] | undefined },
  node: NodeFacts,
): boolean {
  const isSelected = Object.entries(nodeSelector).every(([key, value]) => valueOf(node.labels, key) === value)
  return isSelected && (nodeTerms === undefined || nodeTerms.some((term) => matchesTerm(term, node)))
}

function matchesTerm({ expressions, fields }: NodeTerm, { name, labels }: NodeFacts): boolean {
  if (expressions.length === 0 && fields.length === 0) return false
  if (!expressions.every(isExpression) || !fields.every(isField)) return false
  const ofNode = { 'metadata.name': name }
  return expressions.every((each) => matchesLabel(each, valueOf(labels, each.key))) && fields.every((each) => matchesField(each, valueOf(ofNode, each.key)))
}

/** Whether Kubernetes could make something of a requirement on labels. */
function isExpression({ operator, values }: NodeRequirement): boolean {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0
    case 'Gt':
    case 'Lt':
      return values.length === 1 && wholeOf(values[0]) !== undefined
    default:
      return false
  }
}

function isField({ operator, values }: NodeRequirement): boolean {
  return (operator === 'In' || operator === 'NotIn') && values.length === 1
}

function matchesLabel(requirement: NodeRequirement, value: string | undefined): boolean {
  const matches = matchesSet(requirement, value)
  if (matches !== undefined) return matches
  const [is, bound] = [wholeOf(value), wholeOf(requirement.values[0])]
  if (is === undefined || bound === undefined) return false
  return requirement.operator === 'Gt' ? is > bound : is < bound
}

/** A field that nodes do not have is empty. */
function matchesField({ operator, values: [wanted] }: NodeRequirement, value = ''): boolean {
  return (value === wanted) === (operator === 'In')
}

/** Whether the value of a label is as a requirement of selectors asks; undefined: its operator is none of theirs. */
export function matchesSet({ operator, values }: Pick<NodeRequirement, 'operator' | 'values'>, value: string | undefined): boolean | undefined {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    default:
      return undefined
  }
}

/** An integer as Go's ParseInt reads it, of 64 bits; undefined: it is none. */
export function wholeOf(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?\d{1,64}$/.test(text)) return undefined
  const value = BigInt(text.replace('+', ''))
  return BigInt.asIntN(64, value) === value ? value : undefined
}

function valueOf(map: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined
}
