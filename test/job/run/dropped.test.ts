import t from 'tap'
import { droppedFrom } from '../../../src/job/run/dropped.ts'
import type { JsonObject } from '../../../src/units/json.ts'

const workload = (parts: { readonly db?: JsonObject; readonly app?: JsonObject; readonly spec?: JsonObject }): JsonObject => ({
  kind: 'Deployment',
  spec: { ...parts.spec, template: { spec: { initContainers: [{ name: 'db', ...parts.db }], containers: [{ name: 'app', ...parts.app }] } } },
})

t.test('a sidecar that would become an init container which never ends is told', async (t) => {
  t.equal(droppedFrom(workload({ db: { restartPolicy: 'Always' } }), workload({})), 'restartPolicy of container db')
  t.equal(droppedFrom(workload({ app: { restartPolicy: 'Never' } }), workload({ db: { restartPolicy: 'Always' } })), 'restartPolicy of container app')
})

t.test('so are tries that would become unlimited', async (t) => {
  t.equal(droppedFrom(workload({ spec: { backoffLimitPerIndex: 0 } }), workload({ spec: { backoffLimit: 6 } })), 'backoffLimitPerIndex')
})

t.test('what is kept, or was never sent, is not; what webhooks add is theirs', async (t) => {
  t.equal(droppedFrom(workload({}), workload({ db: { restartPolicy: 'Always' }, spec: { backoffLimitPerIndex: 3 } })), undefined)
  t.equal(droppedFrom(workload({ db: { restartPolicy: 'Always' } }), workload({ db: { restartPolicy: 'Always', image: 'mirror/db' } })), undefined)
  t.equal(droppedFrom({ kind: 'ConfigMap' }, { kind: 'ConfigMap' }), undefined)
})
