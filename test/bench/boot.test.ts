import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { appendBoot, type BootRecord, isSameBoot, readBoots } from './boot/boot-record.ts'
import { bootsOf, modeNames, type PlannedBoot, variants } from './boot/plan.ts'
import { plotBoots } from './boot/plot.ts'
import { isIdle } from './boot/pods.ts'
import { judge, print, summarise } from './boot/summary.ts'
import { summarise as summariseScaleUp } from './scale-up/summary.ts'

t.test('every mode has its place in every round, and the order turns around', (t) => {
  const boots = bootsOf({ rounds: 2, modes: ['plain', 'strict1', 'work'], variants: ['heavy', 'mixed'] })
  t.same(boots.map(({ round, variant, mode }) => `${round} ${variant} ${mode}`), [
    '0 heavy plain', '0 heavy strict1', '0 heavy work', '0 mixed plain', '0 mixed strict1', '0 mixed work',
    '1 heavy work', '1 heavy strict1', '1 heavy plain', '1 mixed work', '1 mixed strict1', '1 mixed plain',
  ])
  t.end()
})

t.test('of the mixed pods a third are idle starters, among the others', (t) => {
  const idle = (variant: keyof typeof variants) => Array.from({ length: 12 }, (_, index) => index).filter((index) => isIdle(variants[variant], index))
  t.same(idle('mixed'), [2, 5, 8, 11])
  t.same(idle('heavy'), [])
  t.end()
})

t.test('what was measured is found again, also after an end in the middle', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'usher-boot-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'more/boot.jsonl')
  t.same(readBoots(file), [])
  appendBoot(file, boot('plain', 0, [40, 60]))
  appendBoot(file, boot('work', 0, [10, 50]))
  const plan = bootsOf({ rounds: 1, modes: modeNames, variants: ['heavy'] })
  const missing = plan.filter((planned) => !readBoots(file).some((done) => isSameBoot(planned, done)))
  t.same(missing.map(({ mode }) => mode), ['timer', 'strict1', 'strict2'])
  t.end()
})

t.test('modes are compared with the plain boot of their own round', (t) => {
  const rounds = [boot('plain', 0, [50, 70]), boot('work', 0, [10, 50]), boot('work', 1, [20, 90]), boot('plain', 1, [100, 120])]
  const figures = summarise(rounds)
  const [plain, work] = figures
  t.match(plain, { mode: 'plain', rounds: 2, meanMs: 85_000, allReadyMs: 95_000, meanRatio: undefined })
  t.match(work, { mode: 'work', meanMs: 42_500, p50Ms: 15_000, firstMs: 15_000, worstMs: 70_000 })
  t.match(work?.meanRatio, { median: 0.5, least: 0.5, most: 0.5, isAtMost: false })
  t.equal(work?.allRatio?.most, 90 / 120)
  const verdicts = judge(figures)
  t.same(verdicts.map(({ met }) => met), [true, true, true])
  t.match(print(figures, verdicts), /usher, work-conserving +2 +42\.5 +15\.0 +15\.0 +70\.0 +70\.0 +0, 0 +50 % +10 % +0 % +0\.50 +0\.73/)
  t.end()
})

t.test('a plain boot that never comes up counts as long as it was watched, and that is said', (t) => {
  const figures = summarise([boot('plain', 0, [50, undefined], 7), boot('work', 0, [60, 100], 1)])
  t.match(figures[0], { allReadyMs: undefined, upRounds: 0, restarts: [7], meanMs: 175_000 })
  t.match(figures[1]?.allRatio, { median: 1 / 3, isAtMost: true })
  const verdicts = judge(figures)
  t.match(verdicts, [
    { met: false, seen: '1; without 7' },
    { met: true, seen: 'at most 0.46 (0.46 to 0.46)' },
    { met: true, seen: 'at most 0.33 (0.33 to 0.33)' },
  ])
  t.match(print(figures, verdicts), /without usher +1 +≥ 175\.0 .* never +7/)
  t.end()
})

t.test('usher that never comes up misses its goals', (t) => {
  const figures = summarise([boot('plain', 0, [50, 70]), boot('work', 0, [60, undefined])])
  t.same(judge(figures).map(({ met }) => met), [true, false, false])
  t.end()
})

t.test('the plot shows each boot as steps, the middle one thick', (t) => {
  const boots = [boot('plain', 0, [50, undefined]), boot('work', 0, [10, 50]), boot('work', 1, [20, 60]), boot('work', 2, [30, 70])]
  const svg = plotBoots(boots)
  t.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 \d+ \d+" role="img"/)
  t.match(svg, /<desc id="desc">all of them heavy: without usher: 1 of 2 after 300 s; usher, work-conserving: all 2 after 60 s\.<\/desc>/)
  t.equal(svg.match(/class="line work thin"/g)?.length, 2)
  // In the panel, and in the legend.
  t.equal(svg.match(/class="line work"/g)?.length, 2)
  t.match(svg, /class="line plain" d="M44 314H114V189H464"/, 'who never came up goes on to the end')
  t.match(svg, /prefers-color-scheme:dark/)
  t.notMatch(svg, /NaN|Infinity|undefined/)
  t.end()
})

t.test("the documentation's plot is made of the raw data beside it", (t) => {
  const file = (name: string): string => new URL(`../../docs/performance/${name}`, import.meta.url).pathname
  const boots = readBoots(file('boot.jsonl'))
  if (boots.length === 0) t.pass('nothing was measured yet')
  else t.equal(readFileSync(file('boot.svg'), 'utf8'), plotBoots(boots), 'npm run docs renews it')
  t.end()
})

t.test('scale-ups are compared within their round', (t) => {
  const scaleUp = (allReadyMs: number) => ({ allReadyMs, idleCoresBefore: 1.9 })
  const rounds = [[4_000, 4_900], [4_200, 5_000], [6_000, 9_000]].map(([without = 0, usher = 0]) => ({ without: scaleUp(without), usher: scaleUp(usher) }))
  t.match(summariseScaleUp(rounds), { difference: { median: 900, least: 800, most: 3_000 }, met: true, leastIdleCores: 1.9 })
  t.end()
})

/** A boot of two heavy pods; seconds until they were Ready. */
function boot(mode: PlannedBoot['mode'], round: number, seconds: readonly (number | undefined)[], restarts = 0): BootRecord {
  const ready = seconds.flatMap((each) => each ?? [])
  return {
    round,
    variant: 'heavy',
    mode,
    at: '2026-01-01T00:00:00.000Z',
    machine: 'a machine',
    java: 'javac 17',
    commit: 'abcdef0',
    work: 3,
    limitSeconds: 30,
    boundSeconds: 300,
    idleCoresBefore: 2,
    pods: seconds.map((each, index) => ({ name: `heavy-0${index}`, idle: false, readyMs: each === undefined ? undefined : each * 1_000, letInMs: undefined, restarts: 0 })),
    allReadyMs: ready.length === seconds.length ? Math.max(...ready) * 1_000 : undefined,
    probeRestarts: { startup: restarts, liveness: 0 },
    pressure: 50,
    idleShare: 0.1,
    niceShare: 0,
    cpuSeconds: 100,
    trace: [],
    starts: [],
  }
}
