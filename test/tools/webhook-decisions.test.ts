import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { smallPod } from '../support/review.ts'
import { until } from '../support/until.ts'
import { readMetric } from '../support/webhook.ts'
import { namespace, startWebhookCluster, type WebhookCluster } from './webhook-cluster.ts'

t.test('what the API server asks of a webhook with the rights of the chart, and what comes of it', async (t) => {
  const cluster = await startWebhookCluster(t)
  const { shell } = cluster
  const webhook = await cluster.webhook()
  await cluster.configure(webhook.port)
  await webhook.line('put the CA into the webhook configuration')
  await until('it is ready', async () => (await webhook.probe('/readyz')).status === 200)
  await webhook.line('version of the API server')
  for (const [name, label] of [['shop', 'enabled'], ['trial', 'audit']] as const) {
    await shell.read(`kubectl create namespace ${name}`)
    await shell.read(`kubectl create serviceaccount default --namespace ${name}`)
    await shell.read(`kubectl label namespace ${name} usher.dev/inject=${label}`)
  }
  await shell.read('kubectl annotate namespace shop usher.dev/nap=17s')
  const metric = async (sample: string): Promise<number> => readMetric((await webhook.probe('/metrics')).body, sample)
  const leftOut = (cause: string): Promise<number> => metric(`usher_webhook_breaker_open{cause="${cause}"}`)

  // The API server takes a moment to know a webhook configuration; until then pods pass as they are.
  await t.test('while there is no DaemonSet of locks: a nap, as long as the namespace says, and no lock', async (t) => {
    const pod = await until('it is injected', async () => {
      const created = await create(cluster, 'shop', 'before')
      return reasonsOf(cluster, 'before') === '' ? undefined : created
    })
    t.equal(sleepOf(pod), 17)
    t.strictSame(initNames(pod), [])
    t.equal(reasonsOf(cluster, 'before'), 'nap-added,lock-unavailable')
    t.equal(await leftOut('no-lock-ready'), 1)
    await webhook.line('the lock is left out: no lock is ready on any node')
  })

  await t.test('when a lock is ready: a lock', async (t) => {
    await shell.read('kubectl create -f -', JSON.stringify(lockDaemonSet))
    await ready(cluster, 1)
    await webhook.line('the lock is injected')
    const reviews = (): Promise<number> => metric('usher_webhook_request_duration_seconds_count')
    const before = await reviews()
    t.strictSame(initNames(await create(cluster, 'shop', 'with-lock')), ['usher-lock'])
    t.equal((await reviews()) - before, 1, 'in one review: nothing is left that the API server would add to our container')
    t.equal(reasonsOf(cluster, 'with-lock'), 'nap-added,lock-added')
    t.equal(await leftOut('no-lock-ready'), 0)
    t.strictSame(await eventReasons(cluster), ['LockInjectedAgain', 'LockLeftOut'])
  })

  await t.test('in a namespace in audit mode: what would be done stands in the audit log, and nothing is done', async (t) => {
    const pod = await create(cluster, 'trial', 'as-it-was')
    t.strictSame(initNames(pod), [])
    t.equal(sleepOf(pod), undefined)
    t.equal(reasonsOf(cluster, 'as-it-was', 'audit'), 'audit,nap-added,lock-added')
    t.match(await until('the log has it', () => webhook.lines('review').find(({ pod: name }) => name === 'as-it-was')), {
      namespace: 'trial', reasons: 'audit,nap-added,lock-added', patched: false,
    })
  })

  await t.test('a label that is changed counts at once', async (t) => {
    await shell.read('kubectl label namespace trial usher.dev/inject=enabled --overwrite')
    let tries = 0
    const pod = await until('it is injected', async () => {
      const created = await create(cluster, 'trial', `now-${tries++}`)
      return initNames(created).length > 0 ? created : undefined
    })
    t.equal(sleepOf(pod), 10)
  })

  await t.test('while a pod hangs on usher-lock: no lock for others', async (t) => {
    const state = { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } }
    const initContainerStatuses = [{ name: 'usher-lock', image: 'i', imageID: '', ready: false, restartCount: 0, state }]
    const patch = JSON.stringify({ status: { initContainerStatuses } })
    await shell.read(`kubectl patch pod with-lock --namespace shop --subresource status --type merge --patch '${patch}'`)
    // It must have hung for 20 s.
    while ((await leftOut('init-container-hangs')) === 0) await pause(500)
    t.match(await webhook.line('the lock is left out: pods hang on their init container usher-lock'), {
      causes: ['init-container-hangs'], pods: 1, pod: 'shop/with-lock', reason: 'ImagePullBackOff',
    })
    const pod = await create(cluster, 'shop', 'without')
    t.strictSame(initNames(pod), [])
    t.equal(sleepOf(pod), 17)
    t.equal(reasonsOf(cluster, 'without'), 'nap-added,lock-unavailable')
    t.strictSame(await until('the event', async () => {
      const all = await eventReasons(cluster)
      return all.length === 3 ? all : undefined
    }), ['LockInjectedAgain', 'LockLeftOut', 'LockLeftOut'])
  })

  for (const watch of ['namespaces', 'lock-daemonset', 'pending-pods']) {
    t.ok((await metric(`usher_webhook_watch_stale_seconds{watch="${watch}"}`)) > 0, watch)
  }
  t.strictSame(webhook.lines('a watch is lost; what was known stays for a while'), [], 'the rights suffice')
  t.strictSame(webhook.lines('the API server does not take an event'), [])
})

const labels = { app: 'usher-lock' }
const lockDaemonSet = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'usher-lock', namespace },
  spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'lock', image: 'usher:1' }] } } },
}

async function ready({ shell }: WebhookCluster, numberReady: number): Promise<void> {
  const status = { numberReady, currentNumberScheduled: 1, desiredNumberScheduled: 1, numberMisscheduled: 0 }
  const patch = JSON.stringify({ status })
  await shell.read(`kubectl patch daemonset usher-lock --namespace ${namespace} --subresource status --type merge --patch '${patch}'`)
}

/** Creates a pod, in the place of one of the same name, and gives it back as it was stored. */
async function create({ shell, get }: WebhookCluster, space: string, name: string): Promise<JsonObject> {
  await shell.read(`kubectl delete pod ${name} --namespace ${space} --ignore-not-found --force --grace-period 0`)
  await shell.read(`kubectl create --namespace ${space} -f -`, JSON.stringify(smallPod({ name })))
  return get(`pod ${name} --namespace ${space}`)
}

/** The reasons that the API server has written into its audit log for the last pod of this name, for an entry of ours. */
function reasonsOf({ audited }: WebhookCluster, name: string, webhook = 'namespace'): string {
  const entry = audited().findLast(({ objectRef }) => isObject(objectRef) && objectRef['name'] === name)
  const annotations = isObject(entry?.['annotations']) ? entry['annotations'] : {}
  const reasons = Object.entries(annotations).find(([key]) => key === `${webhook}.usher.dev/reasons`)
  return typeof reasons?.[1] === 'string' ? reasons[1] : ''
}

async function eventReasons({ get }: WebhookCluster): Promise<readonly string[]> {
  const { items } = await get(`events --namespace ${namespace}`)
  const events = Array.isArray(items) ? items.filter(isObject) : []
  return events
    .filter(({ involvedObject }) => isObject(involvedObject) && involvedObject['kind'] === 'DaemonSet' && involvedObject['name'] === 'usher-lock')
    .map(({ reason }) => (typeof reason === 'string' ? reason : ''))
    .toSorted()
}

function initNames({ spec }: JsonObject): readonly unknown[] {
  const all = isObject(spec) ? spec['initContainers'] : undefined
  return Array.isArray(all) ? all.map((each: unknown) => (isObject(each) ? each['name'] : each)) : []
}

function sleepOf({ spec }: JsonObject): unknown {
  const containers = isObject(spec) ? spec['containers'] : undefined
  const first: unknown = Array.isArray(containers) ? containers[0] : undefined
  const lifecycle = isObject(first) ? first['lifecycle'] : undefined
  const preStop = isObject(lifecycle) ? lifecycle['preStop'] : undefined
  const sleep = isObject(preStop) ? preStop['sleep'] : undefined
  return isObject(sleep) ? sleep['seconds'] : undefined
}
