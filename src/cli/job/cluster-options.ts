import { valueOf } from '../../check/asked.ts'
import { at, textAt } from '../../check/json-paths.ts'
import { defaultConfig } from '../../config/defaults.ts'
import { jobLabel } from '../../job/names.ts'
import type { RenderOptions } from '../../job/rendered.ts'
import type { JsonObject } from '../../units/json.ts'
import { parseKubeVersion } from '../../units/kube-version.ts'
import { explainFailure } from '../admin-cluster.ts'
import type { Asker } from '../asker.ts'
import type { FlagValues } from '../command.ts'
import { usualNamespace } from '../lock-states.ts'
import type { JobCluster } from './job-cluster.ts'
import { readSaidOptions, type renderFlags } from './render-flags.ts'

/** By the keys of the ConfigMap `usher-jobs`, the flags that it stands in for. */
const keys = { sharedStorageClass: 'shared-storage-class', gateway: 'gateway', ingressClass: 'ingress-class', domain: 'domain', waitImage: 'wait-image', envoyImage: 'envoy-image' } as const satisfies Record<string, keyof typeof renderFlags>

/**
 * What a cluster makes of any job, for plans: {@link readJobOptions}, and its version. Throws where the cluster does not
 * answer.
 */
export async function readClusterOptions(cluster: JobCluster, values: FlagValues, usherNamespace: string | undefined): Promise<RenderOptions> {
  const [minor, options] = await Promise.all([readMinor(cluster), readJobOptions(cluster, values, usherNamespace, true)])
  return { ...options, ...(minor === undefined ? {} : { minor }) }
}

/** The version of the API server; undefined: it has one that nobody knows. Throws where it does not answer. */
export async function readMinor({ admin, asker }: JobCluster): Promise<number | undefined> {
  const version = await asker.get('/version').catch((error: unknown) => {
    throw explainFailure(admin, error)
  })
  return parseKubeVersion(textAt(version, 'gitVersion') ?? '')?.minor
}

/**
 * What a cluster makes of jobs: by the flags, else by its ConfigMap `usher-jobs`. What may not be read is as if nobody had
 * written it down. One request for who may list ConfigMaps in usher's namespace.
 *
 * @param takesImage whether the image of the installation matters: it is put into pods.
 */
export async function readJobOptions({ asker, namespace }: JobCluster, values: FlagValues, usherNamespace: string | undefined, takesImage: boolean): Promise<RenderOptions> {
  const { jobs, usher } = await readSettings(asker, usherNamespace ?? usualNamespace, takesImage && !values.isGiven('wait-image'))
  const said = readSaidOptions(withDefaults(values, at(jobs, 'data')))
  return { waitImage: (await imageIn(usher)) ?? defaultConfig.lock.image, ...said, namespace }
}

interface Settings {
  readonly jobs?: JsonObject | undefined
  readonly usher?: JsonObject | undefined
}

async function readSettings(asker: Asker, place: string, takesImage: boolean): Promise<Settings> {
  const path = `/api/v1/namespaces/${place}/configmaps`
  if (takesImage) {
    // All but those that keep the names of jobs, of which there may be many.
    const all = await asker.ask('settings', () => asker.list(path, { labelSelector: `!${jobLabel}` }))
    const named = (name: string): JsonObject | undefined => valueOf(all)?.find((each) => textAt(each, 'metadata', 'name') === name)
    if (all.kind !== 'denied') return { jobs: named('usher-jobs'), usher: named('usher') }
  }
  const jobs = await asker.ask('the settings of jobs', () => asker.getIfThere(`${path}/usher-jobs`))
  // Who may not read the one is spared the other.
  const isAsked = takesImage && jobs.kind === 'told' && textAt(jobs.value, 'data', 'waitImage') === undefined
  return { jobs: valueOf(jobs), usher: isAsked ? valueOf(await asker.ask('the configuration', () => asker.getIfThere(`${path}/usher`))) : undefined }
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
