import t from 'tap'
import type { Job, JobContainer, JobVolume } from '../../../src/job/job.ts'
import { amount, container, job, problemsOf, seen } from '../../support/job-values.ts'
import { listAt, objectAt, shown, valueAt } from '../../support/pod-reader.ts'

type Parts<T extends JobVolume['type']> = Partial<Extract<JobVolume, { type: T }>>

const shared = (name: string, parts: Parts<'shared'> = {}): JobVolume => ({ type: 'shared', name, path: `/${name}`, space: amount('1G'), isReadOnly: false, oneNode: false, ...parts })
const local = (name: string, parts: Parts<'local'> = {}): JobVolume => ({ type: 'local', name, path: `/${name}`, space: amount('100M'), isReadOnly: false, isEnforced: false, ...parts })
const app = (volumes: readonly JobVolume[], parts: Partial<JobContainer> = {}): JobContainer => container('app', { volumes, ...parts })

const volumesOf = (value: Job): unknown => seen(value).pod['volumes']

t.test('a shared volume is one claim that many nodes may write, under a name that no other job can make', async (t) => {
  const { of, pod } = seen(job([app([shared('data')]), container('other', { volumes: [shared('data', { path: '/elsewhere', isReadOnly: true })] })]))
  const claim = of('PersistentVolumeClaim')
  t.match(claim, { metadata: { name: 'web.data' }, spec: { accessModes: ['ReadWriteMany'], storageClassName: 'nfs', resources: { requests: { storage: '1Gi' } } } })
  t.strictSame(pod['volumes'], [{ name: 'shared-data', persistentVolumeClaim: { claimName: 'web.data' } }])
  t.strictSame(listAt(pod, 'containers').map(({ volumeMounts }) => volumeMounts), [
    [{ name: 'shared-data', mountPath: '/data' }],
    [{ name: 'shared-data', mountPath: '/elsewhere', readOnly: true }],
  ])
})

t.test("a volume's own class comes before the cluster's", async (t) => {
  t.match(seen(job([app([shared('data', { storageClass: 'fast' })])])).of('PersistentVolumeClaim'), { spec: { storageClassName: 'fast', accessModes: ['ReadWriteMany'] } })
})

t.test('without a class that can be shared it is a problem, for each volume', async (t) => {
  const value = job([app([shared('data'), shared('more'), shared('own', { storageClass: 'fast' })])])
  t.match(problemsOf(value, { sharedStorageClass: undefined }), [['no-shared-storage', /^The volume data of 1G is shared by all instances/], ['no-shared-storage', /more/]])
})

t.test('a way out that the file asks for: all instances on one node', async (t) => {
  const value = job([app([shared('data', { oneNode: true })])], { instances: 3 })
  const { of, pod, warnings } = seen(value, { sharedStorageClass: undefined })
  t.match(of('PersistentVolumeClaim'), { spec: { accessModes: ['ReadWriteOnce'], storageClassName: undefined } })
  t.match(pod, { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { 'usher.dev/job': 'web' } } }] } }, topologySpreadConstraints: undefined })
  t.match(warnings.at(-1), /all instances are on one node/)
  t.match(seen(value).of('PersistentVolumeClaim'), { spec: { accessModes: ['ReadWriteMany'] } }, 'it is not taken where it need not be')
  t.match(seen(job([app([shared('data', { oneNode: true, storageClass: 'disk' })])])).of('PersistentVolumeClaim'), { spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'disk' } })
  t.match(problemsOf({ ...value, instances: 'each-node' }, { sharedStorageClass: undefined }), [['not-supported', /only one node can have/]])
})

t.test('local space is asked for once in a pod, and without a limit', async (t) => {
  const { pod } = seen(job([app([local('scratch'), local('cache', { space: amount('1G') })], { memory: amount('1G') }), container('other', { volumes: [local('scratch')] })]))
  t.strictSame(pod['volumes'], [{ name: 'local-scratch', emptyDir: { sizeLimit: '100Mi' } }, { name: 'local-cache', emptyDir: { sizeLimit: '1Gi' } }])
  t.strictSame(listAt(pod, 'containers').map(({ resources }) => resources), [{ requests: { memory: '1Gi', 'ephemeral-storage': '1124Mi' }, limits: { memory: '1Gi' } }, undefined])
})

t.test('of a task and one that stays, the latter asks: what a task asks for is not added to the others', async (t) => {
  const task = container('task', { volumes: [local('scratch')] })
  const { pod } = seen(job([task, app([local('scratch'), local('other')], { dependsOn: [{ container: 'task', condition: 'completed' }] })]))
  t.equal(valueAt(listAt(pod, 'containers')[0], 'resources', 'requests', 'ephemeral-storage'), '200Mi')
  t.equal(listAt(pod, 'initContainers')[0]?.['resources'], undefined)
})

t.test('space that is enforced is a volume of its own, and is not asked of the node', async (t) => {
  const { pod, workload } = seen(job([app([local('scratch', { isEnforced: true })])]))
  t.match(pod['volumes'], [{ name: 'local-scratch', ephemeral: { volumeClaimTemplate: { metadata: { labels: { 'usher.dev/job': 'web' } }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '100Mi' } } } } } }])
  t.equal(listAt(pod, 'containers')[0]?.['resources'], undefined)
  t.strictSame(objectAt(workload, 'spec', 'template', 'metadata', 'annotations'), {})
})

t.test('who is not root gets the group of volumes of a class', async (t) => {
  const fsGroupOf = (volume: JobVolume, user: JobContainer['user']): unknown => valueAt(seen(job([app([volume], user === undefined ? {} : { user })])).pod, 'securityContext', 'fsGroup')
  t.equal(fsGroupOf(shared('data'), { uid: 7, gid: 8 }), 8)
  t.equal(fsGroupOf(local('data', { isEnforced: true }), { uid: 7 }), 7)
  t.equal(fsGroupOf(local('data'), { uid: 7 }), undefined)
  t.equal(fsGroupOf(shared('data'), undefined), undefined)
})

t.test('what a job brings along is named by its content, cannot be changed, and is where the container sees it', async (t) => {
  const volumes: JobVolume[] = [
    { type: 'secret', name: 'db_password', path: '/run/secrets/db_password' },
    { type: 'config', name: 'app.ini', path: '/app.ini' },
  ]
  const value = (password: string): Job => job([app(volumes)], { files: [{ type: 'secret', name: 'db_password', content: password }, { type: 'config', name: 'app.ini', content: 'a = 1\n' }] })
  const { of, pod } = seen(value('päss'))
  const [secret, config] = [of('Secret'), of('ConfigMap')]
  t.match(secret, { immutable: true, type: 'Opaque', metadata: { name: /^web-db-password-[0-9a-f]{10}$/ }, data: { db_password: Buffer.from('päss').toString('base64') } })
  t.match(config, { immutable: true, metadata: { name: /^web-app-ini-[0-9a-f]{10}$/ }, data: { 'app.ini': 'a = 1\n' } })
  t.match(pod['volumes'], [{ name: /^secret-db-password-/, secret: { secretName: valueAt(secret, 'metadata', 'name') } }, { configMap: { name: valueAt(config, 'metadata', 'name') } }])
  t.match(listAt(pod, 'containers')[0]?.['volumeMounts'], [{ mountPath: '/run/secrets/db_password', subPath: 'db_password', readOnly: true }, { mountPath: '/app.ini', subPath: 'app.ini', readOnly: true }])
  const changed = seen(value('other'))
  t.not(valueAt(changed.of('Secret'), 'metadata', 'name'), valueAt(secret, 'metadata', 'name'))
  t.equal(valueAt(changed.of('ConfigMap'), 'metadata', 'name'), valueAt(config, 'metadata', 'name'))
  t.notSame(changed.workload, seen(value('päss')).workload, 'so it rolls out')
})

t.test('secrets of the namespace are referred to: one key as a file, or all as a folder', async (t) => {
  const value = job([app([{ type: 'secret', name: 'tls', path: '/tls' }, { type: 'secret', name: 'db', path: '/run/password', key: 'password' }])])
  t.strictSame(volumesOf(value), [{ name: 'secret-tls', secret: { secretName: 'tls' } }, { name: 'secret-db', secret: { secretName: 'db' } }])
  t.strictSame(listAt(seen(value).pod, 'containers')[0]?.['volumeMounts'], [{ name: 'secret-tls', mountPath: '/tls', readOnly: true }, { name: 'secret-db', mountPath: '/run/password', subPath: 'password', readOnly: true }])
})

t.test('names that no volume may have are made into some, each into one of its own', async (t) => {
  const names = ['a.b', 'a_b', 'A-B', `${'x'.repeat(80)}1`, `${'x'.repeat(80)}2`]
  const found = listAt(seen(job([app(names.map((name, index) => ({ type: 'secret', name, path: `/${index}` })))])).pod, 'volumes').map(({ name }) => shown(name))
  t.equal(new Set(found).size, names.length)
  for (const name of found) t.match(name, /^[a-z0-9][-a-z0-9]{0,61}[a-z0-9]$/)
})
