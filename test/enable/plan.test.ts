import t from 'tap'
import { candidateOf } from '../../src/enable/candidate.ts'
import { formsOf, without } from '../../src/enable/forms.ts'
import type { NamespaceState } from '../../src/enable/namespace-state.ts'
import { planOf } from '../../src/enable/plan.ts'
import { changeText } from '../../src/enable/report.ts'
import { decide } from '../../src/inject/decide.ts'
import type { DecisionContext } from '../../src/inject/context.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { context } from '../support/context.ts'
import { plainSpec, workload } from '../support/enable-world.ts'

const inState = (state: NamespaceState): DecisionContext => ({ ...context, namespace: { ...context.namespace, labels: state === 'none' ? {} : { 'usher.dev/inject': state } } })

function candidate(parts: Parameters<typeof workload>[1] = {}, kind = 'Deployment') {
  const found = candidateOf({ apiVersion: 'apps/v1', kind, ...workload('web', parts) })
  if (found === undefined) throw new Error('there is no candidate')
  return found
}

const plan = (from: NamespaceState, to: NamespaceState, parts: Parameters<typeof workload>[1] = {}, kind?: string) => planOf(candidate(parts, kind), inState(from), inState(to))
const optIn = { metadata: { labels: { 'usher.dev/inject': 'enabled' } } }

t.test('what pods gain and lose, by the label of their namespace and their own', async (t) => {
  for (const [from, to, parts, change] of [
    ['none', 'enabled', {}, 'gains'],
    ['audit', 'enabled', {}, 'gains'],
    ['disabled', 'enabled', {}, 'gains'],
    ['enabled', 'none', {}, 'loses'],
    ['enabled', 'audit', {}, 'loses'],
    ['none', 'audit', {}, 'none'],
    ['audit', 'none', {}, 'none'],
    ['none', 'enabled', optIn, 'keeps'],
    ['enabled', 'none', optIn, 'keeps'],
    ['enabled', 'disabled', optIn, 'loses'],
    ['none', 'audit', optIn, 'loses'],
    ['none', 'enabled', { metadata: { annotations: { 'usher.dev/inject': 'no' } } }, 'none'],
  ] as const) t.equal(plan(from, to, parts).change, change, `${from} → ${to} ${JSON.stringify(parts)}`)
})

t.test('how they change, in a few words', async (t) => {
  const hooked = { name: 'proxy', image: 'p', lifecycle: { preStop: { exec: { command: ['x'] } } } }
  for (const [text, parts, kind] of [
    ['+lock; +nap 10s in web, grace 30s → 40s', {}, undefined],
    ['+lock; +nap 5s in web, grace 60s → 65s', { metadata: { annotations: { 'usher.dev/nap': '5s' } }, spec: plainSpec({ terminationGracePeriodSeconds: 60 }) }, undefined],
    ['+lock; +nap 10s in web, grace 30s → 40s', { spec: plainSpec({ containers: [{ name: 'web', image: 'w' }, hooked] }) }, undefined],
    ['+nap 10s in web, grace 30s → 40s; no lock: lock-disabled', { metadata: { annotations: { 'usher.dev/lock': 'disabled' } } }, undefined],
    ['+lock; no nap: grace-period-zero', { spec: plainSpec({ terminationGracePeriodSeconds: 0 }) }, undefined],
    ['+lock; +nap 10s in a, b, c and 1 more, grace 30s → 40s', { spec: { containers: ['a', 'b', 'c', 'd'].map((name) => ({ name, image: 'i' })) } }, undefined],
    ['daemonset-pod', {}, 'DaemonSet'],
  ] as const) t.equal(changeText(plan('none', 'enabled', parts as Parameters<typeof workload>[1], kind)), text)
  t.equal(changeText(plan('enabled', 'none')), '-lock; -nap 10s in web, grace 40s → 30s')
  t.equal(changeText(plan('none', 'enabled', optIn)), 'as now, by the label of its pods')
})

t.test("an annotation that usher cannot read is told, with the workload's plan", async (t) => {
  t.match(plan('none', 'enabled', { metadata: { annotations: { 'usher.dev/nap': 'long' } } }).warnings, [/usher\.dev\/nap/])
})

t.test('the two forms of a pod: the API server and the webhook make one of each', async (t) => {
  const mark = (pod: JsonObject) => ({ label: (pod['metadata'] as { labels: JsonObject }).labels['usher.dev/inject'], annotation: (pod['metadata'] as { annotations?: JsonObject }).annotations?.['usher.dev/inject'] })
  const plain = candidate().pod
  const opting = candidate(optIn).pod
  for (const [state, pod, bare, injected] of [
    ['none', plain, {}, { label: 'enabled' }],
    ['none', opting, { label: 'enabled', annotation: 'disabled' }, { label: 'enabled' }],
    ['enabled', plain, { annotation: 'disabled' }, {}],
  ] as const) {
    const forms = formsOf(pod, state, inState('enabled'))
    t.match(mark(forms.bare), { label: undefined, annotation: undefined, ...bare }, `${state}, bare`)
    t.match(mark(forms.injected), { label: undefined, annotation: undefined, ...injected }, `${state}, injected`)
    t.ok(forms.byWebhook)
    // What the webhook will say of them.
    t.strictSame(decide(forms.bare, inState(state)).patch, [], `${state}, bare`)
    t.ok(decide(forms.injected, inState(state)).patch.length > 0, `${state}, injected`)
  }
})

t.test('where the webhook is not asked, its part stands in the pod', async (t) => {
  for (const [state, byHand] of [['audit', false], ['disabled', false], ['none', true]] as const) {
    const { bare, injected, byWebhook } = formsOf(candidate().pod, state, inState('enabled'), byHand)
    t.notOk(byWebhook, state)
    t.strictSame(bare, candidate().pod)
    t.match(injected, { metadata: { labels: { app: 'web', 'usher.dev/inject': undefined }, annotations: { 'usher.dev/status': /^\{"v":1/ } }, spec: { initContainers: [{ name: 'usher-lock' }] } })
    t.strictSame(decide(injected, inState('enabled')).patch, [], 'and nothing is added to it')
  }
})

t.test('a part that is left out for a trial is not put in', async (t) => {
  const codes = (feature: 'nap' | 'lock') => decide(without(feature, candidate().pod), inState('enabled')).reasons.map(({ code }) => code)
  t.strictSame(codes('lock'), ['nap-added', 'lock-disabled'])
  t.strictSame(codes('nap'), ['nap-disabled', 'lock-added'])
})
