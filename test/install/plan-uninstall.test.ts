import t from 'tap'
import { type ChartObject, titleOf } from '../../src/install/chart-object.ts'
import { markCreated, ownersBesides } from '../../src/install/ownership.ts'
import { planUninstall } from '../../src/install/plan-uninstall.ts'
import { withSettings } from '../../src/install/settings.ts'
import { readObjects } from '../../src/install/read-objects.ts'
import { managedBy, shippedBodies, shippedObjects } from '../support/chart-objects.ts'
import { listAt, objectAt } from '../support/pod-reader.ts'

const { objects } = await shippedObjects()
const own = objects.map((object) => managedBy(object.kind.kind === 'Namespace' ? { ...object, body: markCreated(object.body) } : object, ['usher-install:Apply']))

async function elsewhere(manager: string): Promise<readonly ChartObject[]> {
  const read = readObjects(withSettings(await shippedBodies(), { namespace: 'elsewhere' }))
  if (read.kind !== 'read') throw new Error(read.faults.join())
  return read.objects.map((object) => managedBy(object, [manager]))
}

t.test('what was put in goes the other way round: the webhook configuration first, the namespace apart', async (t) => {
  const plan = planUninstall(own, undefined)
  if (plan.kind !== 'plan') throw new Error(plan.kind)
  const titles = plan.objects.map(titleOf)
  t.equal(titles[0], 'MutatingWebhookConfiguration usher')
  t.strictSame(titles, objects.slice(1).map(titleOf).toReversed())
  t.match(plan, { namespace: 'usher-system', created: { kind: { kind: 'Namespace' } }, labelled: undefined, left: [] })
})

t.test('a namespace that was there before stays', async (t) => {
  const before = objects.map((object) => managedBy(object, ['kubectl-create', 'usher-install:Apply']))
  t.match(planUninstall(before, undefined), { created: undefined, labelled: { kind: { kind: 'Namespace' } } })
})

t.test('what others have put in stays, and is named', async (t) => {
  const [config, ...rest] = own.toSorted((left) => (left.kind.kind === 'ConfigMap' ? -1 : 1))
  if (config === undefined) throw new Error('none')
  const plan = planUninstall([managedBy(config, ['kubectl']), ...rest], undefined)
  if (plan.kind !== 'plan') throw new Error(plan.kind)
  t.strictSame(plan.left.map(titleOf), ['ConfigMap usher-config'])
  t.notOk(plan.objects.some(({ kind }) => kind.kind === 'ConfigMap'))
})

t.test('nothing there: so it is said, and where else to look', async (t) => {
  t.match(planUninstall([], undefined), { kind: 'nothing', text: 'nothing to take out: usher is not installed in this cluster' })
  t.match(planUninstall(own, 'shop'), { kind: 'nothing', text: 'nothing to take out: usher is not installed in namespace shop; it is in usher-system' })
})

t.test('what Helm or kubectl have installed is theirs to take out', async (t) => {
  const annotations = { 'meta.helm.sh/release-name': 'u', 'meta.helm.sh/release-namespace': 'n' }
  t.match(planUninstall(objects.map((object) => managedBy(object, ['helm'], { annotations })), undefined), { kind: 'refused', reason: 'Helm has installed usher: helm uninstall u --namespace n takes it out' })
  t.match(planUninstall(objects.map((object) => managedBy(object, ['kubectl-client-side-apply'])), undefined), {
    kind: 'refused',
    reason: /^what there is of usher in usher-system was put in by kubectl-client-side-apply, not by usher install: .*usher install --adopt/,
  })
})

t.test('of two places one is to be chosen, and what leads to the other stays', async (t) => {
  const both = [...own.filter(({ kind }) => kind.isNamespaced || kind.kind === 'Namespace'), ...(await elsewhere('usher-install:Apply'))]
  t.match(planUninstall(both, undefined), { kind: 'refused', reason: /several namespaces, elsewhere, usher-system: choose one with --namespace/ })
  const plan = planUninstall(both, 'elsewhere')
  if (plan.kind !== 'plan') throw new Error(plan.kind)
  const kinds = plan.objects.map(({ kind }) => kind.kind)
  t.ok(kinds.includes('MutatingWebhookConfiguration') && kinds.includes('ClusterRoleBinding') && kinds.includes('Deployment'))
  t.notOk(kinds.includes('ClusterRole'), 'of which nobody can say whose it is')
  const other = planUninstall(both, 'usher-system')
  if (other.kind !== 'plan') throw new Error(other.kind)
  t.notOk(other.objects.some(({ kind }) => !kind.isNamespaced))
})

t.test('what Helm has taken over since is not ours to take out any more', async (t) => {
  const annotations = { 'meta.helm.sh/release-name': 'u', 'meta.helm.sh/release-namespace': 'n' }
  const [namespace, ...rest] = own.map((object) => managedBy(object, ['usher-install:Apply', 'helm'], { annotations: { ...objectAt(object.body, 'metadata', 'annotations'), ...annotations } }))
  if (namespace === undefined) throw new Error('none')
  const taken = { kind: 'refused', reason: 'Helm has taken usher over since usher install has put it in: helm uninstall u --namespace n takes it out' }
  t.match(planUninstall([namespace, ...rest], undefined), taken)
  t.match(planUninstall([...own.slice(0, -1), ...rest.slice(-1)], undefined), taken, 'be it a single object')
  t.match(planUninstall([namespace, ...own.slice(1)], undefined), { kind: 'plan', created: undefined, labelled: namespace }, 'of a namespace alone Helm may be in charge; it stays')
})

t.test('what kubectl or Argo CD have put in as well is named; not what somebody has changed a field of', async (t) => {
  const shared = (object: ChartObject, manager: string, path: readonly [string, string]): ChartObject => {
    const { body } = managedBy(object, ['usher-install:Apply', 'kube-controller-manager'])
    const [parent, field] = path
    const entry = { manager, operation: 'Update', fieldsV1: { 'f:metadata': { [parent]: { [field]: {} } } } }
    return { ...object, body: { ...body, metadata: { ...objectAt(body, 'metadata'), managedFields: [...listAt(body, 'metadata', 'managedFields'), entry] } } }
  }
  const marks: readonly (readonly [string, readonly [string, string]])[] = [
    ['kubectl-client-side-apply', ['f:annotations', 'f:kubectl.kubernetes.io/last-applied-configuration']],
    ['argocd-controller', ['f:annotations', 'f:argocd.argoproj.io/tracking-id']],
    ['flux', ['f:labels', 'f:app.kubernetes.io/name']],
  ]
  const plan = planUninstall(own.map((object, index) => shared(object, ...(marks[index - 1] ?? ['kubectl-label', ['f:labels', 'f:team']]))), undefined)
  if (plan.kind !== 'plan') throw new Error(plan.kind)
  t.ok(plan.created, 'a namespace that somebody has labelled goes')
  const kept = planUninstall(own.map((object) => shared(object, 'argocd-controller', ['f:annotations', 'f:kubectl.kubernetes.io/last-applied-configuration'])), undefined)
  t.match(kept, { created: undefined, labelled: { kind: { kind: 'Namespace' } } }, 'one that somebody has in a manifest stays')
  t.strictSame(plan.shared.map(({ body }) => ownersBesides(body).join()), marks.map(([manager]) => manager).toReversed())
})
