import t from 'tap'
import { type Inmate, strangersAmong } from '../../src/install/strangers.ts'

const inmate = (kind: string, name: string, owners: readonly string[] = [], isLabelled = false): Inmate => ({ kind, name, uid: `${kind}/${name}`, owners, isLabelled })

t.test('what goes takes with it what it owns, and what that owns', async (t) => {
  const inmates = [
    inmate('Pod', 'usher-webhook-x-y', ['ReplicaSet/usher-webhook-x']),
    inmate('ReplicaSet', 'usher-webhook-x', ['Deployment/usher-webhook']),
    inmate('Deployment', 'usher-webhook'),
    inmate('EndpointSlice', 'usher-webhook-a', ['Service/usher-webhook']),
    inmate('Endpoints', 'usher-webhook'),
  ]
  t.strictSame(strangersAmong(inmates, ['Deployment/usher-webhook', 'Service/usher-webhook'], ['usher-webhook']), [])
})

t.test('what an earlier attempt has left of it goes, too', async (t) => {
  t.strictSame(strangersAmong([inmate('Pod', 'usher-lock-x', ['gone'], true)], [], []), [])
  const [pod] = [inmate('Pod', 'usher-debug', [], true)]
  t.strictSame(strangersAmong([pod], [], []), [pod], 'but for what nobody has made it for')
})

t.test('what is in every namespace is nobody\'s', async (t) => {
  t.strictSame(strangersAmong([inmate('ServiceAccount', 'default'), inmate('ConfigMap', 'kube-root-ca.crt'), inmate('Event', 'x'), inmate('RoleBinding', 'system:deployers')], [], []), [])
})

t.test('whatever else there is, is a stranger\'s', async (t) => {
  const inmates = [inmate('ConfigMap', 'mine'), inmate('PersistentVolumeClaim', 'data'), inmate('Pod', 'web-0', ['StatefulSet/web']), inmate('Endpoints', 'other'), inmate('ServiceAccount', 'deployer2'), inmate('constructor', 'x')]
  t.strictSame(strangersAmong(inmates, ['Deployment/usher-webhook'], ['usher-webhook']), inmates)
})
