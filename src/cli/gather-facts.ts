import { type Asked, valueOf } from '../check/asked.ts'
import { isEnabled } from '../check/enabled.ts'
import type { Facts } from '../check/facts.ts'
import { hasContainer, partNames, usherSelector, webhookImage } from '../check/installation.ts'
import { nameOf, objectsAt, textAt } from '../check/json-paths.ts'
import { nappingNodes } from '../check/pod-checks.ts'
import { readLockPod } from '../status/lock-pods.ts'
import { parseKubeVersion } from '../units/kube-version.ts'
import { mapBounded } from '../units/map-bounded.ts'
import type { JsonObject } from '../units/json.ts'
import type { JoinedAdmin } from './admin-cluster.ts'
import { type Asker, type AskWatch, askWith } from './asker.ts'
import { dryRunPods } from './dry-run-pods.ts'
import { findParts, noParts } from './find-parts.ts'
import { askByProxy, findMissingRights, readConfig, readPods, readSecret } from './gather-parts.ts'
import { readStates } from './lock-states.ts'

// One is like the other, in most clusters.
const askedKubelets = 20
const askedAtATime = 4

/** Asks the cluster for all that the checks look at. Never throws: what cannot be told says why. */
export async function gatherFacts(admin: JoinedAdmin, ownVersion: string, signal: AbortSignal, watch?: AskWatch): Promise<Facts> {
  const asker = askWith(admin, signal, watch)
  const version = await asker.ask('the version of the API server', () => asker.get('/version'))
  // Nothing else would answer either, and each would take its time for that.
  const isUp = version.kind === 'told' || version.kind === 'denied'
  const absent: Asked<never> = { kind: 'failed', message: isUp ? 'usher is not installed' : 'the API server does not answer' }
  const parts = isUp ? await findParts(asker, admin.namespace) : noParts(version, absent)
  const { namespace, deployment, daemonSet, service } = parts.installation
  const names = partNames(parts.installation)
  const inOwn = `/api/v1/namespaces/${namespace}`
  const isThere = deployment !== undefined || daemonSet !== undefined
  const ask = async <T>(what: string, call: () => Promise<T>): Promise<Asked<T>> => (isThere ? asker.ask(what, call) : absent)
  const component = (name: string) => async () => {
    const pods = await asker.list(`${inOwn}/pods`, { labelSelector: `${usherSelector},app.kubernetes.io/component=${name}` })
    return pods.filter((pod) => hasContainer(pod, name))
  }

  const [secret, missingRights, config, everywhere, nodes, lockPods, webhookPods] = await Promise.all([
    ask(`Secret ${names.secret}`, () => readSecret(asker, `${inOwn}/secrets/${names.secret}`)),
    ask("the rights of usher's accounts (subjectaccessreviews)", () => findMissingRights(asker, parts.installation)),
    ask('the configuration', () => readConfig(parts.installation)),
    ask('namespaces', () => asker.list('/api/v1/namespaces')),
    ask('nodes', () => asker.list('/api/v1/nodes')),
    ask('pods of the lock', component('lock')),
    ask('pods of the webhook', component('webhook')),
  ])
  const kubeVersion = versionIn(version)
  const image = webhookImage(parts.installation)
  const ready = readyPods(valueOf(webhookPods) ?? [])
  const [dryRuns, locks, pods, webhookMetrics, webhookByProxy] = await Promise.all([
    isThere ? dryRunPods(asker, valueOf(everywhere), image, signal) : [],
    lockPods.kind === 'told' ? ask('the locks', () => readStates(admin, lockPods.value.map(readLockPod), signal)) : lockPods,
    // A pod cannot be judged without the labels and annotations of its namespace.
    everywhere.kind === 'told' ? ask('pods of the namespaces that are on', () => readPods(asker, everywhere.value, { config, kubeVersion })) : everywhere,
    mapBounded(ready, askedAtATime, async (pod) => ({
      pod,
      metrics: await asker.ask('metrics of the webhook', () => asker.fromPod({ namespace, pod, port: names.probePort, path: '/metrics' })),
    })),
    ask('the webhook (pods/proxy, services/proxy)', () => askByProxy(asker, admin, `${inOwn}/${proxied(ready[0], names.port, textAt(service, 'metadata', 'name'))}/proxy/mutate`)),
  ])
  return {
    now: Date.now(),
    ownVersion,
    server: `${admin.server} (${admin.title})`,
    serverVersion: version.kind === 'told' ? { kind: 'told', value: textAt(version.value, 'gitVersion') ?? 'of an unknown version' } : version,
    kubeVersion,
    chosenNamespace: admin.namespace,
    namespaces: parts.namespaces,
    installation: parts.installation,
    missingRights,
    webhookConfigurations: parts.webhookConfigurations,
    secret,
    webhookByProxy,
    webhookMetrics,
    config,
    enabled: everywhere.kind === 'told' ? { kind: 'told', value: everywhere.value.filter(isEnabled) } : everywhere,
    dryRuns,
    nodes,
    locks,
    webhookPods,
    lockPods,
    pods,
    kubelets: await askKubelets(asker, nappingNodes(pods).slice(0, askedKubelets)),
    denied: asker.denied(),
  }
}

/** The version that the API server tells; undefined: none that can be read. */
export function versionIn(version: Asked<JsonObject>): Facts['kubeVersion'] {
  if (version.kind !== 'told') return undefined
  return parseKubeVersion(`${textAt(version.value, 'major') ?? ''}.${textAt(version.value, 'minor') ?? ''}`)
}

function askKubelets(asker: Asker, nodes: readonly string[]): Promise<Facts['kubelets']> {
  return mapBounded(nodes, askedAtATime, async (node) => ({
    node,
    config: await asker.ask("kubelets' configurations (nodes/proxy)", () => asker.get(`/api/v1/nodes/${node}/proxy/configz`)),
  }))
}

/** A pod is asked where there is one: for a Service the API server looks at Endpoints, which are deprecated. */
function proxied(pod: string | undefined, port: number, service = 'usher-webhook'): string {
  return pod === undefined ? `services/https:${service}:https` : `pods/https:${pod}:${port}`
}

function readyPods(pods: readonly JsonObject[]): readonly string[] {
  return pods
    .filter((pod) => objectsAt(pod, 'status', 'conditions').some(({ type, status }) => type === 'Ready' && status === 'True'))
    .map((pod) => nameOf(pod).split('/').at(-1) ?? '')
}
