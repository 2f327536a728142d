import type { JsonObject } from '../units/json.ts'
import { whenTold } from './asked.ts'
import type { Facts } from './facts.ts'
import { failed, type Finding, ok, skipped, warning } from './finding.ts'
import { partNames, versionOf } from './installation.ts'
import { at, named, numberAt, objectsAt, textAt } from './json-paths.ts'
import { calledNamespaces, ourConfigurations } from './registration.ts'
import { oddImages } from './running-images.ts'

const install = 'usher install puts in what is missing, or, where Helm has installed it, helm upgrade --install usher … --namespace usher-system with the same values as before'

/** There is one installation, and it is whole. */
export function judgeInstalled(facts: Pick<Facts, 'namespaces' | 'installation' | 'webhookConfigurations' | 'chosenNamespace'>): Finding {
  return whenTold(facts.namespaces, (namespaces) => {
    const { installation } = facts
    const { namespace, daemonSet, deployment, service, configMap } = installation
    const configurations = facts.webhookConfigurations.kind === 'told' ? ourConfigurations(facts.webhookConfigurations.value) : undefined
    if (namespaces.length === 0) return nothingFound(configurations ?? [], facts.chosenNamespace)
    if (namespaces.length > 1) {
      const called = facts.webhookConfigurations.kind === 'told' ? calledNamespaces(facts.webhookConfigurations.value) : []
      return failed(`usher is installed ${namespaces.length} times; a cluster has one webhook configuration, and nodes have one port`, {
        items: namespaces.map((each) => `namespace ${each}${each === namespace ? ', checked here' : ''}${called.includes(each) ? ': the webhook configuration leads there' : ''}`),
        hint: 'uninstall all but one: helm list --all-namespaces names the releases; --namespace chooses which one is checked',
      })
    }
    const { daemonSet: wanted } = partNames(installation)
    const missing = [
      ...(deployment === undefined ? ['Deployment of the webhook'] : []),
      ...(service === undefined ? ['Service of the webhook'] : []),
      ...(configMap === undefined ? ['ConfigMap of the configuration'] : []),
      ...(daemonSet === undefined && wanted !== undefined ? ['DaemonSet of the lock'] : []),
      ...(configurations?.length === 0 ? ['MutatingWebhookConfiguration'] : []),
    ]
    if (missing.length > 0) return failed(`usher is installed by half, in ${namespace}`, { items: missing.map((each) => `missing: ${each}`), hint: install })
    return ok(`usher is installed in ${namespace}${wanted === undefined ? ', without the lock' : ''}`)
  })
}

/** Deleting is advised only where all namespaces were looked through: elsewhere there may be an installation that is well. */
function nothingFound(configurations: readonly JsonObject[], chosen: string | undefined): Finding {
  const [first] = configurations
  if (chosen !== undefined) {
    const hint = 'leave out --namespace: usher is found by its labels, wherever it is'
    if (first === undefined) return failed(`usher is not installed in ${chosen}: nothing of it was found there by its labels`, { hint })
    const items = configurations.map((each) => `MutatingWebhookConfiguration ${textAt(each, 'metadata', 'name')} leads to ${placesOf(each).join(', ')}`)
    return failed(`there is nothing of usher in ${chosen}; its webhook configuration leads to ${placesOf(first).join(', ')}`, { items, hint })
  }
  if (first === undefined) {
    return failed('usher is not installed: nothing of it was found by its labels', { hint: 'usher install, or helm install usher … --namespace usher-system --create-namespace; where it is there without the labels of the chart, by other means, remove that first' })
  }
  const names = configurations.map((each) => textAt(each, 'metadata', 'name'))
  return failed('usher is gone, and its webhook configuration is still there: each new pod waits for it in vain', {
    items: names.map((name) => `MutatingWebhookConfiguration ${name}`),
    hint: `kubectl delete mutatingwebhookconfiguration ${names.join(' ')}, or install usher again`,
  })
}

/** For people: where the webhooks of a configuration are, each place once. */
function placesOf(configuration: JsonObject): readonly string[] {
  const places = objectsAt(configuration, 'webhooks').map((webhook) => {
    const service = at(webhook, 'clientConfig', 'service')
    if (service === undefined) return textAt(webhook, 'clientConfig', 'url') ?? 'nowhere'
    return `Service ${textAt(service, 'name')} in ${textAt(service, 'namespace')}`
  })
  return [...new Set(places)]
}

/** The service accounts of usher have the rights that they need. */
export function judgeRights({ missingRights }: Facts): Finding {
  return whenTold(missingRights, (missing) => {
    if (missing.length === 0) return ok("usher's service accounts have their rights")
    return failed("usher's service accounts lack rights", { items: missing, hint: `${install}: the chart has the roles and their bindings` })
  })
}

/** All parts are of one version by their labels, run what these say, and are of this command's version. */
export function judgeVersions(facts: Pick<Facts, 'installation' | 'ownVersion' | 'lockPods' | 'webhookPods' | 'nodes'>): Finding {
  const { installation, ownVersion } = facts
  const { deployment, daemonSet, configMap } = installation
  const parts = [['the webhook', deployment], ['the lock', daemonSet], ['the configuration', configMap]] as const
  const versions = parts.flatMap(([title, object]) => (object === undefined ? [] : [{ title, version: versionOf(object) ?? 'not labelled' }]))
  const [first] = versions
  if (first === undefined) return skipped('there is no part whose version could be told')
  const items = versions.map(({ title, version }) => `${title}: ${version}`)
  if (versions.some(({ version }) => version !== first.version)) {
    return failed('the parts are of several versions', { items, hint: 'finish the upgrade, or remove what was installed by other means: usher install, or helm upgrade with one chart, sets all of them' })
  }
  const rolling = [deployment, daemonSet].flatMap((object) => (object === undefined ? [] : rolloutOf(object)))
  if (rolling.length > 0) return warning(`a rollout of ${first.version} has not ended`, { items: rolling, hint: 'kubectl rollout status says what it waits for' })
  const odd = oddImages(facts)
  if (odd.length > 0) {
    const hint = 'set image.tag and waitImage.tag of the chart, and not the image of what it has made; where a tag was pushed again, kubectl rollout restart pulls it anew with pullPolicy Always'
    return warning('what runs is not what the labels say', { items: odd, hint })
  }
  if (first.version === ownVersion) return ok(`all parts and this command are ${ownVersion}`)
  return warning(`the cluster has ${first.version}, and this command is ${ownVersion}`, { hint: 'take the usher of the same version: its checks and messages fit' })
}

/** What of an object runs as it was before its last change. */
function rolloutOf(object: unknown): readonly string[] {
  const isDaemonSet = named(objectsAt(object, 'spec', 'template', 'spec', 'containers'), 'lock') !== undefined
  const desired = numberAt(object, 'status', isDaemonSet ? 'desiredNumberScheduled' : 'replicas')
  const updated = numberAt(object, 'status', isDaemonSet ? 'updatedNumberScheduled' : 'updatedReplicas')
  return updated < desired ? [`the ${isDaemonSet ? 'lock' : 'webhook'}: ${updated} of ${desired} pods are of the new version`] : []
}
