import t from 'tap'
import type { Job } from '../../../src/job/job.ts'
import type { Revision } from '../../../src/job/run/ledger.ts'
import { instancesOf, scale } from '../../../src/job/run/scale.ts'
import type { JsonObject } from '../../../src/units/json.ts'
import { jobDraft, jobObject, jobObjects } from '../../support/job-objects.ts'
import { valueAt } from '../../support/pod-reader.ts'

const job = { name: 'web', instances: 1 } as unknown as Job
/** As a renderer has it: more than one instance take a disruption budget, too. */
const render = ({ instances }: Job): readonly JsonObject[] => [
  ...(Number(instances) > 1 ? [jobObject('policy/v1', 'PodDisruptionBudget', 'web', 'web', {})] : []),
  ...jobObjects('web', { replicas: Number(instances) }),
]
const revisionOf = (objects: readonly JsonObject[], more: Partial<Revision> = {}): Revision => ({ ...jobDraft(objects), number: 1, at: '2026-05-01T10:00:00.000Z', state: 'deployed', ...more })
const kinds = (objects: readonly JsonObject[]): readonly unknown[] => objects.map(({ kind }) => kind)

t.test('it is rendered anew: more than one instance may take more objects, and one of them fewer', async (t) => {
  const scaled = scale(revisionOf(render(job), { job }), 3, render)
  t.match(scaled, { kind: 'scaled', draft: { change: 'scale', instances: 3, job: { instances: 3 }, note: 'to 3' } })
  t.strictSame(scaled.kind === 'scaled' && kinds(scaled.draft.objects), ['PodDisruptionBudget', 'ConfigMap', 'Service', 'Deployment'])
})

t.test('where it would be rendered in another way today, nothing but the number changes', async (t) => {
  const old = jobObjects('web', { image: 'app:0', replicas: 1 })
  for (const [revision, again] of [[revisionOf(old, { job }), render], [revisionOf(old), undefined]] as const) {
    const scaled = scale(revision, 3, again)
    if (scaled.kind !== 'scaled') throw new Error('refused')
    t.strictSame(kinds(scaled.draft.objects), kinds(old))
    t.equal(valueAt(scaled.draft.objects.at(-1), 'spec', 'replicas'), 3)
    t.strictSame(scaled.draft.objects.slice(0, -1), old.slice(0, -1))
  }
})

t.test('instances that end by themselves are counted in another way', async (t) => {
  const batch = jobObject('batch/v1', 'Job', 'web', 'web', { spec: { completions: 2, parallelism: 2 } })
  t.equal(instancesOf(batch), 2)
  t.match(scale(revisionOf([batch]), 4, undefined), { draft: { objects: [{ spec: { completions: 4, parallelism: 4 } }] } })
})

t.test('one instance on each node is no number', async (t) => {
  const set = jobObject('apps/v1', 'DaemonSet', 'web', 'web', { spec: {} })
  t.equal(instancesOf(set), 'each-node')
  t.match(scale(revisionOf([set]), 4, undefined), { kind: 'refused', detail: /each node/ })
})
