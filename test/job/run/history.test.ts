import t from 'tap'
import { historyLines, revisionJson, revisionLines } from '../../../src/job/run/history.ts'
import { begin, markDeployed, markDetached, markFailed, newLedger } from '../../../src/job/run/ledger.ts'
import { jobDraft, jobObjects } from '../../support/job-objects.ts'

const by = { holder: 'ada@desk', at: '2026-05-01T10:00:00.000Z' }
const nowMs = Date.parse('2026-05-01T10:05:00.000Z')
const once = markDeployed(begin(newLedger('web'), jobDraft(jobObjects('web', { replicas: 3 })), by))
const failed = markFailed(begin(once, { ...jobDraft(jobObjects('web', { image: 'app:2' }), 'rollback'), note: 'to 1' }, by), 'not healthy\nnot as it was: Service web', ['Pod web-1: Pending'])

t.test('the newest revision stands first, with what has come of it', async (t) => {
  t.strictSame(historyLines(failed, nowMs), [
    'REVISION   STATE      AGE   CHANGE          INSTANCES   MESSAGE',
    '2          failed     5m    rollback to 1   2           not healthy',
    '1          deployed   5m    run             3',
  ])
  const open = markDetached(begin(once, jobDraft(jobObjects('web', { image: 'app:2' })), by))
  t.match(historyLines(open, nowMs)[1], /pending \(nobody watches it\)/)
})

t.test('one revision has all that was kept of it; programs get no object, which may hold a secret', async (t) => {
  const [, revision] = failed.revisions
  if (revision === undefined) throw new Error('no revision')
  t.strictSame(revisionLines(revision).slice(1), ['not healthy\nnot as it was: Service web', 'Pod web-1: Pending'])
  const json = revisionJson(revision)
  t.match(json, { revision: 2, state: 'failed', evidence: ['Pod web-1: Pending'], objects: [{ kind: 'ConfigMap', name: 'web-config' }, { kind: 'Service' }, { kind: 'Deployment' }] })
  t.notMatch(JSON.stringify(json), /setting/)
})
