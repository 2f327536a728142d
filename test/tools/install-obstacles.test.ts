import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { listAt } from '../support/pod-reader.ts'
import { until } from '../support/until.ts'
import type { ApiServer } from './api-server.ts'
import { chart, startInstallStage, template } from './install-stage.ts'
import { parseObject } from './pod-template.ts'
import type { Output, Shell } from './shell.ts'

t.test('what is installed by other means is left to them, or taken over on demand', async (t) => {
  const stage = await startInstallStage(t)
  const { shell, everything, versions } = stage
  stage.controllers.isUp = false
  await shell.read(`helm install usher ${chart.replace(/ --kube-version.*/, '')} --namespace usher-system --create-namespace`)
  const helm = await versions()
  for (const flags of ['', '--adopt']) t.match(await shell.run(`usher install ${flags}`), { code: 1, stderr: /Helm has installed usher \(release usher in usher-system\): helm upgrade usher/ })
  t.match(await shell.run('usher uninstall --yes'), { code: 1, stderr: /helm uninstall usher --namespace usher-system takes it out/ })
  t.strictSame(await versions(), helm)
  await shell.read('helm uninstall usher --namespace usher-system && kubectl delete namespace usher-system')

  const old = "sed -e 's/0\\.1\\.0/0.0.9/; s/^ *- --log-level=info/&\\n            - --old/; s/- name: POD_NAMESPACE/- { name: OLD, value: x }\\n            &/'"
  await shell.read(`${old} ../../deploy/usher.yaml | kubectl apply -f -`)
  const applied = await everything()
  const refused = await shell.run('usher install')
  t.match(refused, { code: 1, stderr: /put in by kubectl-client-side-apply \(usher 0\.0\.9: .*: usher install --adopt takes it over/ })
  t.match(await shell.run('usher uninstall --yes'), { code: 1, stderr: /put in by kubectl-client-side-apply, not by usher install/ })
  t.strictSame(await everything(), applied)
  t.match(await shell.run('usher install --adopt --timeout 1s'), { code: 1, stdout: /^changed +Deployment usher-webhook$/m })
  const deployment = parseObject(await shell.read('kubectl get deployment usher-webhook -n usher-system -o json --show-managed-fields'))
  t.strictSame(listAt(deployment, 'spec', 'template', 'spec', 'containers').flatMap((each) => listAt(each, 'env')).map(({ name }) => name), ['POD_NAMESPACE'], 'what the old one had, and this one has not, is gone')
  t.notMatch(JSON.stringify(deployment), /last-applied-configuration|kubectl|--old/)

  await shell.read('kubectl get deployment usher-webhook -n usher-system -o json | sed s/usher-system/other/ > $HOME/other.json && kubectl create namespace other && kubectl create -f $HOME/other.json')
  t.match(await shell.run('usher install'), { code: 1, stderr: /usher is installed 2 times, in other, usher-system, .* take all but one out first/ })
  await shell.read('kubectl delete deployment -n other usher-webhook')
  t.match(await shell.run('usher install -n other'), { code: 1, stderr: /usher is installed in usher-system already: usher install --namespace usher-system/ })
})

t.test('what the API server refuses is told all at once, and nothing is there by half', async (t) => {
  const { shell, server, controllers, everything } = await startInstallStage(t)
  const as = await asAccount(t, shell, server)
  const before = await everything()
  const unknown = await shell.run(`${template} --set serviceMonitor.enabled=true | usher install -f -`)
  t.match(unknown, { code: 1, stdout: '', stderr: /ServiceMonitor usher-webhook: this cluster does not know the kind \(monitoring\.coreos\.com\/v1\); it takes the Prometheus operator/ })
  t.strictSame(await everything(), before)

  t.match(await as('nobody', 'usher install'), { code: 1, stderr: /you may not list namespaces, serviceaccounts, .* of all namespaces: .*--context/ })
  const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list'] }]
  await shell.read('kubectl create -f -', JSON.stringify({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'looker' }, rules }))
  await shell.read('kubectl create clusterrolebinding looker --clusterrole=looker --serviceaccount=default:looker')
  const looked = await everything()
  const looker = await as('looker', 'usher install')
  t.match(looker, { code: 1, stdout: '', stderr: /^usher install: nothing was changed, for not all can be:\n/ })
  for (const line of ['Namespace usher-system: ', 'ClusterRole usher-webhook: ', 'MutatingWebhookConfiguration usher: ', 'you may not create deployments in usher-system', 'choose a context that may (--context)']) t.match(looker.stderr, line)
  t.strictSame(await everything(), looked)

  await shell.read('kubectl create -f -', JSON.stringify(policyAgainst('deployments')))
  await until('the policy holds', async () => (await shell.run('kubectl create deployment x --image=x --dry-run=server')).code !== 0)
  const guarded = await everything()
  t.match(await shell.run('usher install'), { code: 1, stdout: '', stderr: /nothing was changed, .*\n {2}Deployment usher-webhook: .*no deployments here/ })
  await until('the namespace, in which it was tried, is gone again', async () => !(await everything()).some((each) => each.includes('usher-system')))
  t.strictSame(await everything(), guarded)

  // The second label is one that usher's namespace has, but not yet at the moment in which it is made.
  for (const label of ['team', 'pod-security.kubernetes.io/enforce']) {
    const policy = policyAgainst('namespaces', { groups: [''], expression: `has(object.metadata.labels) && '${label}' in object.metadata.labels`, message: `wants ${label}` })
    await shell.read('kubectl apply -f -', JSON.stringify(policy))
    await until('the policy of labels holds', async () => (await shell.run('kubectl create namespace x --dry-run=server')).stderr.includes(`wants ${label}`))
    const refused = await shell.run('usher install')
    t.match(refused, { code: 1, stdout: '', stderr: /Namespace usher-system: .*wants / })
    t.match(refused.stderr, /^make usher-system yourself, .* with the labels that are missing/m)
    t.strictSame((await everything()).filter((each) => each.includes('usher-system')), [])
  }

  await controllers.stop()
  await server.stop()
  for (const command of ['install', 'uninstall']) t.match(await shell.run(`usher ${command}`), { code: 3, stderr: /the cluster \(context usher-test\) cannot be reached/ })
})

/** A policy that lets objects of this resource be created only as its expression says; by default nobody may, of the group `apps`. */
function policyAgainst(resource: string, { groups = ['apps'], expression = 'false', message = `no ${resource} here` } = {}): object {
  const metadata = { name: `no-${resource}` }
  const resourceRules = [{ apiGroups: groups, apiVersions: ['v1'], operations: ['CREATE'], resources: [resource] }]
  const spec = { matchConstraints: { resourceRules }, validations: [{ expression, message }] }
  const apiVersion = 'admissionregistration.k8s.io/v1'
  const items = [
    { apiVersion, kind: 'ValidatingAdmissionPolicy', metadata, spec },
    { apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata, spec: { policyName: metadata.name, validationActions: ['Deny'] } },
  ]
  return { apiVersion: 'v1', kind: 'List', items }
}

/** Runs command lines as a service account of the namespace `default`. */
async function asAccount(t: Test, shell: Shell, server: ApiServer): Promise<(name: string, line: string) => Promise<Output>> {
  const folder = t.testdir({})
  for (const name of ['nobody', 'looker']) {
    await shell.read(`kubectl create serviceaccount ${name} -n default`)
    const token = (await shell.read(`kubectl create token ${name} -n default`)).trim()
    writeFileSync(join(folder, name), readFileSync(server.kubeconfig, 'utf8').replace(/"token":"[^"]*"/, `"token":"${token}"`), { mode: 0o600 })
  }
  return (name, line) => shell.run(`${line} --kubeconfig '${join(folder, name)}'`)
}
