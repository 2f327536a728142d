import { judgeVersion } from '../check/cluster-checks.ts'
import { webhookConfigurationsPath } from '../check/registration.ts'
import { type ChartObject, objectPath } from '../install/chart-object.ts'
import type { Surroundings } from '../install/obstacles.ts'
import type { WantedObjects } from '../install/read-objects.ts'
import type { KubeVersion } from '../units/kube-version.ts'
import { mapBounded } from '../units/map-bounded.ts'
import { explainFailure, type JoinedAdmin } from './admin-cluster.ts'
import type { Asker } from './asker.ts'
import { findUsher } from './find-usher.ts'
import { versionIn } from './gather-facts.ts'

const askedAtATime = 4

/**
 * The version of the API server; undefined: it does not say one that can be read.
 *
 * @throws where it does not answer, or usher does not support it.
 */
export async function supportedVersion(admin: JoinedAdmin, asker: Asker): Promise<KubeVersion | undefined> {
  const version = await asker.get('/version').catch((error: unknown) => {
    throw explainFailure(admin, error)
  })
  const kubeVersion = versionIn({ kind: 'told', value: version })
  const { outcome, detail, hint } = judgeVersion({ kubeVersion })
  if (outcome === 'failed') throw new Error(`the cluster cannot have usher: its version ${detail}; ${hint}`)
  return kubeVersion
}

/** What there is in the cluster before anything is put in. Throws where it cannot be told; the message says what to do. */
export async function lookAround(admin: JoinedAdmin, asker: Asker, { objects, namespace }: WantedObjects): Promise<Surroundings> {
  const found = await findUsher(admin, asker)
  try {
    const live = await findLive(asker, objects, found)
    const configurations = await asker.list(webhookConfigurationsPath)
    return { found, live, configurations, namespace: await asker.getIfThere(`/api/v1/namespaces/${namespace}`) }
  } catch (error) {
    throw explainFailure(admin, error)
  }
}

/** What has one of usher's names may not be labelled as usher's. */
async function findLive(asker: Asker, objects: readonly ChartObject[], found: readonly ChartObject[]): Promise<ReadonlyMap<string, ChartObject>> {
  const live = new Map(found.map((each) => [objectPath(each), each]))
  const unseen = objects.filter((each) => !live.has(objectPath(each)))
  const others = await mapBounded(unseen, askedAtATime, async (object) => {
    const body = await asker.getIfThere(objectPath(object))
    return body === undefined ? [] : [{ kind: object.kind, body }]
  })
  const wanted = new Set(objects.map(objectPath))
  return new Map([...live, ...others.flat().map((each) => [objectPath(each), each] as const)].filter(([path]) => wanted.has(path)))
}
