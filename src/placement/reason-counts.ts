import type { NodeReason, NodeReasonCode } from './node-reason.ts'

/** How many nodes have a reason. */
export interface ReasonCount {
  readonly code: NodeReasonCode
  readonly text: string
  readonly count: number
}

// Amounts differ from node to node: of these the code is counted, in these words.
const wordsOfCode: Partial<Readonly<Record<NodeReasonCode, string>>> = {
  memory: 'too little memory free',
  cpu: 'too little CPU free',
  disk: 'too little disk free',
  resource: 'too little of another resource free',
  pods: 'no pod more',
  affinity: 'affinity to pods elsewhere',
  'anti-affinity': 'anti-affinity',
  'kept-away': 'anti-affinity of pods that run',
  'topology-spread': 'topology spread',
}

/** Counts the first reason of each node, the most frequent first. */
export function countReasons(nodes: readonly { readonly reasons: readonly NodeReason[] }[]): readonly ReasonCount[] {
  const counts = new Map<string, ReasonCount>()
  for (const { reasons } of nodes) {
    const [first] = reasons
    if (first === undefined) continue
    const text = wordsOfCode[first.code] ?? first.detail
    counts.set(text, { code: first.code, text, count: (counts.get(text)?.count ?? 0) + 1 })
  }
  return [...counts.values()].toSorted((left, right) => right.count - left.count)
}
