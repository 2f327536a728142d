import t from 'tap'
import { outcomeOf } from '../../src/install/difference.ts'
import type { JsonObject } from '../../src/units/json.ts'

const fields = (manager: string, of: JsonObject): JsonObject => ({ manager, operation: 'Apply', time: 'then', fieldsV1: of })
const before = {
  metadata: { name: 'a', resourceVersion: '1', generation: 1, managedFields: [fields('usher-install', { 'f:a': {} })] },
  spec: { replicas: 2 },
  status: { replicas: 1 },
}

t.test('what was not there was created; what is the same is unchanged', async (t) => {
  t.equal(outcomeOf(undefined, before), 'created')
  t.equal(outcomeOf(before, structuredClone(before)), 'unchanged')
})

t.test('what controllers write meanwhile, and the answer adds, is no change', async (t) => {
  const after = {
    apiVersion: 'v1',
    kind: 'A',
    metadata: { ...before.metadata, resourceVersion: '2', managedFields: [{ ...fields('usher-install', { 'f:a': {} }), time: 'now' }, fields('other', {})] },
    spec: before.spec,
    status: { replicas: 2 },
  }
  t.equal(outcomeOf(before, after), 'unchanged')
})

t.test('another value is a change, and so is a field that has become ours', async (t) => {
  t.equal(outcomeOf(before, { ...before, spec: { replicas: 3 } }), 'changed')
  t.equal(outcomeOf(before, { ...before, metadata: { ...before.metadata, labels: { a: 'b' } } }), 'changed')
  t.equal(outcomeOf(before, { ...before, metadata: { ...before.metadata, managedFields: [fields('usher-install', { 'f:a': {}, 'f:b': {} })] } }), 'changed')
})
