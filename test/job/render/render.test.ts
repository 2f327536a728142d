import { assert, property } from 'fast-check'
import t from 'tap'
import { jobLabel } from '../../../src/job/names.ts'
import { render } from '../../../src/job/render/render.ts'
import { arbitraryJob } from '../../support/arbitrary-job.ts'
import { container, healthcheck, job, options, problemsOf, seen, simpleWebapp } from '../../support/job-values.ts'
import { initNames, listAt, objectAt, shown, valueAt } from '../../support/pod-reader.ts'

t.test("the sketch's own example becomes one Deployment, its Services, its shared volume and its budget", async (t) => {
  const { objects, workload, warnings, pod } = seen(simpleWebapp)
  t.strictSame(objects.map(({ kind, metadata }) => [kind, valueAt(metadata, 'name')]), [
    ['PersistentVolumeClaim', 'simple-webapp.app-data-shared'],
    ['Service', 'simple-webapp-pods'],
    ['Service', 'simple-webapp'],
    ['PodDisruptionBudget', 'simple-webapp'],
    ['Deployment', 'simple-webapp'],
  ])
  t.equal(objects.at(-1), workload, 'the workload comes last')
  t.strictSame(warnings, [])
  t.match(workload, { apiVersion: 'apps/v1', spec: { replicas: 3, strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } } })
  t.strictSame(initNames({ spec: pod }), ['usher-probe', 'db'])
  t.strictSame(pod['hostAliases'], [{ ip: '127.0.0.1', hostnames: ['app', 'db'] }])
  const [app] = listAt(pod, 'containers')
  t.strictSame(app?.['args'], ['bin/rails', 's', '--restart'])
  t.strictSame(app?.['resources'], { requests: { memory: '2Gi', 'ephemeral-storage': '100Mi' }, limits: { memory: '2Gi' } })
  const db = listAt(pod, 'initContainers')[1]
  t.match(db, { restartPolicy: 'Always', resources: { requests: { memory: '4Gi', 'ephemeral-storage': '10Gi' } } })
})

t.test('every object is in the namespace and carries the label of the job; the selector is that label alone', async (t) => {
  const { objects, workload } = seen({ ...simpleWebapp, expose: {}, hasEnvoy: true, files: [{ type: 'secret', name: 'a', content: 'b' }] })
  t.equal(objects.length, 8)
  for (const object of objects) t.match(object, { metadata: { namespace: 'shop', labels: { [jobLabel]: 'simple-webapp', 'app.kubernetes.io/managed-by': 'usher' } } }, shown(object['kind']))
  t.strictSame(objectAt(workload, 'spec', 'selector'), { matchLabels: { [jobLabel]: 'simple-webapp' } })
  t.match(objectAt(workload, 'spec', 'template', 'metadata', 'labels'), { [jobLabel]: 'simple-webapp', 'usher.dev/inject': 'enabled' })
})

t.test('the same job is the same to the byte, and its value is left as it is', async (t) => {
  const before = JSON.stringify(simpleWebapp)
  const [one, other] = [render(simpleWebapp, options), render(structuredClone(simpleWebapp), options)]
  t.equal(JSON.stringify(one), JSON.stringify(other))
  t.equal(JSON.stringify(simpleWebapp), before)
})

t.test('a job that offers and keeps nothing has no more than its name and its workload', async (t) => {
  const { objects, pod, workload } = seen(job([container('app')]))
  t.strictSame(objects.map(({ kind }) => kind), ['Service', 'Deployment'])
  t.strictSame(Object.keys(pod), ['restartPolicy', 'containers', 'terminationGracePeriodSeconds', 'automountServiceAccountToken', 'enableServiceLinks', 'topologySpreadConstraints', 'tolerations'])
  t.equal(valueAt(workload, 'spec', 'template', 'metadata', 'annotations'), undefined)
  t.strictSame([pod['automountServiceAccountToken'], pod['enableServiceLinks']], [false, false])
})

t.test('the place of the program of checks is not for volumes', async (t) => {
  const volume = { type: 'local', name: 'a', path: '/usher-probe/', space: { bytes: 1, written: '1' }, isReadOnly: false, isEnforced: false } as const
  t.match(problemsOf(job([container('app', { healthcheck: healthcheck({ type: 'http', port: 80, path: '/', expect: '200' }), volumes: [volume] })])), [['invalid-job', /app cannot have a volume at \/usher-probe/]])
  t.equal(seen(job([container('app', { volumes: [volume] })])).objects.length, 2)
})

t.test('all problems are told at once', async (t) => {
  const value = job([container('usher-lock', { ports: [80, 80].map((port) => ({ port, target: port, protocol: 'TCP', isHostPort: false })), restart: { policy: 'never' } })], { name: 'web-pods', instances: 'each-node' })
  t.match(problemsOf(value), [
    ['invalid-job', /ends in -pods, as the Service of the instances of the job web would/],
    ['invalid-job', /cannot be called usher-lock/],
    ['invalid-job', /80\/TCP is there twice/],
    ['not-supported', /needs a container that is always restarted/],
  ])
})

t.test('what leads to a port needs one of TCP', async (t) => {
  const udp = container('dns', { ports: [{ port: 53, target: 53, protocol: 'UDP', isHostPort: false }] })
  t.match(problemsOf(job([udp], { expose: {}, hasEnvoy: true })), [
    ['invalid-job', /^expose leads to the first port/],
    ['invalid-job', /^sidecar: envoy leads to the first port/],
  ])
  t.strictSame(problemsOf(job([udp])), [])
})

t.test('a container may be called envoy where there is no other', async (t) => {
  const port = { port: 80, target: 80, protocol: 'TCP', isHostPort: false } as const
  t.strictSame(problemsOf(job([container('envoy', { ports: [port] })])), [])
  t.match(problemsOf(job([container('envoy', { ports: [port] })], { hasEnvoy: true })), [['invalid-job', /cannot be called envoy/]])
})

t.test('a cluster that is too old is told what it takes', async (t) => {
  const once = container('once', { restart: { policy: 'never' } })
  t.match(problemsOf(job([container('app')]), { minor: 28 }), [['not-supported', /take Kubernetes 1\.29, and the cluster has 1\.28/]])
  t.match(problemsOf(job([container('app'), once]), { minor: 34 }), [['not-supported', /once says restart: never beside .* takes Kubernetes 1\.35, and the cluster has 1\.34/]])
  t.strictSame(problemsOf(job([container('app'), once]), { minor: 35 }), [])
  t.strictSame(problemsOf(job([container('app'), once])), [], 'of no version: the newest')
  t.strictSame(problemsOf(job([once]), { minor: 29 }), [], 'a batch Job takes no policy of its own')
})

t.test('a check that is never made is told', async (t) => {
  const task = container('migrate', { restart: { policy: 'never' }, healthcheck: healthcheck({ type: 'tcp', port: 1 }) })
  const value = job([container('app', { dependsOn: [{ container: 'migrate', condition: 'completed' }] }), task])
  t.match(seen(value).warnings, [/^container migrate: .* run again until it does/, /^container migrate: .* never made/])
})

t.test('of any job that a file can describe: objects that are found by its label, or what is in their way', async () => {
  assert(
    property(arbitraryJob, (value) => {
      const rendering = render(value, options)
      if ('problems' in rendering) return rendering.problems.length > 0
      const { objects, workload } = rendering
      const labels = objects.every((object) => valueAt(object, 'metadata', 'labels', jobLabel) === value.name)
      const names = objects.map((object) => `${shown(object['kind'])} ${shown(valueAt(object, 'metadata', 'name'))}`)
      const pod = objectAt(workload, 'spec', 'template', 'spec')
      const containers = [...listAt(pod, 'initContainers'), ...listAt(pod, 'containers')].map(({ name }) => name)
      const volumes = new Set(listAt(pod, 'volumes').map(({ name }) => name))
      const mounts = [...listAt(pod, 'initContainers'), ...listAt(pod, 'containers')].flatMap((each) => listAt(each, 'volumeMounts').map(({ name }) => name))
      return labels && new Set(names).size === names.length && new Set(containers).size === containers.length && value.containers.every(({ name }) => containers.includes(name)) && mounts.every((name) => volumes.has(name))
    }),
  )
})
