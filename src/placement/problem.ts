import type { JobProblem, JobProblemCode } from '../job/problems.ts'
import type { Amounts } from './amounts.ts'
import { type AmountWriting, comparedText } from './amount-text.ts'
import type { NodeRoom } from './node-room.ts'
import type { Placed } from './place.ts'
import { countReasons } from './reason-counts.ts'

/** What was tried. */
export interface Attempt {
  /** What one pod takes. */
  readonly requests: Amounts
  /** How many run already. */
  readonly running: number
  readonly isPerNode: boolean
  /** The nodes as they were before anything was put there, in the order of the outcome's. */
  readonly before: readonly NodeRoom[]
  readonly outcome: Placed
  readonly writing: AmountWriting
}

/**
 * Why there is not room for all; undefined: there is. What lacks in all comes first: what the whole job requires, with the
 * instances that run, against what they have and what is free on the nodes that take it. Else it is the nodes, one by one.
 */
export function problemOf(attempt: Attempt): JobProblem | undefined {
  const { outcome, isPerNode } = attempt
  if (outcome.placed >= outcome.wanted) return undefined
  const isAnywhere = outcome.nodes.some(({ isEligible }) => isEligible)
  const lacking = isAnywhere && !isPerNode ? resources.map((resource) => lackOf(attempt, resource)).find((problem) => problem !== undefined) : undefined
  return lacking ?? { code: 'no-placement', detail: detailOf(attempt) }
}

interface Resource {
  readonly name: string
  readonly code: JobProblemCode
  readonly word: string
}

const resources: readonly Resource[] = [
  { name: 'memory', code: 'insufficient-memory', word: 'memory' },
  { name: 'ephemeral-storage', code: 'insufficient-disk', word: 'disk' },
  { name: 'cpu', code: 'insufficient-cpu', word: 'CPU' },
]

function lackOf({ requests, running, before, outcome, writing }: Attempt, { name, code, word }: Resource): JobProblem | undefined {
  const one = requests.get(name) ?? 0
  const free = before.reduce((sum, room, index) => (outcome.nodes[index]?.isEligible === true ? sum + Math.max(0, room.free(name)) : sum), 0)
  const required = (running + outcome.wanted) * one
  const available = running * one + free
  if (required <= available) return undefined
  const [much, little] = comparedText(name, required, available, writing)
  return { code, detail: `Job requires ${much} of ${word} but only ${little} can be allocated.` }
}

function detailOf({ running, outcome, isPerNode }: Attempt): string {
  const { nodes, placed, wanted } = outcome
  if (nodes.length === 0) return 'Job cannot be placed: the cluster has no nodes.'
  const lacking = isPerNode ? nodes.filter((node) => node.isEligible && node.fits === 0 && node.reasons.length > 0) : nodes
  const counts = countReasons(lacking)
  const why = counts.map(({ text, count }) => `${count} of ${nodes.length} nodes: ${text}`).join('; ')
  if (!nodes.some(({ isEligible }) => isEligible)) return `Job cannot be placed: no node takes an instance (${why}).`
  const needed = isPerNode ? 'an instance on each of' : 'room for'
  const all = running + wanted
  const unit = isPerNode ? `${wanted} more ${wanted === 1 ? 'node' : 'nodes'}` : `${all} ${all === 1 ? 'instance' : 'instances'}`
  return `Job requires ${needed} ${unit} but only ${isPerNode ? placed : running + placed} can be placed (${why}).`
}
