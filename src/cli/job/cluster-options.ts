import { at, textAt } from '../../check/json-paths.ts'
import { defaultConfig } from '../../config/defaults.ts'
import type { RenderOptions } from '../../job/rendered.ts'
import { type JsonObject } from '../../units/json.ts'
import { parseKubeVersion } from '../../units/kube-version.ts'
import { type Flag, type FlagValues, UsageError } from '../command.ts'
import { usualNamespace } from '../lock-states.ts'
import { explain, type JobCluster } from './job-cluster.ts'

/** The flags of what a job becomes in a cluster. Where they are not given, the ConfigMap `usher-jobs` of usher's namespace says it. */
export const clusterOptionFlags = {
  'shared-storage-class': { type: 'string', value: 'NAME', help: 'class of shared volumes, which many nodes may write at once (ReadWriteMany)' },
  gateway: { type: 'string', value: 'NAMESPACE/NAME', help: 'Gateway that leads to jobs with expose; else an Ingress is made' },
  'ingress-class': { type: 'string', value: 'NAME', help: 'class of that Ingress; else the default one' },
  domain: { type: 'string', value: 'DOMAIN', help: '<job>.DOMAIN leads to a job as well' },
  'wait-image': { type: 'string', value: 'IMAGE', help: 'the image that has usher-probe; else that of the installation' },
} as const satisfies Record<string, Flag>

// By their names in the ConfigMap.
const keys = { sharedStorageClass: 'shared-storage-class', gateway: 'gateway', ingressClass: 'ingress-class', domain: 'domain', waitImage: 'wait-image' } as const

/** What a cluster makes of a job: by the flags, else by its ConfigMap `usher-jobs`. Throws where the cluster does not answer. */
export async function readClusterOptions(cluster: JobCluster, values: FlagValues, usherNamespace: string | undefined): Promise<RenderOptions> {
  const { asker, namespace } = cluster
  const place = usherNamespace ?? usualNamespace
  const [version, jobs, usher] = await Promise.all([
    asker.get('/version').catch((error: unknown) => {
      throw explain(cluster, error)
    }),
    asker.ask('the settings of jobs', () => asker.getIfThere(`/api/v1/namespaces/${place}/configmaps/usher-jobs`)),
    values.isGiven('wait-image') ? undefined : asker.ask('the configuration', () => asker.getIfThere(`/api/v1/namespaces/${place}/configmaps/usher`)),
  ])
  const data = jobs.kind === 'told' ? at(jobs.value, 'data') : undefined
  const chosen = Object.fromEntries(
    Object.entries(keys).flatMap(([key, flag]) => {
      const text = values.text(flag) ?? textAt(data, key)
      return text === undefined ? [] : [[key, text]]
    }),
  )
  const { gateway } = chosen
  if (gateway !== undefined && !/^[^/]+\/[^/]+$/.test(gateway)) throw new UsageError(`--gateway: ${JSON.stringify(gateway)} is not a NAMESPACE/NAME`)
  const minor = parseKubeVersion(textAt(version, 'gitVersion') ?? '')?.minor
  const installed = usher?.kind === 'told' ? await imageIn(usher.value) : undefined
  return { namespace, waitImage: installed ?? defaultConfig.lock.image, ...chosen, ...(minor === undefined ? {} : { minor }) }
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
