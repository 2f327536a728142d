import t from 'tap'
import type { ReasonCode } from '../../src/inject/reasons.ts'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { applied, readAnswer, reviewOf, reviewOfText, sampleRequest, smallPod } from '../support/review.ts'
import { agentFor, post } from '../support/tls-client.ts'
import { listeningWebhook } from '../support/webhook.ts'

const pods = { group: '', version: 'v1', resource: 'pods' }

function podWith(spec: JsonObject): JsonObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'odd' }, spec }
}

function tower(levels: number, open = '[', close = ']', inner = ''): string {
  return open.repeat(levels) + inner + close.repeat(levels)
}

const protoKey = '__proto__'
const container = '{"name":"app","image":"app:1"}'

/** Reviews that are answered with the uid, without a patch, and with this reason. */
const passed: readonly (readonly [string, ReasonCode, string])[] = [
  ['an UPDATE', 'not-a-create', reviewOf(smallPod(), { operation: 'UPDATE' })],
  ['a DELETE without an object', 'not-a-create', reviewOf(null, { operation: 'DELETE', oldObject: smallPod() })],
  ['a CONNECT', 'not-a-create', reviewOf(smallPod(), { operation: 'CONNECT' })],
  ['no operation', 'not-a-create', reviewOf(smallPod(), { operation: undefined })],
  ['a list of operations', 'not-a-create', reviewOf(smallPod(), { operation: ['CREATE'] })],
  ['a Deployment', 'not-a-pod', reviewOf({ kind: 'Deployment' }, { resource: { group: 'apps', version: 'v1', resource: 'deployments' } })],
  ['pods of another group', 'not-a-pod', reviewOf(smallPod(), { resource: { ...pods, group: 'metrics.k8s.io' } })],
  ['no resource', 'not-a-pod', reviewOf(smallPod(), { resource: undefined })],
  ['a null resource', 'not-a-pod', reviewOf(smallPod(), { resource: null })],
  ['a string for a resource', 'not-a-pod', reviewOf(smallPod(), { resource: 'pods' })],
  ['an eviction', 'not-a-pod', reviewOf({ kind: 'Eviction' }, { subResource: 'eviction' })],
  ['a pod bound to its node', 'not-a-pod', reviewOf({ kind: 'Binding' }, { subResource: 'binding' })],
  ['an ephemeral container', 'not-a-pod', reviewOf(smallPod(), { subResource: 'ephemeralcontainers', operation: 'UPDATE' })],
  ['a null object', 'malformed-pod', reviewOf(null)],
  ['no object', 'malformed-pod', reviewOf(undefined)],
  ['a list for an object', 'malformed-pod', reviewOf([smallPod()])],
  ['a string for an object', 'malformed-pod', reviewOf('pod')],
  ['a number for an object', 'malformed-pod', reviewOf(7)],
  ['true for an object', 'malformed-pod', reviewOf(true)],
  ['an empty object', 'malformed-pod', reviewOf({})],
  ['a null spec', 'malformed-pod', reviewOf({ spec: null })],
  ['a list for metadata', 'malformed-pod', reviewOf({ ...smallPod(), metadata: [] })],
  ['a string for annotations', 'malformed-pod', reviewOf(smallPod({ annotations: 'usher.dev/nap' }))],
  ['a number for a label', 'malformed-pod', reviewOf(smallPod({ labels: { app: 7 } }))],
  ['a number for an annotation', 'malformed-pod', reviewOf(smallPod({ annotations: { 'usher.dev/nap': 15 } }))],
  ['a string for containers', 'malformed-pod', reviewOf(podWith({ containers: 'app' }))],
  ['a map for containers', 'malformed-pod', reviewOf(podWith({ containers: { app: {} } }))],
  ['a number for containers', 'malformed-pod', reviewOf(podWith({ containers: 1 }))],
  ['null containers', 'malformed-pod', reviewOf(podWith({ containers: null }))],
  ['no containers', 'malformed-pod', reviewOf(podWith({ containers: [] }))],
  ['a null container', 'malformed-pod', reviewOf(podWith({ containers: [null] }))],
  ['a list for a container', 'malformed-pod', reviewOf(podWith({ containers: [[]] }))],
  ['a string for init containers', 'malformed-pod', reviewOf(podWith({ containers: [{ name: 'app' }], initContainers: 'x' }))],
  ['a string for volumes', 'malformed-pod', reviewOf(podWith({ containers: [{ name: 'app' }], volumes: 'x' }))],
  ['two containers of one name', 'malformed-pod', reviewOf(podWith({ containers: [{ name: 'app' }, { name: 'app' }] }))],
  ['an init container of the same name', 'malformed-pod', reviewOf(podWith({ containers: [{ name: 'app' }], initContainers: [{ name: 'app' }] }))],
  ['a container without a name', 'malformed-pod', reviewOf(podWith({ containers: [{ image: 'app:1' }] }))],
  ...['', ' ', 'App', '-app', 'app-', 'a.b', 'a/b', '../..', 'ünï', 'app\n', protoKey, 'x'.repeat(64), 'x'.repeat(1_000_000)].map(
    (name): readonly [string, ReasonCode, string] => {
      const title = `a container called ${JSON.stringify(name).slice(0, 20)}`
      return [title, 'malformed-pod', reviewOf(podWith({ containers: [{ name }] }))]
    },
  ),
  ['100,000 levels of lists for an object', 'pod-too-deep', reviewOfText(tower(100_000))],
  ['100,000 levels of objects for an object', 'pod-too-deep', reviewOfText(tower(100_000, '{"spec":', '}', '1'))],
  ['100,000 levels in a pod', 'pod-too-deep', reviewOfText(`{"spec":{"containers":[${container}],"x":${tower(100_000)}}}`)],
  ['100,000 levels in an annotation', 'pod-too-deep', reviewOfText(`{"metadata":{"annotations":{"x":${tower(100_000)}}},"spec":{"containers":[${container}]}}`)],
  ['9,000 levels for an object', 'malformed-pod', reviewOfText(tower(9_000))],
  ['9,000 levels for a container', 'malformed-pod', reviewOfText(`{"spec":{"containers":[${tower(9_000)}]}}`)],
  ...[protoKey, '\\u005f_proto__', '__pr\\u006fto__', '__\\u0070roto__', '\\u005F\\u005F\\u0070\\u0072\\u006F\\u0074\\u006F\\u005F\\u005F'].flatMap(
    (key): [string, ReasonCode, string][] => [
      [`${key} in a pod`, 'malformed-pod', reviewOfText(`{"${key}":{"x":1},"spec":{"containers":[${container}]}}`)],
      [`${key} in its metadata`, 'malformed-pod', reviewOfText(`{"metadata":{"${key}":null},"spec":{"containers":[${container}]}}`)],
      [`${key} for an annotation`, 'malformed-pod', reviewOfText(`{"metadata":{"annotations":{"${key}":"x"}},"spec":{"containers":[${container}]}}`)],
      [`${key} in a container`, 'malformed-pod', reviewOfText(`{"spec":{"containers":[{"${key}":[],"name":"app"}]}}`)],
      [`${key} where nobody looks`, 'malformed-pod', reviewOfText(`{"spec":{"containers":[${container}],"x":[[{"y":[{"${key}":1}]}]]}}`)],
    ],
  ),
]

t.test('lets through what it does not understand, with the uid, without a patch, with a reason', async (t) => {
  const server = await listeningWebhook(t)
  const agent = agentFor(t, server)
  for (const [title, reason, body] of passed) {
    const answer = await post(agent, server, body)
    t.equal(answer.status, 200, title)
    if (answer.status !== 200) continue
    const { uid, allowed, patch, reasons, keys } = readAnswer(answer.body)
    const wanted = { uid: 'uid-of-the-review', allowed: true, patch: undefined, reasons: [reason] }
    t.strictSame({ uid, allowed, patch, reasons }, wanted, title)
    t.strictSame(keys, ['uid', 'allowed', 'auditAnnotations'], `${title}: nothing else is answered`)
  }
  t.equal(server.log.lines('review').length, passed.length, 'each has its line')
  t.strictSame(server.log.lines('review failed; the pod passes unchanged'), [], 'none of them is a failure of ours')
  t.equal(({} as Record<string, unknown>)['x'], undefined, 'no prototype was changed')
})

/** Pods that are odd, but are injected all the same. */
const injected: readonly (readonly [string, string])[] = [
  ['9,000 levels of lists where nobody looks', `{"spec":{"containers":[${container}],"x":${tower(9_000)}}}`],
  ['9,000 levels of objects in a container', `{"spec":{"containers":[{"name":"app","x":${tower(9_000, '{"y":', '}', '0')}}]}}`],
  ['9,000 levels for a cpu request', `{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":${tower(9_000)}}}}]}}`],
  ['10,100 brackets in a string', `{"metadata":{"annotations":{"note":"${tower(5_050)}"}},"spec":{"containers":[${container}]}}`],
  ['a value that is __proto__', `{"metadata":{"labels":{"app":"__proto__"}},"spec":{"containers":[${container}]}}`],
  ['a key that only looks like __proto__', `{"metadata":{"annotations":{"__proto___":"x","\\u005fproto__":"y"}},"spec":{"containers":[${container}]}}`],
  [
    'annotations called as the methods of objects',
    `{"metadata":{"annotations":{"constructor":"x","toString":"y","hasOwnProperty":"z"}},"spec":{"containers":[${container}]}}`,
  ],
  ['a container called constructor', '{"spec":{"containers":[{"name":"constructor"}]}}'],
  ['a key twice', `{"spec":{"containers":[]},"spec":{"containers":[${container}]}}`],
  [
    'null in every place',
    '{"metadata":null,"spec":{"initContainers":null,"volumes":null,' +
      '"containers":[{"name":"app","lifecycle":null,"resources":null,"volumeMounts":null}]}}',
  ],
  ['unknown fields', `{"new":1,"spec":{"containers":[{"name":"app","newer":[1.0]}],"newest":{}}}`],
]

t.test('injects pods that are odd and sound', async (t) => {
  const server = await listeningWebhook(t)
  const agent = agentFor(t, server)
  for (const [title, object] of injected) {
    const answer = readAnswer((await post(agent, server, reviewOfText(object))).body)
    t.match(answer, { uid: 'uid-of-the-review', allowed: true, reasons: ['nap-added', 'lock-added'] }, title)
    const { spec } = applied(JSON.parse(object), answer.patch)
    t.match(spec, { initContainers: [{ name: 'usher-lock' }], terminationGracePeriodSeconds: 40 }, title)
  }
})

t.test('answers a dry run as it would answer in earnest', async (t) => {
  const server = await listeningWebhook(t)
  const agent = agentFor(t, server)
  for (const name of ['deployment-web', 'statefulset-db', 'bare-kubectl-run', 'job-migrate']) {
    const { uid, object, ...request } = sampleRequest(name)
    const [dry, earnest] = await Promise.all([true, false].map(async (dryRun) =>
      (await post(agent, server, reviewOf(object, { ...request, uid, dryRun }))).body,
    ))
    t.equal(dry, earnest, name)
    t.equal(readAnswer(dry ?? '').uid, uid, name)
  }
})

t.test('answers the reviews that an API server has sent', async (t) => {
  const server = await listeningWebhook(t)
  const agent = agentFor(t, server)
  for (const name of ['deployment-large', 'deployment-web', 'statefulset-db', 'replicationcontroller-old']) {
    const { object, ...request } = sampleRequest(name)
    const { allowed, patch, reasons } = readAnswer((await post(agent, server, reviewOf(object, request))).body)
    t.equal(allowed, true, name)
    t.ok(reasons.includes('lock-added'), `${name}: ${reasons.join()}`)
    t.match(isObject(object) && applied(object, patch), { spec: { initContainers: [{ name: 'usher-lock' }] } }, name)
  }
})
