import t from 'tap'
import { titleOf } from '../../src/install/chart-object.ts'
import { readObjects } from '../../src/install/read-objects.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { shippedBodies } from '../support/chart-objects.ts'
import { objectAt } from '../support/pod-reader.ts'

const bodies = await shippedBodies()

function faultsOf(changed: readonly JsonObject[]): readonly string[] {
  const read = readObjects(changed)
  return read.kind === 'read' ? [] : read.faults
}

/** The objects, of which one has other metadata. */
function withMetadata(kind: string, metadata: JsonObject): readonly JsonObject[] {
  return bodies.map((body) => (body['kind'] === kind ? { ...body, metadata: { ...objectAt(body, 'metadata'), ...metadata } } : body))
}

t.test('what leans on something comes after it, and the API server is told of the webhook last', async (t) => {
  const read = readObjects(bodies.toReversed())
  if (read.kind !== 'read') throw new Error(read.faults.join())
  t.equal(read.namespace, 'usher-system')
  t.strictSame(read.objects.map(titleOf), [
    'Namespace usher-system', 'ServiceAccount usher-lock', 'ServiceAccount usher-webhook', 'ClusterRole usher-lock', 'ClusterRole usher-webhook',
    'ClusterRoleBinding usher-lock', 'ClusterRoleBinding usher-webhook', 'Role usher-webhook', 'RoleBinding usher-webhook', 'ConfigMap usher-config',
    'Service usher-webhook', 'NetworkPolicy usher-webhook', 'DaemonSet usher-lock', 'Deployment usher-webhook', 'PodDisruptionBudget usher-webhook',
    'MutatingWebhookConfiguration usher',
  ])
})

t.test('what the chart has not is not taken, nor what could not be found again', async (t) => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'stray', namespace: 'usher-system' } }
  t.strictSame(faultsOf([...bodies, pod]), ["Pod stray: usher's chart has no such object (v1); apply it by itself"])
  t.match(faultsOf([{ ...pod, apiVersion: 'apps/v2' }]), [/apps\/v2/])
  t.match(faultsOf(withMetadata('Service', { labels: {} })), [/^Service usher-webhook has not the label app\.kubernetes\.io\/name: usher/])
  t.match(faultsOf(withMetadata('Service', { name: '' })), [/^Service has no name/])
  t.match(faultsOf([{}]), [/^an object without a kind/])
})

t.test('objects are in one namespace, and each of them once', async (t) => {
  t.match(faultsOf(withMetadata('Service', { namespace: 'other' })), [/in several namespaces: other, usher-system/])
  t.match(faultsOf(withMetadata('Service', { namespace: undefined })), [/Service usher-webhook is in no namespace; render the chart with --namespace/])
  t.match(faultsOf(withMetadata('Namespace', { name: 'other' })), [/^Namespace other is not the namespace of the others, which are in usher-system/])
  const [service = {}] = bodies.filter(({ kind }) => kind === 'Service')
  t.strictSame(faultsOf([...bodies, service]), ['Service usher-webhook is in it twice'])
})

t.test('where there is no usher in it, that is said', async (t) => {
  t.match(faultsOf([]), [/there is no usher in it/])
  for (const kind of ['Deployment', 'MutatingWebhookConfiguration']) t.match(faultsOf(bodies.filter((body) => body['kind'] !== kind)), [/there is no usher in it/], kind)
})
