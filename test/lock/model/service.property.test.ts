import * as fc from 'fast-check'
import t from 'tap'
import { runs } from '../../support/property.ts'
import { readMetric } from '../../support/webhook.ts'
import { lockCommands, lockSettings } from './commands.ts'
import { LockPair } from './lock-pair.ts'

const everything = [
  ...['floor', 'idle-core', 'overdue'].map((grant) => `granted ${grant}`),
  ...['ready', 'gone', 'given-back', 'blind-hold', 'lease-end', 'unclaimed', 'crash-loop'].map((cause) => `released ${cause}`),
  ...['gone', 'given-back', 'left'].map((cause) => `dropped ${cause}`),
  'rejected too-many-waiting',
  'rejected too-many-waiting-from-peer',
  'told again',
  'superseded',
  ...['closed', 'open', 'overdue'].map((gate) => `gate ${gate}`),
]

t.test('does over HTTP, through restarts, what the pure queue does of the same events at the same times', async (t) => {
  const seen = new Set<string>()
  const property = fc.asyncProperty(lockSettings, fc.commands(lockCommands, { maxCommands: 40, size: 'max' }), async (settings, commands) => {
    const pair = await LockPair.start(settings)
    try {
      await fc.asyncModelRun(() => ({ model: pair.model, real: pair }), commands)
      await checkCounts(pair)
      await drain(pair)
    } finally {
      await pair.lock.close()
    }
    for (const what of pair.model.seen) seen.add(what)
  })
  await fc.assert(property, { numRuns: runs })
  // What never happens is not tried.
  for (const what of everything) t.ok(runs < 100 || seen.has(what), what)
})

/** What was counted is what has happened. */
async function checkCounts({ model, lock }: LockPair): Promise<void> {
  const scrape = await lock.metrics()
  const samples = scrape.split('\n').filter((line) => /^usher_lock_(grants|releases|dropped)_total/.test(line))
  const counted = samples.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  const happened = [...model.counts].filter(([what]) => /^(granted|released|dropped) /.test(what)).reduce((sum, [, count]) => sum + count, 0)
  if (counted !== happened) throw new Error(`${counted} were counted, and ${happened} have happened: ${JSON.stringify([...model.counts])}\n${samples.join('\n')}`)
  if (readMetric(scrape, 'usher_lock_permits_used') !== model.queue.used) throw new Error('the gauge of permits is wrong')
}

// Longer than any lease.
const everMs = 3_700_000

/** When all clients have gone, everything ends by itself, and nothing is left behind. */
async function drain(pair: LockPair): Promise<void> {
  while (pair.model.held.size > 0) await pair.vanish(0)
  await pair.advance(everMs)
  const { leases, waiting } = pair.lock.service.queue.state()
  const { pending } = pair.lock.clock
  const { watchers } = pair.lock.pods
  // Whoever asks is checked against them, leases follow them, and so does the gate of what pods depend on.
  if (watchers !== 3) throw new Error(`${watchers} are told of pods`)
  if (leases.length + waiting.length + pending > 0) throw new Error(`${leases.length} leases, ${waiting.length} places and ${pending} timers are left`)
}
