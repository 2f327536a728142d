import t from 'tap'
import { controllerOf } from '../../src/units/controller.ts'

t.test('the controller is the owner that says so, and no other', async (t) => {
  const set = { kind: 'ReplicaSet', name: 'web', controller: true }
  t.equal(controllerOf({ metadata: { ownerReferences: [{ kind: 'Other', name: 'x' }, 'text', set] } }), set)
  for (const metadata of [undefined, {}, { ownerReferences: 'text' }, { ownerReferences: [{ ...set, controller: 'true' }, { ...set, controller: undefined }] }]) {
    t.equal(controllerOf({ metadata }), undefined, JSON.stringify(metadata))
  }
})
