import * as fc from 'fast-check'
import t from 'tap'
import { findClaim } from '../../src/placement/claim-place.ts'
import { place } from '../../src/placement/place.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { batchOf, beside, podOf, roomOf } from './world.ts'

// Small clusters, in which every way to place pods can be tried: what kube-scheduler would allow is written anew here.
const nodes = fc.array(fc.record({ pods: fc.nat(3), zone: fc.constantFrom('a', 'b', 'c', undefined) }), { minLength: 1, maxLength: 4 })
const key = fc.constantFrom('host', 'zone')
const app = fc.constantFrom('web', 'db')
const rule = fc.record({ key, app })
const rules = fc.record({
  apart: fc.option(rule, { nil: undefined }),
  together: fc.array(rule, { maxLength: 2 }),
  spread: fc.option(fc.record({ key, app, maxSkew: fc.integer({ min: 1, max: 2 }) }), { nil: undefined }),
})
const others = fc.array(fc.record({ node: fc.nat(3), app, keeps: fc.option(rule, { nil: undefined }), isEnding: fc.boolean() }), { maxLength: 3 })
const groups = fc.option(fc.array(fc.record({ count: fc.integer({ min: 1, max: 2 }), on: fc.subarray([0, 1, 2, 3]) }), { minLength: 2, maxLength: 3 }), { nil: undefined })

interface Rule {
  readonly key: 'host' | 'zone'
  readonly app: string
}

interface Story {
  readonly nodes: readonly { readonly pods: number; readonly zone: string | undefined }[]
  readonly rules: { readonly apart?: Rule | undefined; readonly together: readonly Rule[]; readonly spread?: (Rule & { readonly maxSkew: number }) | undefined }
  readonly others: readonly { readonly node: number; readonly app: string; readonly keeps?: Rule | undefined; readonly isEnding: boolean }[]
  readonly count: number
  readonly groups: readonly { readonly count: number; readonly on: readonly number[] }[] | undefined
}

// Topology spread and claims of the instances' own cross each other: which instance is in which zone then counts as well.
const stories = fc.record({ nodes, rules, others, count: fc.nat(5), groups }).map((story): Story => (story.rules.spread === undefined ? story : { ...story, groups: undefined }))

const termOf = ({ key: topologyKey, app: name }: Rule): JsonObject => ({ topologyKey, labelSelector: { matchLabels: { app: name } } })

function specOf({ apart, together, spread }: Story['rules']): JsonObject {
  return {
    affinity: {
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: apart === undefined ? [] : [termOf(apart)] },
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: together.map(termOf) },
    },
    topologySpreadConstraints: spread === undefined ? [] : [{ ...termOf(spread), maxSkew: spread.maxSkew, whenUnsatisfiable: 'DoNotSchedule' }],
  }
}

function groupOf({ count, on }: NonNullable<Story['groups']>[number]): Parameters<typeof place>[1]['groups'][number] {
  const volume = { spec: { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'host', operator: 'In', values: on.map((index) => `n${index}`) }] }] } } } }
  const { place: found } = findClaim('data', { claims: new Map([['data', { spec: { volumeName: 'pv' } }]]), volumes: new Map([['pv', volume]]), classes: [] })
  return { count, places: found === undefined ? [] : [found] }
}

function placedBy(story: Story): number {
  const rooms = story.nodes.map(({ pods, zone }, index) => roomOf(`n${index}`, { pods: String(pods) }, { labels: { host: `n${index}`, ...(zone === undefined ? {} : { zone }) } }))
  const batch = batchOf(podOf({}, specOf(story.rules)), wantedIn(story), story.groups === undefined ? {} : { groups: story.groups.map(groupOf) })
  const running = story.others.map(({ node, app: name, keeps, isEnding }) => [`n${node}`, podOf({}, keeps === undefined ? {} : specOf({ apart: keeps, together: [] }), { name: 'other', labels: { app: name }, ...(isEnding ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) })] as const)
  return place(rooms, beside(batch, ...running)).placed
}

function wantedIn({ count, groups: found }: Story): number {
  return found === undefined ? count : found.reduce((sum, group) => sum + group.count, 0)
}

/** Tries every order in which pods can be put on nodes, one after the other. */
function bestOf(story: Story): number {
  const all = story.groups ?? [{ count: story.count, on: story.nodes.map((_node, index) => index) }]
  const seen = new Set<string>()
  let best = 0
  function go(there: readonly number[], waiting: readonly number[], placed: number): void {
    best = Math.max(best, placed)
    const state = `${there.join()};${waiting.join()}`
    if (seen.has(state)) return
    seen.add(state)
    for (const [group, { on }] of all.entries()) {
      if ((waiting[group] ?? 0) === 0) continue
      for (const index of on) if (isAllowed(story, there, index)) go(there.with(index, (there[index] ?? 0) + 1), waiting.with(group, (waiting[group] ?? 0) - 1), placed + 1)
    }
  }
  go(story.nodes.map(() => 0), all.map(({ count }) => count), 0)
  return best
}

/** Whether a node takes one more, beside those that were put on nodes. */
function isAllowed({ nodes: all, rules: { apart, together, spread }, others: running }: Story, there: readonly number[], index: number): boolean {
  const node = all[index]
  if (node === undefined || (there[index] ?? 0) >= node.pods) return false
  const domainOf = (at: number, by: Rule['key']): string | undefined => (by === 'host' ? `n${at}` : all[at]?.zone)
  const pods = [...running.filter(({ node: at }) => at < all.length), ...there.flatMap((count, at) => Array.from({ length: count }, () => ({ node: at, app: 'web', keeps: apart, isEnding: false })))]
  const shares = (at: number, by: Rule['key']): boolean => domainOf(index, by) !== undefined && domainOf(at, by) === domainOf(index, by)
  if (apart !== undefined && pods.some((pod) => pod.app === apart.app && shares(pod.node, apart.key))) return false
  if (pods.some(({ keeps, node: at }) => keeps?.app === 'web' && shares(at, keeps.key))) return false
  if (together.length > 0) {
    if (together.some(({ key: by }) => domainOf(index, by) === undefined)) return false
    const counted = pods.filter((pod) => together.every(({ app: name }) => pod.app === name) && together.some(({ key: by }) => domainOf(pod.node, by) !== undefined))
    const isFirst = counted.length === 0 && together.every(({ app: name }) => name === 'web')
    if (!isFirst && !together.every(({ key: by }) => counted.some((pod) => shares(pod.node, by)))) return false
  }
  if (spread === undefined) return true
  const mine = domainOf(index, spread.key)
  if (mine === undefined) return false
  const domains = new Set(all.flatMap((_node, at) => domainOf(at, spread.key) ?? []))
  const inDomain = (domain: string): number => pods.filter((pod) => !pod.isEnding && pod.app === spread.app && domainOf(pod.node, spread.key) === domain).length
  const least = Math.min(...[...domains].map(inDomain))
  return inDomain(mine) + (spread.app === 'web' ? 1 : 0) - least <= spread.maxSkew
}

t.test('as many are placed as by the best of all ways, by rules about neighbours in both directions and by claims', async (t) => {
  let cases = 0
  fc.assert(
    fc.property(stories, (story) => {
      const most = bestOf(story)
      if (most > 0) cases++
      return placedBy(story) === most
    }),
    { numRuns: 3_000 },
  )
  t.ok(cases > 500, 'many of them have room')
})
