import { type Asked, valueOf } from '../check/asked.ts'
import { chosenOf, type Installation, installationsIn, usherSelector } from '../check/installation.ts'
import { webhookConfigurationsPath } from '../check/registration.ts'
import type { JsonObject } from '../units/json.ts'
import type { Asker } from './asker.ts'

/** In which namespaces there is something of usher, and the installation that is looked at. */
export interface Parts {
  readonly namespaces: Asked<readonly string[]>
  readonly installation: Installation
  /** All of the cluster. */
  readonly webhookConfigurations: Asked<readonly JsonObject[]>
}

/** Where nothing was found, or nothing could be asked. */
export function noParts(namespaces: Parts['namespaces'], webhookConfigurations: Parts['webhookConfigurations']): Parts {
  const installation = { namespace: '', daemonSet: undefined, deployment: undefined, service: undefined, configMap: undefined }
  return { namespaces, installation, webhookConfigurations }
}

/** Finds what there is of usher by its labels, in a namespace or in all; of several installations the one that is called. */
export async function findParts(asker: Asker, namespace: string | undefined): Promise<Parts> {
  const place = namespace === undefined ? '' : `namespaces/${namespace}/`
  const list = (group: string, resource: string) =>
    asker.ask(`${resource} of ${namespace ?? 'all namespaces'}`, () => asker.list(`${group}/${place}${resource}`, { labelSelector: usherSelector }))
  const [daemonSets, deployments, services, configMaps, webhookConfigurations] = await Promise.all([
    list('/apis/apps/v1', 'daemonsets'),
    list('/apis/apps/v1', 'deployments'),
    list('/api/v1', 'services'),
    list('/api/v1', 'configmaps'),
    asker.ask('webhook configurations', () => asker.list(webhookConfigurationsPath)),
  ])
  for (const asked of [daemonSets, deployments]) if (asked.kind !== 'told') return noParts(asked, webhookConfigurations)
  const found = installationsIn({
    daemonSets: valueOf(daemonSets) ?? [],
    deployments: valueOf(deployments) ?? [],
    services: valueOf(services) ?? [],
    configMaps: valueOf(configMaps) ?? [],
  })
  const namespaces: Parts['namespaces'] = { kind: 'told', value: found.map((each) => each.namespace) }
  const chosen = chosenOf(found, valueOf(webhookConfigurations) ?? [])
  return chosen === undefined ? noParts(namespaces, webhookConfigurations) : { namespaces, installation: chosen, webhookConfigurations }
}
