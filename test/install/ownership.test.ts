import jsonpatch, { type Operation } from 'fast-json-patch'
import t from 'tap'
import { helmReleaseOf, isCreatedByUs, isOurs, markCreated, othersOf, takeOver } from '../../src/install/ownership.ts'
import { copyOf } from '../../src/units/json.ts'
import { managedBy, objectNamed, shippedObjects } from '../support/chart-objects.ts'
import { listAt, shown } from '../support/pod-reader.ts'

const { objects } = await shippedObjects()
const deployment = objectNamed(objects, 'Deployment', 'usher-webhook')
const namespace = objectNamed(objects, 'Namespace', 'usher-system')

t.test('ours is what was applied as usher-install, whoever else changes it', async (t) => {
  t.ok(isOurs(managedBy(deployment, ['usher-install:Apply', 'usher', 'kube-controller-manager']).body))
  t.notOk(isOurs(managedBy(deployment, ['kubectl:Apply', 'helm']).body))
  t.notOk(isOurs(managedBy(deployment, ['usher-install']).body), 'an update of that name is none of ours')
  t.notOk(isOurs(deployment.body))
})

t.test('who else has put it in: not those who write its status, its CA or what controllers write', async (t) => {
  t.strictSame(othersOf(managedBy(deployment, ['usher-install:Apply', 'usher', 'kubectl-client-side-apply', 'kube-controller-manager']).body), ['kubectl-client-side-apply'])
  t.strictSame(othersOf({ metadata: { managedFields: [{ manager: 'x', operation: 'Update', subresource: 'status' }] } }), [])
})

t.test('a namespace is ours to take away only where it was marked when it was made', async (t) => {
  t.ok(isCreatedByUs(managedBy({ ...namespace, body: markCreated(namespace.body) }, ['usher-install:Apply']).body))
  t.notOk(isCreatedByUs(managedBy(namespace, ['usher-install:Apply']).body))
  t.notOk(isCreatedByUs(markCreated(namespace.body)), 'nor where somebody else has written the mark')
})

t.test('a release of Helm is told by its annotations', async (t) => {
  const annotations = { 'meta.helm.sh/release-name': 'u', 'meta.helm.sh/release-namespace': 'n' }
  t.strictSame(helmReleaseOf({ metadata: { annotations } }), { name: 'u', namespace: 'n' })
  t.equal(helmReleaseOf(deployment.body), undefined, 'helm template writes none')
})

t.test("what kubectl has is taken over, with its fields; nothing of others, and not of another version", async (t) => {
  const live = managedBy(deployment, ['kubectl-client-side-apply', 'kubectl', 'usher-install:Apply', 'usher', 'kubectler'])
  const patched = jsonpatch.applyPatch(copyOf(live.body), takeOver(live) as Operation[]).newDocument
  t.strictSame(listAt(patched, 'metadata', 'managedFields').map(({ manager, operation }) => `${shown(manager)}:${shown(operation)}`), ['usher:Update', 'kubectler:Update', 'usher-install:Apply'])
  t.strictSame(listAt(patched, 'metadata', 'managedFields').at(-1)?.['fieldsV1'], {
    'f:metadata': { 'f:labels': { 'f:kubectl-client-side-apply': {}, 'f:kubectl': {}, 'f:usher-install': {} } },
  })
  t.match(takeOver(live)?.at(-1), { path: '/metadata/resourceVersion', value: '7' }, 'refused where it has changed since')
  t.equal(takeOver(managedBy(deployment, ['usher-install:Apply', 'helm'])), undefined)
})

t.test("a namespace is never taken over: what its admin has put on it stays the admin's", async (t) => {
  t.equal(takeOver(managedBy(namespace, ['kubectl-create', 'kubectl-label', 'usher-install:Apply'])), undefined)
})
