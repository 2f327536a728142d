import { isObject, type JsonObject } from '../units/json.ts'
import type { PodFacts } from './pod.ts'

/** Where the API server's ServiceAccount admission plugin mounts a pod's token. */
const apiAccessPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const apiAccessVolumePrefix = 'kube-api-access-'

/**
 * The mount of the pod's own API token, as its containers have it; undefined where they have none.
 *
 * The API server gives it to every container that lacks it, ours included, but when it does so after our review, it
 * has the pod reviewed once more by each webhook with `reinvocationPolicy: IfNeeded`. With the mount in place already
 * there is nothing left for it to do.
 */
export function apiAccessMount({ volumes, containers }: PodFacts): JsonObject | undefined {
  const name = volumes.find(isApiAccess)?.['name']
  if (name === undefined) return undefined
  const isMounted = containers.some(({ raw }) => {
    const mounts = raw['volumeMounts']
    return Array.isArray(mounts) && mounts.some((mount) => isObject(mount) && mount['name'] === name && mount['mountPath'] === apiAccessPath)
  })
  return isMounted ? { name, readOnly: true, mountPath: apiAccessPath } : undefined
}

function isApiAccess({ name, projected }: JsonObject): boolean {
  return typeof name === 'string' && name.startsWith(apiAccessVolumePrefix) && isObject(projected)
}
