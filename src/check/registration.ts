import type { JsonObject } from '../units/json.ts'
import { at, objectsAt, textAt } from './json-paths.ts'

/** Where the API server has the webhook configurations of a cluster. */
export const webhookConfigurationsPath = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

/** The webhooks of a configuration of usher: for namespaces that are on, in audit mode, and for pods that opt in. */
export const webhookNames = ['namespace.usher.dev', 'audit.usher.dev', 'pod.usher.dev'] as const

/** Configurations that are usher's, by the names of their webhooks, whoever has installed them. */
export function ourConfigurations(all: readonly JsonObject[]): readonly JsonObject[] {
  return all.filter((each) => objectsAt(each, 'webhooks').some((webhook) => webhookNames.some((name) => name === webhook['name'])))
}

/** The namespaces to whose Services usher's configurations lead: where the webhook is that the API server calls. */
export function calledNamespaces(all: readonly JsonObject[]): readonly string[] {
  const webhooks = ourConfigurations(all).flatMap((each) => objectsAt(each, 'webhooks'))
  return [...new Set(webhooks.flatMap((each) => textAt(each, 'clientConfig', 'service', 'namespace') ?? []))]
}

/** What keeps a configuration from working as it is meant to. */
export interface RegistrationFaults {
  /** Pods are not injected. */
  readonly broken: readonly string[]
  /** Pods do not start while the webhook is down. */
  readonly stopping: readonly string[]
  /** Pods wait for longer than they should. */
  readonly risky: readonly string[]
}

// More, and a webhook that does not answer is felt by whoever creates pods.
const mostTimeoutSeconds = 5

/** Reads a configuration. */
export function faultsOf(configuration: JsonObject, namespace: string, service: string | undefined): RegistrationFaults {
  const [broken, stopping, risky]: [string[], string[], string[]] = [[], [], []]
  const webhooks = objectsAt(configuration, 'webhooks')
  for (const name of webhookNames) if (!webhooks.some((each) => each['name'] === name)) broken.push(`${name} is missing`)
  for (const webhook of webhooks) {
    const name = textAt(webhook, 'name') ?? ''
    const target = at(webhook, 'clientConfig', 'service')
    const place = target === undefined ? (textAt(webhook, 'clientConfig', 'url') ?? 'nowhere') : `${textAt(target, 'namespace')}/${textAt(target, 'name')}`
    if (service !== undefined && place !== `${namespace}/${service}`) broken.push(`${name} leads to ${place}, not to ${namespace}/${service}`)
    if (webhook['failurePolicy'] !== 'Ignore') stopping.push(`${name} has failurePolicy ${textAt(webhook, 'failurePolicy') ?? 'Fail'}: no pod starts while it is down`)
    const seconds = webhook['timeoutSeconds']
    if (typeof seconds === 'number' && seconds > mostTimeoutSeconds) risky.push(`${name} is waited for ${seconds} s: each new pod waits that long while it is down`)
  }
  return { broken, stopping, risky }
}

/** The certificates in a configuration's caBundles, as PEM; each once. */
export function bundlesOf(configuration: JsonObject): readonly string[] {
  const bundles = objectsAt(configuration, 'webhooks').map((each) => textAt(each, 'clientConfig', 'caBundle') ?? '')
  return [...new Set(bundles)].map((bundle) => Buffer.from(bundle, 'base64').toString())
}
