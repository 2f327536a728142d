import t from 'tap'
import { conflictIn } from '../../src/install/conflict.ts'
import { objectNamed, shippedObjects } from '../support/chart-objects.ts'

const deployment = objectNamed((await shippedObjects()).objects, 'Deployment', 'usher-webhook')
const cause = (manager: string, field: string) => ({ reason: 'FieldManagerConflict', message: `conflict with "${manager}" using apps/v1: ${field}`, field })

t.test('whose the fields are, and which, in a sentence', async (t) => {
  const causes = [cause('kubectl', '.spec.replicas'), cause('hpa', '.spec.b'), cause('kubectl', '.a'), cause('kubectl', '.b'), cause('kubectl', '.c')]
  t.equal(conflictIn(deployment, { details: { causes } }), 'Deployment usher-webhook: kubectl has set .spec.replicas, .a, .b and 1 more; hpa has set .spec.b')
})

t.test('what is about something else is no conflict', async (t) => {
  t.equal(conflictIn(deployment, { details: { causes: [{ reason: 'FieldValueInvalid' }] } }), undefined)
  t.equal(conflictIn(deployment, undefined), undefined)
})
