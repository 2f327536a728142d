import t from 'tap'
import type { Installation } from '../../src/check/installation.ts'
import { describeRight, neededRights } from '../../src/check/needed-rights.ts'
import { installation } from '../support/check-facts.ts'

const workload = (name: string, args: readonly string[], more: object = {}): never =>
  ({ spec: { template: { spec: { serviceAccountName: `usher-${name}`, containers: [{ name, args }], ...more } } } }) as never

function needed(webhook: readonly string[], lock: readonly string[], more: object = {}): readonly string[] {
  const started: Installation = { ...installation, deployment: workload('webhook', webhook, more), daemonSet: workload('lock', lock) }
  return neededRights(started).map((right) => describeRight(right).replace(' may not ', ': '))
}

const least = ['usher-webhook: list namespaces', 'usher-webhook: watch namespaces', 'usher-webhook: list pods', 'usher-webhook: watch pods', 'usher-lock: list pods', 'usher-lock: watch pods']

t.test('the webhook needs Secrets and its configuration only where it makes the certificate itself', async (t) => {
  const own = needed(['--certs-secret=tls', '--webhook-configuration=usher'], [])
  t.same(own.filter((each) => !least.includes(each)), [
    'usher-webhook: get mutatingwebhookconfigurations usher',
    'usher-webhook: patch mutatingwebhookconfigurations usher',
    'usher-webhook: create secrets in usher-system',
    'usher-webhook: get secrets tls in usher-system',
    'usher-webhook: update secrets tls in usher-system',
  ])
  t.same(needed(['--tls-cert=/tls/tls.crt'], [], { volumes: [{ name: 'tls', secret: { secretName: 'issued' } }] }), least)
})

t.test('the webhook needs the DaemonSet of the lock, and events, only where there is a lock', async (t) => {
  t.same(needed(['--lock-daemonset=usher-lock'], []).filter((each) => !least.includes(each)), [
    'usher-webhook: list daemonsets usher-lock in usher-system',
    'usher-webhook: watch daemonsets usher-lock in usher-system',
    'usher-webhook: create events in usher-system',
  ])
})

t.test('the lock needs more for its gate, its events and its tokens', async (t) => {
  const ofLock = (...args: readonly string[]) => needed([], args).filter((each) => !least.includes(each))
  t.same(ofLock('--events=on'), ['usher-lock: create events', 'usher-lock: patch events'])
  t.same(ofLock('--daemonsets'), ['usher-lock: list daemonsets', 'usher-lock: get nodes'])
  t.same(ofLock('--daemonsets', '--daemonsets-namespace=kube-system'), ['usher-lock: list daemonsets in kube-system', 'usher-lock: get nodes'])
  t.same(ofLock('--daemonsets-namespace=kube-system'), [], 'the switch alone turns it on')
  t.same(ofLock('--token-audience=usher'), ['usher-lock: get /openid/v1/jwks'])
})

t.test('the lock needs to see what pods depend on only where it holds them for that', async (t) => {
  const wanted = ['endpointslices', 'deployments', 'statefulsets', 'daemonsets', 'jobs'].flatMap((resource) => [`usher-lock: list ${resource}`, `usher-lock: watch ${resource}`])
  t.same(needed([], ['--depends-on=on']).filter((each) => !least.includes(each)), wanted)
  t.same(needed([], ['--depends-on=off']), least)
})
