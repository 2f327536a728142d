import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { jobObjects } from '../support/job-objects.ts'
import { valueAt } from '../support/pod-reader.ts'
import { asAccount, type JobStage, startJobStage } from './job-stage.ts'

const stage = await startJobStage(t)
const { change, image, names, pods, shell } = stage

t.test('scale and rollback are revisions of their own', async (t) => {
  await stage.namespace(t, 'scaled')
  t.match(await change('scaled', 'web', jobObjects('web', { namespace: 'scaled', replicas: 3 })), { code: 0 })
  t.match(await shell.run('usher job scale web 5 -n scaled'), { code: 0, stdout: /^changed +Deployment web\n[^]*job web runs: revision 2, 5 instances/m })
  t.equal((await pods('scaled')).length, 5)
  t.match(await change('scaled', 'web', jobObjects('web', { namespace: 'scaled', image: 'app:2', replicas: 3 })), { code: 0 })
  const back = await shell.run('usher job rollback web -n scaled')
  t.match(back, { code: 0, stdout: /job web runs: revision 4, 5 instances/ }, back.stderr)
  t.equal(await image('scaled'), 'app:1')
  t.match(await shell.run('usher job rollback web --to 1 -n scaled'), { code: 0, stdout: /revision 5, 3 instances/ })
  t.match((await shell.run('usher job history web -n scaled')).stdout, /^5 +deployed +\d+s +rollback to 1 +3\n4 +superseded +\d+s +rollback to 2 +5\n3 +superseded +\d+s +run +3\n2 +superseded +\d+s +scale to 5 +5\n1 /m)
  t.match((await shell.run('usher job history web -n scaled --revision 3 -o yaml')).stdout, /image: app:2/)
})

t.test('a name is of one namespace in a cluster, until the job is stopped, or its namespace is gone', async (t) => {
  await stage.namespace(t, 'usher-system')
  for (const name of ['east', 'west']) await stage.namespace(t, name)
  t.match(await change('east', 'shop', jobObjects('shop', { namespace: 'east' })), { code: 0 })
  const taken = await change('west', 'shop', jobObjects('shop', { namespace: 'west' }))
  t.match(taken, { code: 4, stderr: /job shop: Job shop is in namespace east already/ })
  t.match(JSON.parse(taken.stdout), { type: /#name-taken$/, job: 'shop', namespace: 'east' })
  t.strictSame(await names('west'), [])
  t.match(await shell.run('usher job stop shop -n east --yes'), { code: 0 })
  t.match(await change('west', 'shop', jobObjects('shop', { namespace: 'west' })), { code: 0 })
  await shell.read(`kubectl patch configmap job-name.shop -n usher-system --type merge -p '{"data":{"namespace":"gone"}}' && kubectl delete secret usher-job.shop -n west`)
  const later = await change('west', 'shop', jobObjects('shop', { namespace: 'west', image: 'app:2' }))
  t.match(later, { code: 0 }, later.stderr)
  t.equal(valueAt(await stage.find('/api/v1/namespaces/usher-system/configmaps/job-name.shop'), 'data', 'namespace'), 'west')
})

t.test('stop takes away all that the ledger knows, and the claim; shared volumes stay unless it is said', async (t) => {
  await stage.namespace(t, 'stopped')
  const objects = jobObjects('store', { namespace: 'stopped', hasVolume: true })
  t.match(await change('stopped', 'store', objects), { code: 0 })
  t.match(await shell.run('usher job stop store -n stopped'), { code: 1, stderr: /there is no terminal to ask at; --yes/ })
  t.equal((await names('stopped')).length, 4)
  const stop = await shell.run('usher job stop store -n stopped --yes')
  t.match(stop, { code: 0, stdout: /^deleted +Deployment store\n[^]*PersistentVolumeClaim store-data stays[^]*job store is stopped\n$/ }, stop.stderr)
  t.strictSame(await names('stopped'), ['PersistentVolumeClaim store-data'])
  t.equal((await pods('stopped')).length, 0)
  for (const path of ['/api/v1/namespaces/stopped/secrets/usher-job.store', '/apis/coordination.k8s.io/v1/namespaces/stopped/leases/usher-job.store', '/api/v1/namespaces/usher-system/configmaps/job-name.store']) {
    t.equal(await stage.find(path), undefined, path)
  }
  t.match(await shell.run('usher job stop store -n stopped --yes'), { code: 1, stderr: /there is no job store in namespace stopped/ })
  t.match(await change('stopped', 'store', objects), { code: 0 }, 'and it has its volume again')
  t.match(await shell.run('usher job stop store -n stopped --yes --volumes -o json'), { code: 0, stdout: /"outcome":"deleted".*"kind":"PersistentVolumeClaim"[^]*"event":"stopped"/ })
  t.strictSame(await names('stopped'), [])
})

t.test('a name that a run has kept, and was killed before its ledger, is let go of by stop', async (t) => {
  await stage.namespace(t, 'begun')
  await shell.read(`kubectl create configmap job-name.begun -n usher-system --from-literal=namespace=begun`)
  t.match(await shell.run('usher job stop begun -n stopped --yes'), { code: 1 }, 'not by one of another namespace')
  t.ok(await stage.find('/api/v1/namespaces/usher-system/configmaps/job-name.begun'))
  t.match(await shell.run('usher job stop begun -n begun --yes'), { code: 1, stderr: /there is no job begun in namespace begun/ })
  t.equal(await stage.find('/api/v1/namespaces/usher-system/configmaps/job-name.begun'), undefined)
})

t.test('bad input: a sentence that says what to do, and the exit code', (t) => badInput(t, stage))

async function badInput(t: Test, { server }: JobStage): Promise<void> {
  const absent = await change('absent', 'web', jobObjects('web', { namespace: 'absent' }))
  t.match(absent, { code: 1, stderr: /^there is no namespace absent .*; kubectl create namespace absent makes it, --namespace chooses another\n$/ })
  for (const [line, code, text] of [
    ['usher job history', 2, /which job\? usher job history JOB/],
    ['usher job history Web', 2, /"Web" is not a name that a job can have/],
    ['usher job history weg -n scaled', 1, /there is no job weg in namespace scaled .*; did you mean web\?/],
    ['usher job history web -n absent', 1, /there is no namespace absent/],
    ['usher job history web -n scaled --revision 77', 1, /job web has no revision 77; it has revisions 1, 2, 3, 4, 5/],
    ['usher job history web -o wide', 2, /"wide" is none of table, json and yaml/],
    ['usher job scale web -n scaled', 2, /to how many instances\? usher job scale web N/],
    ['usher job scale web many -n scaled', 2, /N: "many" is not a whole number from 0/],
    ['usher job scale web 3 4', 2, /"4" is too much/],
    ['usher job rollback web -n scaled --to 9', 1, /job web has no revision 9/],
    ['usher job rollback shop -n west', 1, /job shop has no revision that was deployed before/],
    ['usher job stop web -n scaled -o text', 2, /"text" is none of table, json and yaml/],
    ['usher job scale web 2 -n scaled --timeout soon', 2, /--timeout: "soon" is not a number of seconds/],
    ['usher job scale web 2 --kubeconfig none.yaml', 3, /there is no none\.yaml/],
    ['usher job scale web 2 --context other', 3, /there is no context "other"/],
  ] as const) {
    const { code: found, stdout, stderr } = await shell.run(line)
    t.match(stdout + stderr, text, line)
    t.equal(found, code, `${line}: ${stderr}`)
    t.notMatch(stderr, /\n {4}at /, 'no stack')
  }
  await rights(t, server.kubeconfig)
}

t.test('a ledger that names what is not of its job and namespace is none', async (t) => {
  await stage.namespace(t, 'tenant')
  await stage.namespace(t, 'victim')
  t.match(await change('victim', 'web', jobObjects('web', { namespace: 'victim' })), { code: 0 })
  const before = await stage.content('victim')
  const forge = (objects: readonly JsonObject[]): Promise<JsonObject> => {
    const ledger = { v: 1, job: 'web', isClaimed: true, revisions: [{ number: 1, at: '2026-05-01T10:00:00.000Z', state: 'deployed', change: 'run', instances: 1, objects }] }
    const data = { ledger: gzipSync(JSON.stringify(ledger)).toString('base64') }
    return stage.send('POST', '/api/v1/namespaces/tenant/secrets', { metadata: { name: 'usher-job.web' }, type: 'usher.dev/job', data })
  }
  for (const objects of [jobObjects('web', { namespace: 'victim' }), [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'victim', namespace: 'tenant', labels: { 'usher.dev/job': 'web' } } }]]) {
    await forge(objects)
    for (const verb of ['stop web --yes', 'scale web 0', 'rollback web --to 1']) {
      t.match(await shell.run(`usher job ${verb} -n tenant`), { code: 1, stderr: /Secret usher-job\.web in tenant is not a ledger/ }, verb)
    }
    await stage.send('DELETE', '/api/v1/namespaces/tenant/secrets/usher-job.web')
  }
  t.strictSame(await stage.content('victim'), before)
})

async function rights(t: Test, admin: string): Promise<void> {
  await stage.namespace(t, 'rights')
  await shell.read('kubectl create serviceaccount reader -n rights && kubectl create rolebinding reader -n rights --clusterrole view --serviceaccount rights:reader')
  const kubeconfig = join(t.testdir({}), 'kubeconfig')
  writeFileSync(kubeconfig, await asAccount(stage.server, shell, 'rights', 'reader'), { mode: 0o600 })
  t.not(readFileSync(kubeconfig, 'utf8'), readFileSync(admin, 'utf8'))
  const run = await change('rights', 'web', jobObjects('web', { namespace: 'rights' }), { kubeconfig })
  t.match(run, { code: 1, stderr: /the ledger of job web: .*cannot get resource "secrets".*; choose a context that may \(--context\), or have the right given to you/ })
  await shell.read('kubectl create role secrets -n rights --verb get,create,update --resource secrets && kubectl create rolebinding secrets -n rights --role secrets --serviceaccount rights:reader')
  const more = await change('rights', 'web', jobObjects('web', { namespace: 'rights' }), { kubeconfig })
  t.match(more, { code: 1, stderr: /^nothing was changed:\n  ConfigMap web-config: .*cannot get resource "configmaps".*\n  Service web: .*\n  Deployment web: .*\nchoose a context/ })
  t.strictSame(await names('rights'), [])
}
