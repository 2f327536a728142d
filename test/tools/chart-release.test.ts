import t, { type Test } from 'tap'
import { listAt, objectAt, valueAt } from '../support/pod-reader.ts'
import type { GroupName } from '../go-tools/tool-groups.ts'
import { startApiServer } from './api-server.ts'
import { helms, namesOf } from './chart.ts'
import { parseObject } from './pod-template.ts'
import { openShell, type Shell } from './shell.ts'

const chart = '../../deploy/chart --namespace usher-system'
// Every kind that the chart has, the cluster's and the namespace's.
const kinds = [
  'mutatingwebhookconfigurations', 'clusterroles', 'clusterrolebindings', 'serviceaccounts', 'roles', 'rolebindings', 'configmaps',
  'deployments', 'daemonsets', 'services', 'poddisruptionbudgets', 'networkpolicies', 'secrets', 'controllerrevisions',
].join(',')

for (const helm of helms) {
  t.test(`${helm} installs, upgrades, rolls back and uninstalls usher, and leaves nothing`, async (t) => {
    const shell = await openCluster(t, helm)
    const { read } = shell
    const before = await everything(shell)

    const notes = await read(`helm install usher ${chart} --create-namespace`)
    t.match(notes, 'kubectl label namespace NAMESPACE usher.dev/inject=enabled')
    const installed = await ours(shell)
    t.strictSame(installed, [
      'ClusterRole usher-lock', 'ClusterRole usher-webhook', 'ClusterRoleBinding usher-lock', 'ClusterRoleBinding usher-webhook',
      'ConfigMap usher-config', 'DaemonSet usher-lock',
      'Deployment usher-webhook', 'MutatingWebhookConfiguration usher', 'NetworkPolicy usher-webhook',
      'PodDisruptionBudget usher-webhook', 'Role usher-webhook', 'RoleBinding usher-webhook', 'Service usher-webhook',
      'ServiceAccount usher-lock', 'ServiceAccount usher-webhook',
    ])

    const versions = await resourceVersions(shell)
    await read(`helm upgrade usher ${chart}`)
    t.equal(await resourceVersions(shell), versions, 'an upgrade to the same writes nothing')

    await read(`kubectl patch mutatingwebhookconfiguration usher --type=json -p '${caPatch}'`)
    await read(`helm upgrade usher ${chart} --set webhook.replicas=3,lock.locks=2,config.nap.duration=20s`)
    t.equal(valueAt(await workload(shell, 'deployment usher-webhook'), 'spec', 'replicas'), 3)
    t.ok((await lockArguments(shell)).includes('--locks=2'))
    t.not(await checksum(shell), undefined)
    const changed = await checksum(shell)
    t.strictSame(await caBundles(shell), [ca, ca, ca], 'an upgrade keeps the CA that the webhook has put there')

    await read(`helm upgrade usher ${chart} --set lock.enabled=false`)
    t.notOk((await ours(shell)).includes('DaemonSet usher-lock'))

    await read('helm rollback usher 1 --namespace usher-system')
    t.strictSame(await ours(shell), installed)
    t.equal(valueAt(await workload(shell, 'deployment usher-webhook'), 'spec', 'replicas'), 2)
    t.ok((await lockArguments(shell)).includes('--locks=1'))
    t.not(await checksum(shell), changed, 'another configuration is another pod')

    const refused = await shell.run(`helm upgrade usher ${chart} --set webhook.port=https`)
    t.equal(refused.code, 1)
    t.match(refused.stderr, '/webhook/port')
    t.strictSame(await ours(shell), installed, 'and nothing has changed')

    await read('helm uninstall usher --namespace usher-system')
    t.strictSame(await everything(shell), before)
  })
}

t.test('kubectl applies deploy/usher.yaml, and again without a change to what the webhook has written', async (t) => {
  const shell = await openCluster(t, 'helm')
  const apply = 'kubectl apply -f ../../deploy/usher.yaml'
  t.match(await shell.read(apply), 'namespace/usher-system created\n')
  await shell.read(`kubectl patch mutatingwebhookconfiguration usher --type=json -p '${caPatch}'`)
  const versions = await resourceVersions(shell)
  await shell.read(apply)
  t.equal(await resourceVersions(shell), versions, 'again, it writes nothing')
  t.strictSame(await caBundles(shell), [ca, ca, ca])
})

const ca = Buffer.from('a CA').toString('base64')
const caPatch = JSON.stringify([0, 1, 2].map((index) => ({ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: ca })))

async function openCluster(t: Test, helm: GroupName): Promise<Shell> {
  const { kubeconfig } = await startApiServer(t)
  return openShell(t, { tools: [helm, 'kubernetes'], kubeconfig })
}

/** What of these kinds there is in the whole cluster. */
async function everything({ read }: Shell): Promise<readonly string[]> {
  return namesOf(listAt(parseObject(await read(`kubectl get ${kinds} --all-namespaces -o json`)), 'items'))
}

async function ours({ read }: Shell): Promise<readonly string[]> {
  return namesOf(listAt(parseObject(await read(`kubectl get ${kinds} --all-namespaces -l app.kubernetes.io/name=usher -o json`)), 'items'))
}

async function resourceVersions({ read }: Shell): Promise<string> {
  const { items } = parseObject(await read(`kubectl get ${kinds} --all-namespaces -l app.kubernetes.io/name=usher -o json`))
  return JSON.stringify(listAt({ items }, 'items').map((object) => [object['kind'], objectAt(object, 'metadata')['resourceVersion']]))
}

async function workload({ read }: Shell, name: string) {
  return parseObject(await read(`kubectl get ${name} --namespace usher-system -o json`))
}

async function lockArguments(shell: Shell): Promise<readonly unknown[]> {
  const [lock] = listAt(await workload(shell, 'daemonset usher-lock'), 'spec', 'template', 'spec', 'containers')
  return Array.isArray(lock?.['args']) ? lock['args'] : []
}

async function checksum(shell: Shell): Promise<unknown> {
  return valueAt(await workload(shell, 'deployment usher-webhook'), 'spec', 'template', 'metadata', 'annotations', 'checksum/config')
}

async function caBundles(shell: Shell): Promise<readonly unknown[]> {
  const configuration = await workload(shell, 'mutatingwebhookconfiguration usher')
  return listAt(configuration, 'webhooks').map((webhook) => valueAt(webhook, 'clientConfig', 'caBundle'))
}
