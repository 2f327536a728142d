import t from 'tap'
import { relaxRollout } from '../../../src/job/run/relax-rollout.ts'
import { jobObject, jobObjects } from '../../support/job-objects.ts'

const startFirst = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }

t.test('a rollout that begins with one more goes on with one less instead, and nothing else is another', async (t) => {
  const config = jobObject('v1', 'ConfigMap', 'web-config', 'web', {})
  const deployment = jobObject('apps/v1', 'Deployment', 'web', 'web', { spec: { replicas: 3, strategy: startFirst } })
  t.strictSame(relaxRollout([config, deployment]), [config, { ...deployment, spec: { replicas: 3, strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } } }])
  const set = jobObject('apps/v1', 'DaemonSet', 'web', 'web', { spec: { updateStrategy: startFirst } })
  t.match(relaxRollout([set]), [{ spec: { updateStrategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } } }])
})

t.test('one that needs no room as it is stays', async (t) => {
  t.equal(relaxRollout(jobObjects('web')), undefined)
  t.equal(relaxRollout([jobObject('apps/v1', 'Deployment', 'web', 'web', { spec: { strategy: { type: 'Recreate' } } })]), undefined)
})
