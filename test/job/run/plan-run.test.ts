import t from 'tap'
import { jobLabel } from '../../../src/job/names.ts'
import { titleOfObject } from '../../../src/job/run/kinds.ts'
import { isNothing, planRun, type RunPlan, type Surveyed } from '../../../src/job/run/plan-run.ts'
import type { JsonObject } from '../../../src/units/json.ts'
import { jobObject, jobObjects } from '../../support/job-objects.ts'

const surveyed = (outcome: Surveyed['outcome'], live = true) => (object: JsonObject): Surveyed => ({ object, live: live ? object : undefined, outcome })
const undone = ({ undo }: RunPlan): readonly string[] => undo.map((step) => `${step.kind} ${titleOfObject(step.object)}`)

t.test('a first run puts everything in, the workload last; undone, the workload goes first', async (t) => {
  const objects = jobObjects('web', { hasVolume: true })
  const plan = planRun({ job: 'web', wanted: objects.map(surveyed('created', false)), previous: undefined, recorded: [], others: [] })
  t.strictSame(plan.apply.map(({ object }) => titleOfObject(object)), ['ConfigMap web-config', 'PersistentVolumeClaim web-data', 'Service web', 'Deployment web'])
  t.strictSame(undone(plan), ['delete Deployment web', 'delete Service web', 'delete PersistentVolumeClaim web-data', 'delete ConfigMap web-config'])
})

t.test('what changes nothing is left out, and a run of that alone does nothing', async (t) => {
  const objects = jobObjects('web')
  const facts = { job: 'web', wanted: objects.map(surveyed('unchanged')), previous: objects, recorded: objects, others: [] }
  t.ok(isNothing(planRun(facts)))
  t.notOk(isNothing(planRun({ ...facts, wanted: [...objects.slice(1).map(surveyed('unchanged')), ...objects.slice(0, 1).map(surveyed('changed'))] })))
})

t.test('what the job has no more goes, pods first; data stays, and so does what is not of the job', async (t) => {
  const before = [...jobObjects('web', { extra: ['old'], hasVolume: true }), jobObject('apps/v1', 'DaemonSet', 'web', 'web', { spec: {} })]
  const foreign = { ...jobObject('v1', 'ConfigMap', 'taken', 'web', {}), metadata: { name: 'taken', namespace: 'shop', labels: { [jobLabel]: 'other' } } }
  const wanted = jobObjects('web')
  const others = [...before.filter((each) => ['ConfigMap old', 'PersistentVolumeClaim web-data', 'DaemonSet web'].includes(titleOfObject(each))), foreign]
  const plan = planRun({ job: 'web', wanted: wanted.map(surveyed('changed')), previous: before, recorded: [...before, foreign], others })
  t.strictSame(plan.prune.map(titleOfObject), ['DaemonSet web', 'ConfigMap old'])
  t.strictSame(undone(plan), before.map((each) => `apply ${titleOfObject(each)}`), 'all of the revision before comes back')
})

t.test('what was there, and no revision knows, is put back as it was', async (t) => {
  const objects = jobObjects('web')
  const plan = planRun({ job: 'web', wanted: objects.map(surveyed('changed')), previous: undefined, recorded: [], others: [] })
  t.strictSame(undone(plan), objects.map((each) => `revert ${titleOfObject(each)}`))
})

t.test('what a run that was broken off has made goes when the next one fails; its data stays', async (t) => {
  const objects = jobObjects('web', { hasVolume: true })
  const stray = jobObject('v1', 'ConfigMap', 'stray', 'web', {})
  const plan = planRun({ job: 'web', wanted: objects.map(surveyed('changed')), previous: undefined, recorded: [...objects, stray], others: [stray] })
  t.strictSame(undone(plan), [
    'revert PersistentVolumeClaim web-data',
    'delete Deployment web',
    'delete ConfigMap stray',
    'delete Service web',
    'delete ConfigMap web-config',
  ])
})

t.test('what a batch Job has done is not done again when a change of it fails; what had not ended comes back', async (t) => {
  const job = jobObject('batch/v1', 'Job', 'once', 'once', { spec: {} })
  const live = (...types: readonly string[]): JsonObject => ({ ...job, status: { conditions: types.map((type) => ({ type, status: 'True' })) } })
  const undoneOf = (survey: Omit<Surveyed, 'object'>): RunPlan['undo'] => planRun({ job: 'once', wanted: [{ object: job, ...survey }], previous: [job], recorded: [job], others: [] }).undo
  const notAgain = [{ kind: 'delete', object: job, hasEnded: true }] as const
  t.strictSame(undoneOf({ live: live('SuccessCriteriaMet', 'Complete'), outcome: 'replaced' }), notAgain)
  t.strictSame(undoneOf({ live: live('Failed'), outcome: 'replaced' }), notAgain)
  t.strictSame(undoneOf({ live: undefined, outcome: 'created' }), notAgain, 'of one that is not there nobody knows whether it had')
  t.strictSame(undoneOf({ live: live(), outcome: 'replaced' }), [{ kind: 'apply', object: job }])
  t.strictSame(undoneOf({ live: live('Complete'), outcome: 'changed' }), [{ kind: 'apply', object: job }], 'in place, nothing runs by that')
})
