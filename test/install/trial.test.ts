import t from 'tap'
import { defaultConfig } from '../../src/config/defaults.ts'
import { judgeTrial, judgeTrials } from '../../src/install/trial.ts'
import { injectedPod, namespace, told } from '../support/check-facts.ts'

const known = { config: told(defaultConfig), kubeVersion: { major: 1, minor: 37 } }
const shop = namespace('shop')
const rejected = { kind: 'failed', message: 'no room' } as const

t.test('a pod that has come back with all that it was to get', async (t) => {
  t.strictSame(judgeTrial({ namespace: shop, pod: told(injectedPod(shop)) }, known), { kind: 'injected', text: 'a pod in shop came back with nap and lock (dry run)' })
})

t.test('a pod that opts in itself, where usher is on in no namespace', async (t) => {
  const plain = { metadata: { name: 'default', labels: {} } }
  t.match(judgeTrial({ namespace: plain, mark: 'enabled', pod: told(injectedPod(shop)) }, known), { kind: 'injected' })
  t.match(judgeTrial({ namespace: plain, mark: 'enabled', pod: told({}) }, known), { kind: 'bare', text: 'in default the API server makes it without the webhook' })
  const off = { metadata: { name: 'default', labels: { 'usher.dev/inject': 'disabled' } } }
  t.match(judgeTrial({ namespace: off, mark: 'enabled', pod: told({}) }, known), { kind: 'idle', text: /namespace-opted-out/ })
})

t.test('a pod that lacks what the configuration and its namespace promise', async (t) => {
  const noLock = namespace('shop', { 'usher.dev/lock': 'disabled' })
  t.match(judgeTrial({ namespace: noLock, pod: told(injectedPod(noLock)) }, known), { kind: 'injected', text: 'a pod in shop came back with nap (dry run)' })
  t.match(judgeTrial({ namespace: shop, pod: told(injectedPod(noLock)) }, known), { kind: 'bare', text: 'in shop it comes back without its lock' })
  const neither = namespace('shop', { 'usher.dev/lock': 'disabled', 'usher.dev/nap': 'disabled' })
  t.match(judgeTrial({ namespace: neither, pod: told({}) }, known), { kind: 'idle' })
})

t.test('a pod that is rejected says something only where it is because of usher', async (t) => {
  t.match(judgeTrial({ namespace: shop, pod: rejected, control: told({}) }, known), { kind: 'bare', text: /because of what usher puts in: no room/ })
  t.match(judgeTrial({ namespace: shop, pod: rejected, control: rejected }, known), { kind: 'idle', text: 'in shop it is rejected: no room' })
})

t.test('one that is injected is enough; one that is bare says more than one that says nothing', async (t) => {
  const [injected, bare, idle] = (['injected', 'bare', 'idle'] as const).map((kind) => ({ kind, text: kind }))
  if (injected === undefined || bare === undefined || idle === undefined) throw new Error('three')
  t.equal(judgeTrials([idle, bare, injected]), injected)
  t.equal(judgeTrials([idle, bare]), bare)
  t.equal(judgeTrials([idle]), idle)
  t.equal(judgeTrials([]), undefined)
})
