import { type Check, checkGroups } from './checks.ts'
import type { Facts } from './facts.ts'
import { type Finding, type Outcome, skipped } from './finding.ts'

/** A check, and what it has found. */
export interface Result extends Finding {
  readonly id: string
  readonly title: string
  readonly group: string
  /** Where to read what it means, and how to mend it. */
  readonly docs: string
}

// As problem documents have it.
const base = 'https://usher.dev/docs/checks#'

/**
 * Runs the checks in their order. One whose needs have failed, or were skipped for that, is skipped.
 *
 * @param only ids of those that are told; the others run all the same, since these may need them, and whatever keeps one
 * of these from being told is told, too. Empty: all.
 */
export function runChecks(facts: Facts, only: readonly string[] = []): readonly Result[] {
  const blocked = new Map<string, string>()
  const results: Result[] = []
  for (const { title: group, checks } of checkGroups) {
    for (const check of checks) {
      const finding = judge(check, facts, blocked)
      results.push({ id: check.id, title: check.title, group, ...finding, docs: `${base}${check.id}` })
    }
  }
  if (only.length === 0) return results
  const told = new Set(only.flatMap((id) => [id, blocked.get(id) ?? id]))
  return results.filter(({ id }) => told.has(id))
}

function judge({ id, needs, judge: find }: Check, facts: Facts, blocked: Map<string, string>): Finding {
  const blocker = needs.map((need) => blocked.get(need)).find((each) => each !== undefined)
  if (blocker !== undefined) {
    blocked.set(id, blocker)
    return skipped(`it makes no sense before ${blocker} is mended`)
  }
  const finding = find(facts)
  // What is installed by half can be looked at still: that tells what is missing.
  if (finding.outcome === 'failed' && !(id === 'installed' && facts.installation.deployment !== undefined)) blocked.set(id, id)
  return finding
}

/** How many of each outcome. */
export function countOutcomes(results: readonly Result[]): Readonly<Record<Outcome, number>> {
  const counts = { ok: 0, warning: 0, failed: 0, skipped: 0 }
  for (const { outcome } of results) counts[outcome]++
  return counts
}
