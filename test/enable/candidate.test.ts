import t from 'tap'
import { candidateOf, candidateOfPod } from '../../src/enable/candidate.ts'
import { decide } from '../../src/inject/decide.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { context } from '../support/context.ts'
import { owner, plainSpec, workload } from '../support/enable-world.ts'
import { patched } from '../support/injected.ts'

const of = (apiVersion: string, kind: string, object: JsonObject) => {
  const candidate = candidateOf({ apiVersion, kind, ...object })
  if (candidate === undefined) throw new Error('there is no candidate')
  return candidate
}

t.test("a Deployment's pod is of a ReplicaSet, and has the labels and annotations of its template", async (t) => {
  const { kind, name, pod, source } = of('apps/v1', 'Deployment', workload('web', { metadata: { annotations: { 'usher.dev/nap': '5s' } } }))
  t.strictSame({ kind, name, source }, { kind: 'Deployment', name: 'web', source: 'template' })
  t.strictSame(pod, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'web-', labels: { app: 'web' }, annotations: { 'usher.dev/nap': '5s' }, ownerReferences: [owner('apps/v1', 'ReplicaSet', 'web')] },
    spec: plainSpec(),
  })
})

t.test("a StatefulSet's pod mounts its claims", async (t) => {
  const spec = plainSpec({ volumes: [{ name: 'data', emptyDir: {} }, { name: 'tmp', emptyDir: {} }] })
  const { pod } = of('apps/v1', 'StatefulSet', workload('db', { spec, serviceName: 'dbs', volumeClaimTemplates: [{ metadata: { name: 'data' } }] }))
  t.match(pod, {
    metadata: { ownerReferences: [owner('apps/v1', 'StatefulSet', 'db')] },
    spec: { hostname: 'db-0', subdomain: 'dbs', volumes: [{ name: 'tmp', emptyDir: {} }, { name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } }] },
  })
})

t.test("a CronJob's pod is of a Job, and usher's decision sees that", async (t) => {
  const { spec } = workload('report', { spec: plainSpec({ restartPolicy: 'Never' }) }) as { spec: JsonObject }
  const { pod } = of('batch/v1', 'CronJob', { metadata: { name: 'report', uid: 'u' }, spec: { jobTemplate: { spec } } })
  t.match(pod, { metadata: { ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', controller: true }] } })
  t.strictSame(decide(pod, context).reasons.map(({ code }) => code), ['finishes-by-itself', 'job-pod'])
})

t.test('what has no template makes no pods', async (t) => {
  t.equal(candidateOf({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'odd' }, spec: {} }), undefined)
  t.equal(candidateOf({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' } }), undefined)
})

t.test('pods that differ by nothing but names have one key; others have several', async (t) => {
  const job = (name: string, image = 'a') =>
    of('batch/v1', 'Job', workload(name, { metadata: { labels: { app: 'x', 'job-name': name, 'batch.kubernetes.io/controller-uid': name } }, spec: plainSpec({ restartPolicy: 'Never', containers: [{ name: 'c', image }] }) })).key
  t.equal(job('one'), job('two'))
  t.not(job('one'), job('one', 'b'))
  t.not(of('apps/v1', 'DaemonSet', workload('a')).key, of('apps/v1', 'StatefulSet', workload('a')).key, 'the kind counts: it decides what is put in')
})

t.test('a pod that runs is tried as it was asked for', async (t) => {
  const asked = { metadata: { name: 'tool', namespace: 'shop', labels: { app: 'tool' } }, spec: plainSpec() }
  const injected = patched(asked, decide(asked, context)) as { metadata: JsonObject; spec: JsonObject }
  const mount = { name: 'kube-api-access-x', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }
  const running = {
    ...injected,
    metadata: { ...injected.metadata, uid: 'u', resourceVersion: '7', creationTimestamp: '2026-11-25T10:00:00Z' },
    spec: {
      ...injected.spec,
      nodeName: 'worker-1',
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
      ephemeralContainers: [{ name: 'debug' }],
      volumes: [{ name: 'kube-api-access-x', projected: {} }],
      containers: (injected.spec['containers'] as JsonObject[]).map((each) => ({ ...each, volumeMounts: [mount] })),
    },
    status: { phase: 'Running' },
  }
  const { kind, name, pod, source } = candidateOfPod(running, undefined)
  t.strictSame({ kind, name, source }, { kind: 'Pod', name: 'tool', source: 'bare' })
  t.match(pod, { metadata: { generateName: 'tool-', labels: { app: 'tool' } } })
  t.strictSame(Object.keys(pod['spec'] as JsonObject).toSorted(), ['containers', 'volumes'])
  t.strictSame((pod['spec'] as JsonObject)['volumes'], [])
  t.strictSame(decide(pod, context).reasons.map(({ code }) => code), ['nap-added', 'lock-added'], "without usher's part, which would be put in anew")
})

t.test('a pod of a controller that has no template to read stands for the others of it', async (t) => {
  const kafka = owner('core.strimzi.io/v1beta2', 'StrimziPodSet', 'kafka')
  const pod = { metadata: { name: 'kafka-0', ownerReferences: [kafka] }, spec: plainSpec() }
  t.match(candidateOfPod(pod, { kind: 'StrimziPodSet', name: 'kafka' }), { kind: 'StrimziPodSet', name: 'kafka', source: 'running', pod: { metadata: { generateName: 'kafka-0-', ownerReferences: [kafka] } } })
})
