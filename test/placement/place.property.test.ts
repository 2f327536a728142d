import * as fc from 'fast-check'
import t from 'tap'
import type { NodeRoom } from '../../src/placement/node-room.ts'
import { place } from '../../src/placement/place.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { batchOf, podOf, roomOf } from './world.ts'

const nodes = fc.array(fc.record({ memory: fc.nat(9), cpu: fc.nat(9), pods: fc.nat(4), zone: fc.constantFrom('a', 'b') }), { minLength: 1, maxLength: 4 })
const requests = fc.record({ memory: fc.nat(4), cpu: fc.nat(4) })
const rules = fc.constantFrom('none', 'apart', 'zone-apart', 'spread-1', 'spread-2')
const wanted = fc.nat(8)

type Rules = 'none' | 'apart' | 'zone-apart' | 'spread-1' | 'spread-2'

const labelSelector = { matchLabels: { app: 'web' } }

function specOf(kind: Rules): JsonObject {
  if (kind === 'none') return {}
  if (kind === 'apart' || kind === 'zone-apart') {
    return { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: kind === 'apart' ? 'kubernetes.io/hostname' : 'zone', labelSelector }] } } }
  }
  return { topologySpreadConstraints: [{ topologyKey: 'zone', maxSkew: kind === 'spread-1' ? 1 : 2, whenUnsatisfiable: 'DoNotSchedule', labelSelector }] }
}

interface World {
  readonly rooms: () => NodeRoom[]
  readonly zones: readonly string[]
}

function worldOf(each: readonly { readonly memory: number; readonly cpu: number; readonly pods: number; readonly zone: string }[]): World {
  return {
    rooms: () => each.map(({ memory, cpu, pods, zone }, index) => roomOf(`n${index}`, { memory: String(memory), cpu: String(cpu), pods: String(pods) }, { labels: { zone } })),
    zones: each.map(({ zone }) => zone),
  }
}

t.test('no node is given more than it has, and none more than was asked for is placed', async () => {
  fc.assert(
    fc.property(nodes, requests, rules, wanted, (each, { memory, cpu }, kind, count) => {
      const rooms = worldOf(each).rooms()
      const { placed, nodes: outcomes } = place(rooms, batchOf(podOf({ memory: String(memory), cpu: String(cpu) }, specOf(kind)), count))
      const isWithin = rooms.every((room) => room.free('memory') >= 0 && room.free('cpu') >= 0 && room.freePods >= 0)
      return isWithin && placed <= count && outcomes.reduce((sum, outcome) => sum + outcome.placed, 0) === placed && outcomes.every((outcome) => outcome.reasons.length > 0)
    }),
  )
})

t.test('as many are placed as by the best of all ways to place them', async () => {
  fc.assert(
    fc.property(nodes, requests, rules, fc.nat(5), (each, { memory, cpu }, kind, count) => {
      const world = worldOf(each)
      const batch = batchOf(podOf({ memory: String(memory), cpu: String(cpu) }, specOf(kind)), count)
      const most = bestOf(world.rooms().map((room) => Math.min(room.freePods, memory === 0 ? count : Math.floor(room.free('memory') / memory), cpu === 0 ? count : Math.floor(room.free('cpu') / (cpu * 1_000)))), world.zones, kind, count)
      return place(world.rooms(), batch).placed === most
    }),
    { numRuns: 300 },
  )
})

/** Tries every order in which pods can be put on nodes, one after the other. */
function bestOf(fits: readonly number[], zones: readonly string[], kind: Rules, count: number): number {
  const seen = new Set<string>()
  let best = 0
  function go(there: readonly number[], placed: number): void {
    best = Math.max(best, placed)
    const key = there.join()
    if (placed === count || seen.has(key)) return
    seen.add(key)
    for (const [index, fit] of fits.entries()) {
      if ((there[index] ?? 0) < fit && isAllowed(there, index, zones, kind)) go(there.with(index, (there[index] ?? 0) + 1), placed + 1)
    }
  }
  go(fits.map(() => 0), 0)
  return best
}

function isAllowed(there: readonly number[], index: number, zones: readonly string[], kind: Rules): boolean {
  if (kind === 'none') return true
  if (kind === 'apart') return there[index] === 0
  const inZone = (zone: string | undefined): number => there.reduce((sum, count, at) => (zones[at] === zone ? sum + count : sum), 0)
  if (kind === 'zone-apart') return inZone(zones[index]) === 0
  const least = Math.min(...zones.map(inZone))
  return inZone(zones[index]) + 1 - least <= (kind === 'spread-1' ? 1 : 2)
}
