import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import { watchServiceAccountKeys } from '../../src/kube/service-account-keys.ts'
import { verifyToken } from '../../src/lock/token.ts'
import { until } from '../support/until.ts'
import { startApiServer } from './api-server.ts'
import { openShell } from './shell.ts'

t.test('tokens of a real API server, verified with its own keys', async (t) => {
  const cluster = await start(t)

  await t.test('tell of which pod they are', async (t) => {
    const keys = await watch(t, cluster.kubeconfig)
    const token = await cluster.tokenFor(`--audience usher ${cluster.bound}`)
    t.ok(token.length < 4_096, `${token.length} characters, of 4,096 that usher-wait reads`)
    const wanted = { audience: 'usher', issuer: 'https://kubernetes.default.svc', keys, nowMs: Date.now() }
    t.strictSame(verifyToken(token, wanted), { kind: 'of-pod', pod: cluster.pod })
    t.strictSame(verifyToken(token, { ...wanted, nowMs: Date.now() + 661_000 }), { kind: 'refused', reason: 'expired' })
    t.strictSame(verifyToken(await cluster.tokenFor(cluster.bound), wanted), { kind: 'refused', reason: 'audience-wrong' }, 'as every pod has one')
    t.strictSame(verifyToken(await cluster.tokenFor('--audience usher'), wanted), { kind: 'refused', reason: 'not-of-a-pod' })
  })

  await t.test('are of no use in another cluster, whose keys are of RSA', async (t) => {
    const other = await start(t, rsaFlags(t))
    const keys = await watch(t, other.kubeconfig)
    const wanted = { audience: 'usher', keys, nowMs: Date.now() }
    t.strictSame(verifyToken(await other.tokenFor(`--audience usher ${other.bound}`), wanted), { kind: 'of-pod', pod: other.pod })
    t.strictSame(verifyToken(await cluster.tokenFor(`--audience usher ${cluster.bound}`), wanted), { kind: 'refused', reason: 'key-not-known' })
  })

  await t.test('can be verified by a service account without any rights', async (t) => {
    const config = JSON.parse(await cluster.read('kubectl config view --raw -o json'))
    const rightless = join(t.testdir({}), 'kubeconfig')
    writeFileSync(rightless, JSON.stringify({ ...config, users: [{ name: 'usher-test', user: { token: await cluster.tokenFor('') } }] }))
    t.match(await cluster.read(`kubectl --kubeconfig ${rightless} auth whoami -o 'jsonpath={.status.userInfo.username}'`), 'system:serviceaccount:default:default')
    t.ok((await watch(t, rightless)).isKnown())
  })
})

t.test('the volume with a token is admitted where Pod Security is restricted, and nothing is left of it afterwards', async (t) => {
  const { read } = await start(t)
  await read('kubectl create namespace shop && kubectl label namespace shop pod-security.kubernetes.io/enforce=restricted')
  await read('kubectl --namespace shop create serviceaccount default')
  const config = join(t.testdir({ 'usher.yaml': 'lock: { token: true }' }), 'usher.yaml')
  const securityContext = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }
  const container = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
  const spec = { securityContext, containers: [{ name: 'app', image: 'registry.example.test/app:1', securityContext: container }] }
  for (const version of ['1.37', '1.29']) {
    const pod = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop' }, spec })
    const injected = await read(`usher inject -q -f - --config ${config} --kube-version ${version}`, pod)
    const admitted = await read('kubectl create --dry-run=server -f - -o json', injected)
    const volume = JSON.parse(admitted).spec.volumes.find(({ name }: { name: string }) => name === 'usher-token')
    const serviceAccountToken = { audience: 'usher', expirationSeconds: 3_600, path: 'token' }
    t.strictSame(volume, { name: 'usher-token', projected: { defaultMode: 0o444, sources: [{ serviceAccountToken }] } }, version)
    t.equal(await read(`usher inject -q -f - --config ${config} --kube-version ${version} -o patch`, admitted), '[]\n', 'the API server has no defaults for it')
    t.equal(await read('usher uninject -q -f -', injected), pod)
  }
})

/** Starts an API server with one pod in it. */
async function start(t: Test, flags: readonly string[] = []) {
  const { kubeconfig } = await startApiServer(t, { flags })
  const { read } = openShell(t, { tools: ['kubernetes'], kubeconfig })
  const manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'cart-0' }, spec: { containers: [{ name: 'app', image: 'registry.example.test/app:1' }] } }
  const uid = await read(`kubectl create -f - -o 'jsonpath={.metadata.uid}'`, JSON.stringify(manifest))
  return {
    kubeconfig,
    read,
    pod: { uid, namespace: 'default', name: 'cart-0' },
    bound: `--bound-object-kind Pod --bound-object-name cart-0 --bound-object-uid ${uid}`,
    tokenFor: async (options: string) => (await read(`kubectl create token default --duration 600s ${options}`)).trim(),
  }
}

/** Lets an API server sign as most do. */
function rsaFlags(t: Test): readonly string[] {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const folder = t.testdir({ 'rsa.pub': publicKey, 'rsa.key': privateKey })
  return [`--service-account-key-file=${join(folder, 'rsa.pub')}`, `--service-account-signing-key-file=${join(folder, 'rsa.key')}`]
}

/** Waits until the keys have come. */
async function watch(t: Test, kubeconfig: string) {
  const keys = watchServiceAccountKeys(
    { config: fromKubeconfig(kubeconfig) },
    { lost: (error) => t.fail('the keys could not be had', { found: error }), back: () => undefined },
  )
  t.teardown(() => keys.stop())
  await until('the keys have come', () => keys.isKnown())
  return keys
}
