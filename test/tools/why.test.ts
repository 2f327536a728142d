import t, { type Test } from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { instancePod, instancePods, states } from '../support/instance-pod.ts'
import { listAt } from '../support/pod-reader.ts'
import { parseObject } from './pod-template.ts'
import type { Output } from './shell.ts'
import { explain, startWhyStage, type WhyStage as Stage } from './why-stage.ts'

t.test('usher why, in a cluster', async (t) => {
  const stage = await startWhyStage(t)
  await t.test('no node takes it: what the scheduler says in plain words, once for all of them', (t) => pending(t, stage))
  await t.test('starting and unhealthy: images, probes, exits, and what happened last', (t) => troubled(t, stage))
  await t.test('pods that are not taken, and a rollout that does not get on', (t) => refused(t, stage))
  await t.test('all is well, or nothing is wanted', (t) => well(t, stage))
  await t.test('which one is meant: by kind, by its job, and where it may be several', (t) => meant(t, stage))
  await t.test('bad input: a sentence that says what to do, and the exit code', (t) => badInput(t, stage))
  await t.test('rights that are missing: what may not be asked is said, and the rest is explained', (t) => missingRights(t, stage))
})

async function pending(t: Test, stage: Stage): Promise<void> {
  const { played } = stage
  await stage.namespace('shop')
  const web = await played.deployment('shop', 'web', { replicas: 3 })
  const message = "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient memory. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
  const unschedulable = instancePods.unschedulable(message)
  for (const name of ['web-7d9f8-a', 'web-7d9f8-b']) await web.pod({ ...unschedulable, metadata: { ...(unschedulable['metadata'] as JsonObject), name } })
  await web.pod(instancePods.ready({ name: 'web-7d9f8-c' }), 600)
  const text = await explain(t, stage, 'usher why web -n shop')
  t.match(text, /^Deployment shop\/web: Degraded 1\/3\n/)
  t.match(text, /^INSTANCE +NODE +STATE +SINCE\nweb-7d9f8-a +- +Pending: Unschedulable +\d+s\nweb-7d9f8-b +- +Pending.*\nweb-7d9f8-c +node-2 +Healthy +\d+m\d*s?$/m)
  t.match(text, /^web-7d9f8-a and web-7d9f8-b: none of 3 nodes takes it\n {2}2 of 3: too little memory is free\n {2}1 of 3: the node is cordoned\n {2}next: ask for less of it.*\n {2}next: kubectl uncordon NODE.*\n {2}next: usher why deployment\/web -n shop --node NODE/m)
  t.equal(text.match(/too little memory/g)?.length, 1)
}

async function troubled(t: Test, stage: Stage): Promise<void> {
  const { played } = stage
  await stage.namespace('trouble')
  const web = await played.deployment('trouble', 'web', { replicas: 4 })
  const backOff = 'Back-off pulling image "registry.example.com/web:2": ErrImagePull: not found'
  await web.pod(instancePods.starting({ name: 'web-7d9f8-image', web: { state: states.waiting('ImagePullBackOff', backOff) } }))
  const crash = { restartCount: 4, state: states.waiting('CrashLoopBackOff', 'back-off 1m20s restarting failed container=web pod=x'), lastState: states.ended(137, 40, 58, { reason: 'OOMKilled' }) }
  await web.pod(instancePods.unready({ name: 'web-7d9f8-crash', web: crash }), 90)
  const probed = instancePods.unready({ name: 'web-7d9f8-probe' })
  const uid = await web.pod(probed, 90)
  await played.event('trouble', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-7d9f8-probe', uid } }, 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503', { count: 7 })
  await web.pod(instancePods.starting({ name: 'web-7d9f8-old', metadata: { deletionTimestamp: undefined } }), 40)
  const text = await explain(t, stage, 'usher why deployment/web -n trouble')
  t.match(text, /^Deployment trouble\/web: Degraded 0\/4$/m)
  t.match(text, `web-7d9f8-image: the image registry.example.com/web:2 of web cannot be had: ${backOff}\n  next: see that the name of the image is right`)
  t.match(text, /^web-7d9f8-crash: web ended with exit code 137 \(OOMKilled.*restarted 4 times; it is started again after a pause \(CrashLoopBackOff, 1m20s\)\n {2}next: give it more memory.*\n {2}next: kubectl logs web-7d9f8-crash -n trouble -c web --previous$/m)
  t.match(text, /^web-7d9f8-probe: the readiness probe of web fails; it was ready before\n {2}readiness probe: GET :8080\/ every 10s, for at most 1s, 3 failures in a row count\n {2}Unhealthy, 7 times, \d+s ago: Readiness probe failed: HTTP probe failed with statuscode: 503\n {2}next: kubectl logs/m)
  t.match(text, /^the log of web-7d9f8-crash could not be read: /m, 'there is no kubelet')
  const json = parseObject(await explain(t, stage, 'usher why web -n trouble -o json'))
  t.match(json, { kind: 'Deployment', namespace: 'trouble', name: 'web', state: 'Degraded', healthy: 0, wanted: 4 })
  t.match(JSON.stringify(listAt(json, 'instances').map(({ state }) => state)), /^\["Unhealthy",(?:"Unhealthy","Starting"|"Starting","Unhealthy"),"Starting"\]$/)
  t.match(listAt(json, 'causes').find(({ reason }) => reason === 'CrashLoopBackOff'), { instances: ['web-7d9f8-crash'] })
}

async function refused(t: Test, stage: Stage): Promise<void> {
  const { played } = stage
  await stage.namespace('refused')
  const message = 'pods "web-7d9f8-x2k4d" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=2, limited: pods=2'
  const condition = (type: string, status: string, more: JsonObject): JsonObject => ({ type, status, lastTransitionTime: new Date(Date.now() - 60_000).toISOString().replace(/\.\d+Z/, 'Z'), ...more })
  const conditions = [condition('ReplicaFailure', 'True', { reason: 'FailedCreate', message }), condition('Progressing', 'False', { reason: 'ProgressDeadlineExceeded', message: 'ReplicaSet "web-7d9f8" has timed out progressing.' })]
  await played.deployment('refused', 'web', { replicas: 3, status: { conditions }, labels: { 'usher.dev/job': 'web' } })
  const text = await explain(t, stage, 'usher job why web -n refused')
  t.match(text, 'pods of it are not taken: one more pod would exceed the quota compute of the namespace (requested: pods=1, used: pods=2, limited: pods=2)\n  next: ask for less, or have the quota raised')
  t.match(text, /^its rollout has not got on for 10m \(progressDeadlineSeconds\), which was found \d+s ago\n.*\n {2}next: mend what is named below, or go back: usher job rollback web -n refused$/m)
  // A DaemonSet tells of it by an Event alone.
  const labels = { app: 'agent' }
  const agent = await played.create('/apis/apps/v1/namespaces/refused/daemonsets', { metadata: { name: 'agent' }, spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'agent', image: 'agent' }] } } } }, { desiredNumberScheduled: 2, currentNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0, observedGeneration: 1 })
  await played.event('refused', { ...agent, apiVersion: 'apps/v1', kind: 'DaemonSet' }, 'FailedCreate', 'Error creating: admission webhook "policy.example.com" denied the request: no host paths', { count: 12 })
  const other = await explain(t, stage, 'usher why ds/agent -n refused')
  t.match(other, /^DaemonSet refused\/agent: Degraded 0\/2\n\npods of it are not taken: the admission webhook policy.example.com denies it: no host paths\n {2}last tried \d+s ago, 12 times\n/)
}

async function well(t: Test, stage: Stage): Promise<void> {
  const { played } = stage
  await stage.namespace('well')
  const web = await played.deployment('well', 'web')
  await web.pod(instancePods.ready())
  t.match(await explain(t, stage, 'usher why web -n well'), /^Deployment well\/web: Healthy 1\/1\n[^]*\nnothing stands in its way\n$/)
  await played.deployment('well', 'idle', { replicas: 0 })
  t.match(await explain(t, stage, 'usher why idle -n well'), /^Deployment well\/idle: Stopped 0\/0\n {2}no instance of it is wanted \(it is scaled to 0\)\n/)
  await played.pod('well', instancePod({ name: 'bare', web: { state: states.ended(3, 11, 50) }, status: { phase: 'Failed' } }))
  t.match(await explain(t, stage, 'usher why pod/bare -n well'), /^Pod well\/bare: Degraded 0\/1\n[^]*\nbare: web ended with exit code 3\n/)
}

async function meant(t: Test, stage: Stage): Promise<void> {
  const { played, shell } = stage
  await stage.namespace('meant')
  await played.deployment('meant', 'web')
  await played.pod('meant', instancePods.ready({ name: 'web' }))
  const both = await shell.run('usher why web -n meant')
  t.equal(both.code, 2)
  t.match(both.stderr, 'there are several of that name in namespace meant: say which, deployment/web or pod/web')
  t.match(await explain(t, stage, 'usher why pod/web -n meant'), /^Pod meant\/web: Healthy 1\/1/)
  await played.deployment('meant', 'db', { labels: { 'usher.dev/job': 'db' } })
  t.match(await explain(t, stage, 'usher why job/db -n meant'), /^Deployment meant\/db: Degraded 0\/1/)
  t.match(await shell.run('usher why job/web -n meant'), { code: 1, stderr: /there is no job web in namespace meant/ }, 'a Deployment is no job')
  // Of the context, where it names a namespace.
  await shell.read('kubectl config set-context --current --namespace meant')
  t.match(await explain(t, stage, 'usher why db'), /^Deployment meant\/db/)
  await shell.read("kubectl config set-context --current --namespace ''")
}

async function badInput(t: Test, { shell }: Stage): Promise<void> {
  const says = async (line: string, code: number, text: RegExp): Promise<void> => {
    const found: Output = await shell.run(line)
    t.match(found.stdout + found.stderr, text, line)
    t.equal(found.code, code, `${line}: ${found.stderr}`)
    t.notMatch(found.stderr, /\n {4}at /, 'no stack')
  }
  await says('usher why', 2, /which workload\? usher why WORKLOAD/)
  await says('usher why service/web', 2, /"service" is not a kind that is known here/)
  await says('usher why web db', 2, /one WORKLOAD at a time/)
  await says('usher why web -o wide', 2, /"wide" is none of table, json and yaml/)
  await says('usher why web --timeout 0', 2, /--timeout: nothing is answered in no time/)
  await says('usher why wep -n shop', 1, /there is no workload wep in namespace shop; did you mean web\?/)
  await says('usher why deployment/web -n shopp', 1, /there is no namespace shopp .*did you mean shop\?/)
  await says('usher why idle -n shop', 1, /there is no workload idle in namespace shop; there is one in well: -n well/)
  await says('usher why web --context nowhere', 3, /there is no context "nowhere"/)
}

async function missingRights(t: Test, stage: Stage): Promise<void> {
  const { shell } = stage
  const as = async (name: string, rules: string): Promise<string> => {
    await shell.read(`kubectl create serviceaccount ${name} -n shop && kubectl create role ${name} -n shop ${rules} && kubectl create rolebinding ${name} -n shop --role=${name} --serviceaccount=shop:${name}`)
    const token = (await shell.read(`kubectl create token ${name} -n shop`)).trim()
    return `sed 's/"token":"[^"]*"/"token":"${token}"/; s/token: .*/token: ${token}/' "$KUBECONFIG" > "$HOME/${name}" && chmod 600 "$HOME/${name}" && usher why web -n shop --kubeconfig "$HOME/${name}"`
  }
  const viewer = await explain(t, stage, await as('viewer', '--verb=get,list --resource=pods,deployments.apps'))
  t.match(viewer, /^web-7d9f8-a and web-7d9f8-b: none of 3 nodes takes it$/m)
  t.match(viewer, /^its replicasets could not be asked: .*cannot list resource "replicasets"/m)
  t.match(viewer, /^Events could not be asked: .*cannot list resource "events"/m)
  t.match(viewer, /^whether there is a DaemonSet web, too, could not be asked: /m)
  const nobody = await shell.run(await as('nobody', '--verb=get --resource=services'))
  t.equal(nobody.code, 1)
  t.match(nobody.stderr, /cannot get resource "deployments".*choose a context that may/)
}
