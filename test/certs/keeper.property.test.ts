import * as fc from 'fast-check'
import t from 'tap'
import type { SecretData } from '../../src/certs/secret.ts'
import { CertificateWorld, isTrustedBy, type Replica, type Weather } from '../support/certificate-world.ts'
import { runs } from '../support/property.ts'

const lifeMs = 600_000
// An API server may not have heard of what was changed since then; a keeper waits for longer.
const staleMs = 55_000
// What somebody undoes is mended by then.
const mendedWithinMs = 60_000

type Act = 'delete' | 'spoil' | 'spoil-ca' | 'restore-old' | 'empty' | 'garble' | 'kill' | 'start' | 'outage'

interface Story {
  readonly seed: number
  readonly aheadMs: readonly number[]
  readonly acts: readonly { readonly act: Act; readonly afterMs: number }[]
}

const acts: readonly Act[] = ['delete', 'spoil', 'spoil-ca', 'restore-old', 'empty', 'garble', 'kill', 'start', 'start', 'outage']
const arbitraryStory: fc.Arbitrary<Story> = fc.record({
  seed: fc.nat(),
  aheadMs: fc.array(fc.integer({ min: -7_200_000, max: 7_200_000 }), { minLength: 3, maxLength: 3 }),
  acts: fc.array(fc.record({ act: fc.constantFrom(...acts), afterMs: fc.integer({ min: 1_000, max: 200_000 }) }), { minLength: 4, maxLength: 14 }),
})

// A mended bug: whose certificate had become good for nothing, and who took one that was just made, was ready at once.
const mended: Story = {
  seed: 2_147_483_617,
  aheadMs: [5_897_071, -4_561_125, -2_751_838],
  acts: (
    [
      ['outage', 14_956], ['start', 197_151], ['empty', 90_608], ['outage', 198_166], ['start', 15_124], ['garble', 16_053],
      ['spoil', 37_368], ['empty', 74_495], ['start', 22_181], ['delete', 115_903], ['empty', 80_496], ['spoil-ca', 49_363],
      ['empty', 2_711], ['garble', 41_368],
    ] as const
  ).map(([act, afterMs]) => ({ act, afterMs })),
}

// Another: who had made one without having seen what is trusted was ready at once.
const unseen: Story = {
  seed: 364_981_129,
  aheadMs: [2, 7_199_997, -2_691_671],
  acts: (
    [
      ['restore-old', 1_004], ['delete', 77_163], ['delete', 59_783], ['empty', 1_738], ['spoil', 124_197], ['start', 1_014], ['outage', 33_369],
    ] as const
  ).map(([act, afterMs]) => ({ act, afterMs })),
}

t.test('whatever happens in whatever order: who is ready is trusted, even by those who have not heard the latest', async (t) => {
  let rotations = 0
  await fc.assert(
    fc.asyncProperty(arbitraryStory, async (story) => {
      rotations += await play(story)
    }),
    // Each issues real certificates, a dozen.
    { numRuns: Math.ceil(runs / 15), endOnFailure: true, examples: [[mended], [unseen]] },
  )
  t.ok(rotations > 20, `${rotations} certificates were served after another one`)
})

/** Plays a story to its end, and throws where somebody who is ready is not trusted. */
async function play(story: Story): Promise<number> {
  const world = new CertificateWorld(lifeMs)
  const random = randomFrom(story.seed)
  let isOut = false
  let inOrderMs = 0
  const look = (): void => {
    check(world, alive)
    if (!isOut) checkMended(world, inOrderMs)
  }
  const weather: Weather = {
    // Answers overtake each other.
    delayMs: () => Math.floor(random() * 400),
    fate() {
      if (isOut) return random() < 0.5 ? 'refused' : 'lost'
      return random() < 0.97 ? 'done' : random() < 0.5 ? 'refused' : 'lost'
    },
  }
  world.weather = weather
  world.random = random
  const all: Replica[] = []
  const alive: Replica[] = []
  const start = (): void => {
    const replica = world.start({ aheadMs: story.aheadMs[alive.length] ?? 0 })
    all.push(replica)
    alive.push(replica)
  }
  start()
  start()
  await world.pass(20_000, look)
  const old = world.secret
  for (const { act, afterMs } of story.acts) {
    // oxlint-disable-next-line no-await-in-loop
    await world.pass(afterMs, look)
    const secret = world.secret ?? {}
    if (act === 'delete') world.put(undefined)
    if (act === 'spoil') world.put({ ...secret, 'tls.key': 'x' })
    if (act === 'spoil-ca') world.put({ ...secret, 'ca.crt': 'x' })
    if (act === 'restore-old') {
      world.put(old)
      // One that starts before any other has looked could not know what is served.
      // oxlint-disable-next-line no-await-in-loop
      await world.pass(25_000, look)
    }
    if (act === 'empty') world.tamper(['', world.view.bundles[1] ?? '', ''])
    if (act === 'garble') world.tamper(['x', 'x', 'x'])
    if (act === 'kill' && alive.length > 1) alive.splice(Math.floor(random() * alive.length), 1)[0]?.stop()
    if (act === 'start' && alive.length < 3) start()
    if (act === 'outage') {
      isOut = true
      // oxlint-disable-next-line no-await-in-loop
      await world.pass(30_000, look)
      isOut = false
      inOrderMs = world.clock.now()
    }
  }
  world.weather = { delayMs: weather.delayMs, fate: () => 'done' }
  // Each has been settled by then, or has ended.
  await world.pass(lifeMs / 3, look)
  // Another rotation may just have begun to be heard of.
  if (disagreement(world, alive) !== undefined) await world.pass(90_000, look)
  const fault = disagreement(world, alive)
  if (fault !== undefined) throw new Error(fault)
  return all.reduce((sum, { told }) => sum + Math.max(0, told.filter((line) => line === 'certificate').length - 1), 0)
}

/** Whoever is ready is trusted by all that an API server may have, but for what somebody has put there and nobody could mend yet. */
function check(world: CertificateWorld, alive: readonly Replica[]): void {
  const now = world.clock.now()
  for (const [index, replica] of alive.entries()) {
    const served = replica.served()
    if (served === undefined || replica.keeper.notReady() !== undefined) continue
    // Clocks are told in whole seconds.
    if (served.leaf.to < world.now() - 1_000 || served.leaf.from > world.now()) throw new Error(`replica ${index} serves what is not valid, and is ready`)
    // In that second, another may have taken its CA out.
    if (served.leaf.to <= world.now()) continue
    for (const [at, { bundles, isTampered }] of world.views.entries()) {
      const until = world.views[at + 1]?.sinceMs ?? now
      if (isTampered || until < now - staleMs) continue
      if (!bundles.every((bundle) => isTrustedBy(served, bundle))) {
        throw new Error(`at ${now} replica ${index} serves what is not trusted by what was there until ${until}: ${JSON.stringify(replica.told)}`)
      }
    }
  }
}

/** What somebody has undone is mended within a minute in which the API server answers. */
function checkMended(world: CertificateWorld, sinceMs: number): void {
  const { isTampered, sinceMs: tamperedMs } = world.view
  const now = world.clock.now()
  if (isTampered && now - Math.max(tamperedMs, sinceMs) > mendedWithinMs) throw new Error(`at ${now} the configuration is not mended`)
  if (!isSound(world.secret) && now - Math.max(world.putMs, sinceMs) > mendedWithinMs) throw new Error(`at ${now} the Secret is not mended`)
}

function isSound(data: SecretData | undefined): boolean {
  return data !== undefined && data['tls.key'] !== 'x' && data['ca.crt'] !== 'x'
}

/** In the end, all serve what the Secret holds, and its CAs are trusted. */
function disagreement(world: CertificateWorld, alive: readonly Replica[]): string | undefined {
  const cert = world.secret?.['tls.crt']
  const other = alive.find(({ served }) => served()?.pair.cert !== cert)
  if (other !== undefined) return `serves something else than the Secret has: ${JSON.stringify(other.told)}`
  if (!world.view.bundles.every((bundle) => bundle === world.secret?.['ca.crt'])) return 'the configuration has something else than the Secret'
  return alive.map(({ keeper }) => keeper.notReady()).find((fault) => fault !== undefined)
}

/** Numbers from 0 to 1 that are the same for a seed: mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
