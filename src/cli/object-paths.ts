import { at, objectsAt, textAt } from '../check/json-paths.ts'
import type { JsonObject } from '../units/json.ts'
import type { Asker } from './asker.ts'

/** Where the API server has objects of a kind. */
interface KindPlace {
  readonly resource: string
  readonly isNamespaced: boolean
}

/** Where the API server has an object. */
export interface ObjectPath {
  /** Of all of its kind. */
  readonly list: string
  readonly isNamespaced: boolean
}

const namespaced = (resource: string): KindPlace => ({ resource, isNamespaced: true })

// Those that workloads come with; the API server is asked for others.
const usual: Readonly<Record<string, KindPlace>> = {
  'v1/ConfigMap': namespaced('configmaps'),
  'v1/Namespace': { resource: 'namespaces', isNamespaced: false },
  'v1/PersistentVolumeClaim': namespaced('persistentvolumeclaims'),
  'v1/Pod': namespaced('pods'),
  'v1/ReplicationController': namespaced('replicationcontrollers'),
  'v1/Secret': namespaced('secrets'),
  'v1/Service': namespaced('services'),
  'v1/ServiceAccount': namespaced('serviceaccounts'),
  'apps/v1/DaemonSet': namespaced('daemonsets'),
  'apps/v1/Deployment': namespaced('deployments'),
  'apps/v1/ReplicaSet': namespaced('replicasets'),
  'apps/v1/StatefulSet': namespaced('statefulsets'),
  'batch/v1/CronJob': namespaced('cronjobs'),
  'batch/v1/Job': namespaced('jobs'),
  'networking.k8s.io/v1/Ingress': namespaced('ingresses'),
  'policy/v1/PodDisruptionBudget': namespaced('poddisruptionbudgets'),
}

/** Finds out where objects are; asks the API server once for each version of a group that it has to ask for. */
export class ObjectPaths {
  readonly #asker: Asker
  readonly #asked = new Map<string, Promise<JsonObject | undefined>>()

  constructor(asker: Asker) {
    this.#asker = asker
  }

  /** Undefined: the cluster does not know the kind. Throws where the API server does not answer. */
  async find(object: JsonObject, namespace: string): Promise<ObjectPath | undefined> {
    const apiVersion = textAt(object, 'apiVersion') ?? ''
    const kind = textAt(object, 'kind') ?? ''
    const place = usual[`${apiVersion}/${kind}`] ?? (await this.#ask(apiVersion, kind))
    if (place === undefined) return undefined
    const root = rootOf(apiVersion)
    return { list: place.isNamespaced ? `${root}/namespaces/${namespace}/${place.resource}` : `${root}/${place.resource}`, isNamespaced: place.isNamespaced }
  }

  async #ask(apiVersion: string, kind: string): Promise<KindPlace | undefined> {
    const asking = this.#asked.get(apiVersion) ?? this.#asker.getIfThere(rootOf(apiVersion))
    this.#asked.set(apiVersion, asking)
    const found = objectsAt(await asking, 'resources').find((each) => each['kind'] === kind && textAt(each, 'name')?.includes('/') === false)
    return found === undefined ? undefined : { resource: textAt(found, 'name') ?? '', isNamespaced: at(found, 'namespaced') === true }
  }
}

function rootOf(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
}
