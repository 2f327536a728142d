import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { renewEveryMs } from '../../src/job/run/lease.ts'
import { valueAt } from '../support/pod-reader.ts'
import { asAccount, startJobStage } from './job-stage.ts'

const stage = await startJobStage(t)
const { shell } = stage

for (const name of ['usher-system', 'counted', 'few']) await stage.namespace(t, name)
await shell.read(`kubectl create configmap usher -n usher-system --from-literal 'usher.yaml=lock: {image: registry.example/usher:7}'`)
await shell.read('kubectl create configmap usher-jobs -n usher-system --from-literal sharedStorageClass=nfs')

/** All that the settings of a cluster steer, and a container that takes a cluster which is not too old. */
const file = (image: string): string => `
name: counted
numInstances: 2
containers:
  app:
    image: ${image}
    ports: ["80:3000"]
    depends_on: [db]
    memory: 100M
    healthcheck: {type: http, port: 3000, path: /healthcheck}
    volumes: [{type: shared, path: /data, space: 1G}]
  db: {image: "postgres:13", memory: 100M}
`

/** What a run has asked the API server, by what for. */
interface Asked {
  /** Reads, dry runs and applies of its objects, by `verb resource/name`. */
  readonly objects: readonly string[]
  /** For the room: nodes, pods and quotas, the namespace, storage classes for claims without a volume, and a pod that is tried. */
  readonly room: readonly string[]
  /** Of the workload and its pods. */
  readonly watches: readonly string[]
  /** That it is there still. */
  readonly beats: readonly string[]
  /** All else: that is what usher adds. */
  readonly added: readonly string[]
}

function sort(calls: readonly string[], namespace: string): Asked {
  const [objects, room, watches, beats, added]: string[][] = [[], [], [], [], []]
  for (const call of calls) {
    const [, verb = '', path = '', query = ''] = /^(\w+) ([^?]*)\??(.*)$/.exec(call) ?? []
    const own = new RegExp(`/namespaces/${namespace}/(\\w+/counted[-.a-z0-9]*)$`).exec(path)?.[1]
    if (own !== undefined && !own.startsWith('leases/')) objects?.push(`${verb}${query.includes('dryRun=All') ? ' dry' : ''} ${own}`)
    else if (verb === 'watch' || (verb === 'list' && new RegExp(`/namespaces/${namespace}/(?:deployments|pods)$`).test(path))) watches?.push(call)
    else if (/\/leases\//.test(path)) beats?.push(call)
    else if (/^list \/api(?:s\/storage\.k8s\.io)?\/v1\/(?:nodes|pods|storageclasses|namespaces\/[-a-z]+\/resourcequotas)\?/.test(call) || call === `get /api/v1/namespaces/${namespace}` || (verb === 'create' && path.endsWith('/pods') && query.includes('dryRun=All'))) room?.push(call)
    else added?.push(call)
  }
  return { objects: objects ?? [], room: room ?? [], watches: watches ?? [], beats: beats ?? [], added: added ?? [] }
}

interface Caller {
  readonly kubeconfig: string
  readonly user?: string
  readonly flags?: string
}

/** Runs a job, and gives what was asked and what was said. */
async function count(t: Test, namespace: string, image: string, { kubeconfig, user, flags = '' }: Caller = stage): Promise<Asked & { readonly stdout: string }> {
  stage.calls()
  const from = performance.now()
  const { code, stdout, stderr } = await shell.run(`usher job run -f - -n ${namespace} --kubeconfig ${kubeconfig} ${flags}`, file(image))
  const beatsAtMost = Math.floor((performance.now() - from) / renewEveryMs)
  t.equal(code, 0, stdout + stderr)
  const asked = sort(stage.calls(user), namespace)
  t.ok(asked.beats.length <= beatsAtMost, `one for each 5 s that it takes: ${asked.beats.join('\n')}`)
  return { ...asked, stdout }
}

const verbsOf = (calls: readonly string[]): readonly string[] => calls.map((call) => call.replace(/\?.*$/, ''))
const ledger = (namespace: string): string => `/api/v1/namespaces/${namespace}/secrets`
const claims = '/api/v1/namespaces/usher-system/configmaps'

t.test('a run adds no more than five requests to those that its objects need: the first one, one that changes it, one that does not', async (t) => {
  const first = await count(t, 'counted', 'app:1')
  t.strictSame(verbsOf(first.added).toSorted(), [`create ${claims}`, `create ${ledger('counted')}`, `get ${ledger('counted')}/usher-job.counted`, `list ${claims}`, `update ${ledger('counted')}/usher-job.counted`].toSorted())
  await t.test('and asks no more of the objects than what they are, what would come of them, and to put them in', async (t) => {
    const names = [...new Set(first.objects.map((call) => call.split(' ').at(-1) ?? ''))]
    t.ok(names.length >= 5, names.join(', '))
    for (const name of names) t.strictSame(first.objects.filter((call) => call.endsWith(` ${name}`)), [`get ${name}`, `patch dry ${name}`, `patch ${name}`])
    t.strictSame(verbsOf(first.room).toSorted(), ['create /api/v1/namespaces/counted/pods', 'get /api/v1/namespaces/counted', 'list /api/v1/namespaces/counted/resourcequotas', 'list /api/v1/nodes', 'list /api/v1/pods', 'list /apis/storage.k8s.io/v1/storageclasses'].toSorted())
    t.equal(first.watches.length, 4, first.watches.join('\n'))
  })
  const changed = await count(t, 'counted', 'app:2')
  t.strictSame(verbsOf(changed.added), [`list ${claims}`, `get ${ledger('counted')}/usher-job.counted`, `update ${ledger('counted')}/usher-job.counted`, `update ${ledger('counted')}/usher-job.counted`])
  const again = await count(t, 'counted', 'app:2')
  t.match(again.stdout, /nothing was changed/)
  t.strictSame(verbsOf(again.added), [`list ${claims}`, `get ${ledger('counted')}/usher-job.counted`])
  t.strictSame([again.room, again.watches, again.beats], [[], [], []])

  const deployment = await stage.find('/apis/apps/v1/namespaces/counted/deployments/counted')
  t.match(JSON.stringify(deployment), /registry\.example\/usher:7/, 'the image of the installation is among what it has read')
  t.equal(valueAt(await stage.find(`${claims}/job-name.counted`), 'data', 'namespace'), 'counted')
})

t.test('who has no rights in usher’s namespace runs jobs all the same', async (t) => {
  await shell.read('usher job stop counted -n counted --yes --volumes')
  await shell.read('kubectl create serviceaccount few -n few && kubectl create rolebinding few -n few --clusterrole cluster-admin --serviceaccount few:few')
  const kubeconfig = join(t.testdir({}), 'kubeconfig')
  writeFileSync(kubeconfig, await asAccount(stage.server, shell, 'few', 'few'), { mode: 0o600 })
  const without = await shell.run(`usher job run -f - -n few --kubeconfig ${kubeconfig}`, file('app:1'))
  t.match(without, { code: 4, stderr: /no-shared-storage/ }, 'what the admin has written down is not known then')
  const user = 'system:serviceaccount:few:few'
  const first = await count(t, 'few', 'app:1', { kubeconfig, user, flags: '--shared-storage-class nfs' })
  t.match(first.stdout, /whether there is room cannot be told[^]*so nothing keeps another namespace from a job counted of its own[^]*job counted runs: revision 1/)
  t.strictSame(verbsOf(first.added).toSorted(), [`create ${claims}`, `create ${ledger('few')}`, `get ${claims}/usher-jobs`, `get ${ledger('few')}/usher-job.counted`, `list ${claims}`, `update ${ledger('few')}/usher-job.counted`].toSorted(), 'one more than five: of three it is told that it may not')

  await t.test('and with the right to get ConfigMaps there, but not to list them, has the settings', async (t) => {
    await shell.read('kubectl create role few -n usher-system --verb get,create,delete --resource configmaps && kubectl create rolebinding few -n usher-system --role few --serviceaccount few:few')
    const next = await count(t, 'few', 'app:2', { kubeconfig, user })
    t.match(next.stdout, /job counted runs: revision 2/)
    t.match(JSON.stringify(await stage.find('/apis/apps/v1/namespaces/few/deployments/counted')), /registry\.example\/usher:7/)
    t.equal(valueAt(await stage.find(`${claims}/job-name.counted`), 'data', 'namespace'), 'few', 'and the name is kept from now on')
  })
})
