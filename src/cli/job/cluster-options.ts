import { at, textAt } from '../../check/json-paths.ts'
import { defaultConfig } from '../../config/defaults.ts'
import type { RenderOptions } from '../../job/rendered.ts'
import type { JsonObject } from '../../units/json.ts'
import { parseKubeVersion } from '../../units/kube-version.ts'
import { explainFailure } from '../admin-cluster.ts'
import type { FlagValues } from '../command.ts'
import { usualNamespace } from '../lock-states.ts'
import type { JobCluster } from './job-cluster.ts'
import { readSaidOptions, type renderFlags } from './render-flags.ts'

/** By the keys of the ConfigMap `usher-jobs`, the flags that it stands in for. */
const keys = { sharedStorageClass: 'shared-storage-class', gateway: 'gateway', ingressClass: 'ingress-class', domain: 'domain', waitImage: 'wait-image', envoyImage: 'envoy-image' } as const satisfies Record<string, keyof typeof renderFlags>

/** What a cluster makes of a job: by the flags, else by its ConfigMap `usher-jobs`. Throws where the cluster does not answer. */
export async function readClusterOptions(cluster: JobCluster, values: FlagValues, usherNamespace: string | undefined): Promise<RenderOptions> {
  const { asker, namespace } = cluster
  const place = usherNamespace ?? usualNamespace
  const [version, jobs, usher] = await Promise.all([
    asker.get('/version').catch((error: unknown) => {
      throw explainFailure(cluster.admin, error)
    }),
    asker.ask('the settings of jobs', () => asker.getIfThere(`/api/v1/namespaces/${place}/configmaps/usher-jobs`)),
    values.isGiven('wait-image') ? undefined : asker.ask('the configuration', () => asker.getIfThere(`/api/v1/namespaces/${place}/configmaps/usher`)),
  ])
  const configured = jobs.kind === 'told' ? at(jobs.value, 'data') : undefined
  const said = readSaidOptions(withDefaults(values, configured))
  const minor = parseKubeVersion(textAt(version, 'gitVersion') ?? '')?.minor
  const installed = usher?.kind === 'told' ? await imageIn(usher.value) : undefined
  return { waitImage: installed ?? defaultConfig.lock.image, ...said, namespace, ...(minor === undefined ? {} : { minor }) }
}

/** The flags, and where they are not given, what the cluster's admin has written down. */
function withDefaults(values: FlagValues, configured: unknown): FlagValues {
  const byFlag = new Map(Object.entries(keys).map(([key, flag]) => [flag as string, textAt(configured, key)]))
  return { ...values, text: (name) => values.text(name) ?? byFlag.get(name) }
}

/** The image that the installation puts into pods; what its configuration does not say is the usual one. */
async function imageIn(configMap: JsonObject | undefined): Promise<string | undefined> {
  const text = textAt(configMap, 'data', 'usher.yaml')
  if (text === undefined) return undefined
  const { parseConfig } = await import('../../config/load.ts')
  try {
    return parseConfig(text, 'ConfigMap usher').lock.image
  } catch {
    // usher check tells of it.
    return undefined
  }
}
