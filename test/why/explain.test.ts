import t from 'tap'
import { instanceOf } from '../../src/job/instances/instance.ts'
import type { LockPlace } from '../../src/job/instances/lock-place.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { explain } from '../../src/why/explain.ts'
import type { SeenPod, WhyFacts } from '../../src/why/facts.ts'
import { reportLines, toJson } from '../../src/why/report.ts'
import { after, afterMs, instancePods, states } from '../support/instance-pod.ts'

const nowMs = afterMs(100)

const deployment = (parts: { readonly spec?: JsonObject; readonly status?: JsonObject; readonly metadata?: JsonObject } = {}): JsonObject => ({
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', uid: 'uid-web', generation: 2, creationTimestamp: after(0), ...parts.metadata },
  spec: { replicas: 3, ...parts.spec },
  status: { observedGeneration: 2, ...parts.status },
})

const see = (pod: JsonObject, place?: LockPlace): SeenPod => ({ pod, instance: instanceOf(pod, { nowMs, lock: place }), place })

const facts = (parts: Partial<WhyFacts> = {}): WhyFacts => ({ nowMs, workload: deployment(), replicaSets: [], pods: [], events: [], logs: [], unasked: [], ...parts })

/** What a person reads. */
const text = (parts: Partial<WhyFacts>): string => {
  const all = facts(parts)
  return reportLines(explain(all), all, (_color, words) => words).join('\n')
}

t.test('pods that are as they are for the same reason are explained once, trouble first', async (t) => {
  const pending = ['a', 'b', 'c'].map((name) => see({ ...instancePods.unschedulable('0/2 nodes are available: 2 Too many pods.'), metadata: { name, namespace: 'shop' } }))
  const starting = see(instancePods.starting({ name: 'd' }))
  const { causes, instances } = explain(facts({ pods: [starting, ...pending] }))
  t.strictSame(causes.map((cause) => cause.instances), [['a', 'b', 'c'], ['d']])
  t.match(causes[0]?.title, 'a and 2 more: none of 2 nodes takes it')
  t.strictSame(instances.map(({ name }) => name), ['a', 'b', 'c', 'd'])
})

t.test('the last lines of a container that has ended stand with its exit', async (t) => {
  const crash = see(instancePods.unready({ name: 'web-1', web: { restartCount: 2, state: states.waiting('CrashLoopBackOff'), lastState: states.ended(1, 40, 58) } }))
  const found = text({ pods: [crash], logs: [{ pod: 'web-1', container: 'web', lines: ['booting', 'no such \u{1b}[31mtable'] }] })
  t.match(found, 'web-1: web ended with exit code 1, restarted 2 times; it is started again after a pause (CrashLoopBackOff)\n  the last lines of web:\n    booting\n    no such ?[31mtable\n  next: kubectl logs web-1 -n shop -c web --previous')
  t.match(text({ pods: [crash], logs: [{ pod: 'web-1', container: 'web', lines: [] }] }), 'web has logged nothing')
})

t.test('of a job, the next step is a verb of usher job', async (t) => {
  const labels = { 'usher.dev/job': 'web' }
  t.match(text({ pods: [see(instancePods.unready({ name: 'web-1', metadata: { labels } }))] }), 'next: usher job logs web -n shop --container web')
})

t.test('queued and gated: all that is known of the lock', async (t) => {
  const queued: LockPlace = { kind: 'queued', position: 3, waitedSeconds: 12, leftSeconds: 200, gates: [{ name: 'cpu', reason: 'busy', closedSeconds: 9 }], holders: [1, 2, 3, 4].map((each) => ({ pod: each === 4 ? null : `shop/api-${each}`, heldSeconds: each, ...(each === 1 ? { lacks: 'api: readiness probe' } : {}) })) }
  t.match(text({ pods: [see(instancePods.waiting({ name: 'web-1' }), queued)] }), [
    '  gate cpu has been closed for 9s: busy',
    '  shop/api-1 has started for 1s, and lacks api: readiness probe',
    '  shop/api-2 has started for 2s',
    '  shop/api-3 has started for 3s',
    '  and 1 more',
    '  it starts in 3m20s at the latest, whether it is its turn by then or not',
    '  next: usher status node-2 shows all who start and wait there',
  ].join('\n'))
  const gated: LockPlace = { kind: 'gated', waitedSeconds: 40, waitsFor: [{ target: 'job/db', state: '0 of 1 replicas ready', leftSeconds: 560, onTimeout: 'fail' }, { target: 'service/data/redis', state: 'there is none', leftSeconds: 60, onTimeout: 'proceed' }], cycle: ['job/db', 'deployment/shop/web'] }
  t.match(text({ pods: [see(instancePods.waiting({ name: 'web-1' }), gated)] }), [
    '  job/db: 0 of 1 replicas ready; in 9m20s usher-lock fails, and waits anew',
    '  service/data/redis: there is none; in 60s it goes on without it',
    '  these wait for each other: job/db, deployment/shop/web',
    '  next: take one of them out of usher.dev/depends-on',
    '  next: usher why job/db -n shop',
    '  next: kubectl get endpointslices -n data -l kubernetes.io/service-name=redis',
  ].join('\n'))
})

t.test('Events tell what the cause does not say already, and old ones nothing', async (t) => {
  const event = (message: string, parts: Partial<WhyFacts['events'][number]> = {}) => ({ type: 'Warning', reason: 'FailedMount', message, count: 1, lastMs: nowMs - 5_000, of: 'Pod/web-1', uid: 'uid-web-1', ...parts }) as const
  const found = text({
    pods: [see(instancePods.starting({ name: 'web-1', metadata: { uid: 'uid-web-1' } }))],
    events: [event('no such secret'), event('of another', { uid: 'x' }), event('fine', { type: 'Normal' }), event('long ago', { lastMs: nowMs - 7_200_000 })],
  })
  t.match(found, '  FailedMount, 5s ago: no such secret\n')
  for (const no of ['of another', 'fine', 'long ago']) t.notMatch(found, no)
})

t.test('what is about the workload: no pods, a change that nobody has looked at, a pause, an older revision', async (t) => {
  t.match(text({}), 'its controller has made no pods, and says nothing of them')
  t.match(text({ workload: deployment({ metadata: { generation: 3 } }) }), 'its controller has not looked at its last change yet')
  t.notMatch(text({ nowMs: afterMs(5), workload: deployment({ metadata: { generation: 3 } }) }), 'has not looked', 'it has had no time')
  t.match(text({ workload: deployment({ spec: { paused: true } }) }), 'its rollout is paused')
  const revision = { annotations: { 'deployment.kubernetes.io/revision': '4' } }
  const replicaSets = [{ metadata: { name: 'web-new', labels: { 'pod-template-hash': 'new' }, ...revision } }]
  t.match(text({ workload: deployment({ metadata: revision }), replicaSets, pods: [see(instancePods.ready())] }), '1 of its pods is of an older revision: a rollout is under way')
  t.match(text({ workload: { kind: 'Job', metadata: { name: 'j', namespace: 'shop' }, spec: { completions: 1 }, status: { conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' }] } } }), /^Job shop\/j: Failed 0\/1\n\nit has failed: Job has reached the specified backoff limit\n {2}next: a Job that has failed is not tried again/)
  t.match(text({ workload: { kind: 'Job', metadata: { name: 'j', namespace: 'shop' }, spec: { suspend: true } } }), 'it is suspended (spec.suspend)')
})

t.test('one screen, however many there are; all of them in the JSON', async (t) => {
  const reasons = ['ErrImagePull', 'InvalidImageName', 'ErrImageNeverPull', 'CreateContainerError', 'RunContainerError']
  const pods = Array.from({ length: 40 }, (_, index) => see(instancePods.starting({ name: `web-${index}`, web: { state: states.waiting(reasons[index % reasons.length] ?? '') } })))
  const all = facts({ workload: deployment({ spec: { replicas: 40 } }), pods, unasked: ['Events could not be asked: no'] })
  const lines = reportLines(explain(all), all, (_color, words) => words)
  t.ok(lines.length <= 30, `${lines.length} lines`)
  t.match(lines.join('\n'), /\nand 30 more: 30 Starting\n[^]*\nand 1 cause more: -o json has all\n[^]*\nEvents could not be asked: no$/)
  const json = toJson(explain(all), all) as { readonly instances: readonly object[]; readonly causes: readonly object[] }
  t.equal(json.instances.length, 40)
  t.equal(json.causes.length, 5)
  t.match(json, { kind: 'Deployment', namespace: 'shop', name: 'web', state: 'Degraded', notAsked: ['Events could not be asked: no'] })
})

t.test('whether a node takes it stands below', async (t) => {
  const node = { node: 'worker-3', takes: false, reasons: ['cordoned', 'memory: 1Gi left'], notJudged: ['where its volumes can be attached'] }
  t.match(text({ pods: [see(instancePods.ready())], node }), '\nworker-3 does not take an instance of it:\n  cordoned\n  memory: 1Gi left\n  not looked at: where its volumes can be attached')
  t.match(text({ node: { ...node, takes: undefined, reasons: [], notJudged: [] } }), 'whether worker-3 takes an instance of it is not known')
})
