import t, { type Test } from 'tap'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { objectAt } from '../support/pod-reader.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { namespace } from './installed-locks.ts'
import { installUsher, patcher } from './installed-usher.ts'
import { parseObject } from './pod-template.ts'
import { policy } from './policies.ts'
import { openShell, type Shell } from './shell.ts'

interface Stage {
  readonly server: ApiServer
  readonly shell: Shell
  /** What the check has found: the outcome of each id, and its words. */
  check(): Promise<{ readonly code: number | null; readonly found: Readonly<Record<string, JsonObject>> }>
  readonly patch: ReturnType<typeof patcher>
}

async function startStage(t: Test): Promise<Stage> {
  // Services lead to their endpoints then, without anybody who routes their addresses.
  const server = await startApiServer(t, { flags: ['--enable-aggregator-routing=true'] })
  const shell = openShell(t, { tools: ['kubernetes', 'helm'], kubeconfig: server.kubeconfig })
  return {
    server,
    shell,
    async check() {
      const { code, stdout, stderr } = await shell.run('usher check -o json')
      const { checks } = stdout === '' ? { checks: [] } : parseObject(stdout)
      t.comment(stderr)
      return { code, found: Object.fromEntries((Array.isArray(checks) ? checks : []).filter(isObject).map((each) => [each['id'], each])) }
    },
    patch: patcher(shell),
  }
}

t.test('nothing is installed; and no cluster', async (t) => {
  const { check, server, shell } = await startStage(t)
  const { code, found } = await check()
  t.equal(code, 1)
  t.match(found, {
    'api-reachable': { outcome: 'ok', detail: /is Kubernetes v1\./ },
    'api-version': { outcome: 'ok' },
    permissions: { outcome: 'ok' },
    installed: { outcome: 'failed', detail: /is not installed/, hint: /helm install/, docs: 'https://usher.dev/docs/checks#installed' },
    injection: { outcome: 'skipped', detail: 'it makes no sense before installed is mended' },
  })
  t.equal((await shell.run('usher check --only api-reachable')).code, 0)
  await server.stop()
  const down = await shell.run('usher check')
  t.equal(down.code, 3)
  t.match(down.stdout, /× api-reachable +https.* does not answer as an API server: connect ECONNREFUSED/)
})

t.test('a whole installation, and what goes wrong with it', async (t) => {
  const stage = await startStage(t)
  const { check, server, shell, patch } = stage
  const webhook = await installUsher(t, server, shell)
  await shell.read('kubectl create namespace shop && kubectl label namespace shop usher.dev/inject=enabled && kubectl create serviceaccount default -n shop')

  const good = await check()
  t.same(Object.values(good.found).filter(({ outcome }) => outcome === 'failed' || outcome === 'warning'), [])
  t.equal(good.code, 0)
  for (const id of ['usher-rights', 'webhook-running', 'breaker', 'versions', 'webhook-registered', 'webhook-ca', 'webhook-certificate', 'webhook-reachable', 'injection', 'lock-running', 'lock-on-every-node', 'lock-answers', 'wait-image', 'pods-injected']) {
    t.match(good.found[id], { outcome: 'ok' }, id)
  }
  t.match(await shell.read('usher check'), /^Webhook\n {2}√ webhook-running /m)

  await shell.read(`kubectl set image deployment/usher-webhook -n ${namespace} webhook=usher:0.0.1`)
  t.match((await check()).found['versions'], { outcome: 'warning', items: [/^webhook is usher:0\.0\.1, labelled 0\.1\.0: Deployment usher-webhook$/] })

  // A namespace whose policy rejects whatever it likes, and one that takes out what was put in.
  await shell.read('kubectl create -f -', JSON.stringify(policyAgainst('lifecycle')))
  await shell.read('kubectl create namespace odd && kubectl label namespace odd usher.dev/inject=enabled odd=true && kubectl create serviceaccount default -n odd')
  const odd = await waitForCheck(check, 'injection', 'failed')
  t.match(odd['injection'], { items: [/^odd: pods are rejected because of what usher puts in: .*no hooks here/] })

  await shell.read(`kubectl delete clusterrolebinding usher-lock && kubectl label deployment usher-webhook -n ${namespace} --overwrite app.kubernetes.io/version=0.0.9`)
  const seen = ['endpointslices', 'deployments', 'statefulsets', 'daemonsets', 'jobs'].flatMap((resource) => [`usher-lock may not list ${resource}`, `usher-lock may not watch ${resource}`])
  const worse = await waitForCheck(check, 'usher-rights', 'failed')
  t.match(worse, {
    'usher-rights': { items: ['usher-lock may not list pods', 'usher-lock may not watch pods', 'usher-lock may not create events', 'usher-lock may not patch events', ...seen] },
    versions: { outcome: 'failed', items: ['the webhook: 0.0.9', 'the lock: 0.1.0', 'the configuration: 0.1.0'] },
  })

  webhook.kill('SIGKILL')
  await webhook.ended
  const dead = await check()
  t.equal(dead.code, 1)
  t.match(dead.found, {
    'webhook-reachable': { outcome: 'failed', detail: /nor can it connect to it: .*refused/, hint: /webhook\.hostNetwork=true/ },
    injection: { outcome: 'skipped' },
  })

  const { webhooks } = parseObject(await shell.read('kubectl get mutatingwebhookconfiguration usher -o json'))
  const astray = (webhooks as JsonObject[]).map((each) => ({ ...each, failurePolicy: 'Fail', clientConfig: { service: { ...objectAt(each, 'clientConfig', 'service'), namespace: 'elsewhere' } } }))
  await patch('mutatingwebhookconfiguration usher', { webhooks: astray })
  t.match((await check()).found['webhook-registered'], { outcome: 'failed', items: [/leads to elsewhere\/usher-webhook/] })
  await shell.read(`kubectl delete configmap usher-config -n ${namespace}`)
  t.match((await check()).found['installed'], { outcome: 'failed', detail: 'usher is installed by half, in usher-system', items: ['missing: ConfigMap of the configuration'] })
  await shell.read(`kubectl delete daemonset usher-lock -n ${namespace} && kubectl delete deployment usher-webhook -n ${namespace}`)
  t.match((await check()).found['installed'], { outcome: 'failed', detail: /usher is gone, and its webhook configuration is still there/ })
})

async function waitForCheck(check: Stage['check'], id: string, outcome: string): Promise<Readonly<Record<string, JsonObject>>> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const { found } = await check()
    if (found[id]?.['outcome'] === outcome) return found
  }
  throw new Error(`${id} is not ${outcome}`)
}

/** A policy that refuses pods with hooks, in namespaces labelled odd. */
function policyAgainst(field: string): object {
  return policy('no-hooks', `object.spec.containers.all(c, !has(c.${field}))`, 'no hooks here', 'odd')
}
