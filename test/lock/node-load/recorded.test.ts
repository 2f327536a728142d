import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { watchLoad } from '../../../src/lock/node-load/watch-load.ts'
import { defaultQueueSettings } from '../../../src/lock/queue/settings.ts'
import { QueueLock } from '../simulation/queue-lock.ts'

/** What was seen at one look of `record.ts`. */
interface Look {
  readonly at: number
  readonly running: number
  readonly stat: string
  readonly pressure: string
}

/** So long after somebody begins to work it shows: the reading in which it does, and the one after it. */
const seenAfterMs = 500

for (const file of globSync(fileURLToPath(new URL('traces/*.txt', import.meta.url)))) {
  for (const psi of [true, false]) {
    t.test(`${basename(file)}, ${psi ? 'with' : 'without'} PSI: grants where it was quiet, and nobody where it was busy`, async (t) => {
      const looks = looksOf(readFileSync(file, 'utf8'))
      const cores = coresOf(looks[0])
      const granted = replay(looks, psi)
      const parts = partsOf(looks)
      for (const { running, from, to } of parts) {
        const during = granted.filter((at) => at >= (running > 0 ? from + seenAfterMs : from) && at < to)
        const seconds = (to - from) / 1_000
        t.comment(`${running} compile for ${seconds} s: ${during.length} would have been granted`)
        if (running >= cores) t.equal(during.length, 0, `nobody beside ${running}`)
        if (running === 0) t.ok(during.length >= seconds / 3, `${during.length} in ${seconds} quiet seconds`)
      }
      t.ok(parts.some(({ running }) => running >= 4 * cores), 'it was busy')
    })
  }
}

/** When further ones would have been granted, of many who wait and never end. */
function replay(looks: readonly Look[], psi: boolean): readonly number[] {
  const lock = new QueueLock({ ...defaultQueueSettings, identifiedLeaseMs: 3_600_000 })
  let [look] = looks
  let next = (): void => {}
  const clock = { now: () => look?.at ?? 0, after: (_ms: number, call: () => void) => ((next = call), () => {}) }
  const read = (path: string): string | undefined => (path === '/proc/stat' ? look?.stat : psi ? look?.pressure : undefined)
  for (let pod = 0; pod < 200; pod++) lock.ask(`pod-${pod}`, clock.now(), () => {})
  watchLoad({ clock, read }, (reading) => lock.load(reading, clock.now()), () => {})
  for (look of looks.slice(1)) {
    lock.pass(clock.now() - 1)
    next()
  }
  return lock.granted.filter(({ grant }) => grant === 'idle-core').map(({ at }) => 1_000 * at)
}

/** Stretches of time in which as many ran. */
function partsOf(looks: readonly Look[]): readonly { readonly running: number; readonly from: number; to: number }[] {
  const parts: { running: number; from: number; to: number }[] = []
  for (const { at, running } of looks) {
    const part = parts.at(-1)
    if (part !== undefined) part.to = at
    if (part?.running !== running) parts.push({ running, from: at, to: at })
  }
  return parts
}

function looksOf(text: string): readonly Look[] {
  let running = 0
  return text.split('\n').flatMap((line) => {
    running = Number(/^# (\d+) run$/.exec(line)?.[1] ?? running)
    const [, at, cores, sum, some] = /^(\d+) (\d+) (cpu .*\d) (some .*)$/.exec(line) ?? []
    if (sum === undefined || some === undefined) return []
    const each = Array.from({ length: Number(cores) }, (_, core) => `cpu${core} 0 0 0 0 0 0 0 0 0 0\n`).join('')
    return [{ at: Number(at), running, stat: `${sum}\n${each}`, pressure: `${some}\n` }]
  })
}

function coresOf(look: Look | undefined): number {
  return look?.stat.match(/^cpu\d/gm)?.length ?? 0
}
