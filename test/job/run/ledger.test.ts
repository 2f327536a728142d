import t from 'tap'
import { begin, beginStop, beforeIn, bounded, currentIn, deployedIn, forsake, type Ledger, markDeployed, markDetached, markFailed, markLeft, mostLedgerBytes, mostRevisions, newLedger, pendingIn, settle } from '../../../src/job/run/ledger.ts'
import { jobDraft, jobObjects } from '../../support/job-objects.ts'
import { container, job } from '../../support/job-values.ts'

const by = { holder: 'ada@desk', at: '2026-05-01T10:00:00.000Z' }
const first = jobDraft(jobObjects('web'))
const second = jobDraft(jobObjects('web', { image: 'app:2' }))
const deployedOnce = markDeployed(begin(newLedger('web'), first, by))

const states = ({ revisions }: Ledger): readonly string[] => revisions.map(({ number, state }) => `${number} ${state}`)

t.test('a change begins as a pending revision, and says who makes it', async (t) => {
  const ledger = begin(newLedger('web'), first, by)
  t.match(ledger, { pending: { holder: 'ada@desk', change: 'run', isDetached: false } })
  t.strictSame(states(ledger), ['1 pending'])
  t.equal(deployedIn(ledger), undefined)
})

t.test('what is deployed supersedes what was, and nobody changes the job any more', async (t) => {
  const ledger = markDeployed(begin(deployedOnce, second, by))
  t.strictSame(states(ledger), ['1 superseded', '2 deployed'])
  t.equal(ledger.pending, undefined)
  t.equal(beforeIn(ledger)?.number, 1)
})

t.test('what has failed keeps why, and what was deployed stays so', async (t) => {
  const ledger = markFailed(begin(deployedOnce, second, by), 'not healthy', ['Pod web-1: Pending'])
  t.strictSame(states(ledger), ['1 deployed', '2 failed'])
  t.match(ledger.revisions[1], { message: 'not healthy', evidence: ['Pod web-1: Pending'] })
  t.equal(beforeIn(ledger), undefined, 'a failed one is nothing to go back to')
})

t.test('a rollback goes to what is deployed where a later revision is in its place without having been healthy', async (t) => {
  const third = begin(markDeployed(begin(deployedOnce, second, by)), jobDraft(jobObjects('web', { image: 'app:3' })), by)
  t.equal(beforeIn(third)?.number, 2, 'as of a client that was killed')
  t.equal(beforeIn(markDetached(third))?.number, 2)
  t.equal(beforeIn(markLeft(third, 'not as it was', []))?.number, 2)
  t.equal(beforeIn(markFailed(third, 'not healthy', []))?.number, 1, 'what was set back is not there')
})

t.test('what was put in last is what is deployed, or what nobody has watched to its end', async (t) => {
  const open = begin(deployedOnce, second, by)
  t.equal(currentIn(open)?.number, 1, 'of what may be put in half, nothing is taken')
  t.equal(currentIn(markDetached(open))?.number, 2)
  t.equal(currentIn(settle(markDetached(open), true))?.number, 2)
  t.equal(currentIn(markDetached(begin(newLedger('web'), first, by)))?.number, 1)
})

t.test('what has failed and stays by the will of its file is what was put in last; what could not be set back is not', async (t) => {
  const left = (rollback: boolean): Ledger => markLeft(begin(deployedOnce, { ...second, job: job([container('app')], { update: { order: 'start-first', rollback } }) }, by), 'not healthy', [])
  t.equal(currentIn(left(false))?.number, 2)
  t.equal(currentIn(left(true))?.number, 1, 'by its file, what was before is to be there')
  t.equal(currentIn(markDeployed(begin(left(false), jobDraft(jobObjects('web', { image: 'app:3' })), by)))?.number, 3)
})

t.test('a stop lets go of the name: whoever goes on after one that was broken off keeps it anew', async (t) => {
  t.equal(beginStop({ ...deployedOnce, isClaimed: true }, by).isClaimed, false)
})

t.test('what somebody has begun and not ended is gone on with where it is the same', async (t) => {
  const again = begin(begin(deployedOnce, second, by), second, { ...by, holder: 'bob@desk' })
  t.strictSame(states(again), ['1 deployed', '2 pending'])
  t.equal(again.pending?.holder, 'bob@desk')
  t.equal(again.revisions[1]?.at, by.at)
})

t.test('what somebody has begun and not ended has failed where another one begins, or the job is stopped', async (t) => {
  const open = begin(deployedOnce, second, by)
  t.strictSame(states(begin(open, jobDraft(jobObjects('web', { image: 'app:3' })), by)), ['1 deployed', '2 failed', '3 pending'])
  t.strictSame(states(beginStop(open, by)), ['1 deployed', '2 failed'])
  t.equal(beginStop(open, by).pending?.change, 'stop')
})

t.test('what nobody watches any more is deployed where it is healthy when it is looked at again', async (t) => {
  const detached = markDetached(begin(deployedOnce, second, by))
  t.strictSame(states(settle(detached, true)), ['1 superseded', '2 deployed'])
  t.strictSame(settle(detached, false), detached)
  const watched = begin(deployedOnce, second, by)
  t.strictSame(settle(watched, true), watched, 'of one whose client was killed, not all may be put in')
})

t.test('of a stop that was begun, and nothing done, nothing is left', async (t) => {
  t.strictSame(forsake(beginStop(deployedOnce, by)), deployedOnce)
})

t.test('ten revisions are kept, and what runs is among them, however old it is', async (t) => {
  let ledger = deployedOnce
  for (let image = 2; image < 30; image++) ledger = bounded(markFailed(begin(ledger, jobDraft(jobObjects('web', { image: `app:${image}` })), by), 'no', []), () => 1) ?? ledger
  t.equal(ledger.revisions.length, mostRevisions)
  t.equal(deployedIn(ledger)?.number, 1)
  t.equal(ledger.revisions.at(-1)?.number, 29)
})

t.test('revisions go, then evidence, until it is small enough; what has to stay may be too large', async (t) => {
  const evidence = Array.from({ length: 5 }, () => 'x'.repeat(100_000))
  const heavy = markFailed(begin(markFailed(begin(deployedOnce, second, by), 'no', evidence), jobDraft(jobObjects('web', { image: 'app:3' })), by), 'no', evidence)
  const size = (ledger: Ledger): number => JSON.stringify(ledger).length
  const kept = bounded(heavy, size)
  t.strictSame(kept === undefined ? [] : states(kept), ['1 deployed', '3 failed'])
  t.ok(kept !== undefined && size(kept) <= mostLedgerBytes)
  const light = bounded(heavy, (ledger) => size(ledger) * 10)
  t.strictSame(light?.revisions.map((each) => each.evidence), [undefined, undefined])
  t.equal(bounded(heavy, () => mostLedgerBytes + 1), undefined)
})

t.test('a pending revision never goes, and is found', async (t) => {
  const open = begin(deployedOnce, second, by)
  t.equal(pendingIn(bounded(open, () => 1) ?? newLedger('web'))?.number, 2)
})
