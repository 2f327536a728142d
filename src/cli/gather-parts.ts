import { type CheckedPod, readCheckedPod } from '../check/checked-pod.ts'
import { isEnabled } from '../check/enabled.ts'
import type { Facts } from '../check/facts.ts'
import { contextOf } from '../check/injection-check.ts'
import { configKey, type Installation } from '../check/installation.ts'
import { at, flagOf, nameOf, named, objectsAt, textAt } from '../check/json-paths.ts'
import { describeRight, neededRights } from '../check/needed-rights.ts'
import type { InjectConfig } from '../inject/context.ts'
import { injectKey } from '../inject/names.ts'
import { mapBounded } from '../units/map-bounded.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import type { JoinedAdmin } from './admin-cluster.ts'
import type { Asker } from './asker.ts'

const askedAtATime = 4

/** What a Secret holds, decoded; undefined: it is not there. */
export async function readSecret(asker: Asker, path: string): Promise<Readonly<Record<string, string>> | undefined> {
  const secret = await asker.getIfThere(path)
  if (secret === undefined) return undefined
  const data = secret['data']
  const fields = Object.entries(isObject(data) ? data : {})
  return Object.fromEntries(fields.map(([key, value]) => [key, Buffer.from(typeof value === 'string' ? value : '', 'base64').toString()]))
}

/** Asks the API server what usher's service accounts may do of what they need; gives what they may not, for people. */
export async function findMissingRights(asker: Asker, installation: Installation): Promise<readonly string[]> {
  const { namespace } = installation
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']
  const answers = await mapBounded(neededRights(installation), askedAtATime, async (right) => {
    const spec = { user: `system:serviceaccount:${namespace}:${right.account}`, groups, ...right.asked }
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec }
    const answer = await asker.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', review)
    return at(answer, 'status', 'allowed') === true ? [] : [describeRight(right)]
  })
  return answers.flat()
}

/** The configuration of the decision, as the webhook has it. Throws where there is none, or it cannot be read. */
export async function readConfig({ configMap, deployment }: Installation): Promise<InjectConfig> {
  const text = textAt(configMap, 'data', configKey)
  if (text === undefined) throw new Error('there is no ConfigMap of the configuration')
  const { parseConfig } = await import('../config/load.ts')
  const config = parseConfig(text, `ConfigMap ${nameOf(configMap)}`)
  // Without a DaemonSet to look for, the chart has turned the lock off.
  const container = named(objectsAt(deployment, 'spec', 'template', 'spec', 'containers'), 'webhook')
  return container !== undefined && flagOf(container, 'lock-daemonset') === undefined ? { ...config, lock: { ...config.lock, enabled: false } } : config
}

/** Whether the webhook answers through the API server's proxy: a problem document, for what is asked there is no review. */
export async function askByProxy(asker: Asker, { kube }: JoinedAdmin, path: string): Promise<true> {
  try {
    await asker.get(path)
  } catch (error) {
    if (!(error instanceof kube.ApiError) || typeof error.document?.['type'] !== 'string') throw error
  }
  return true
}

/**
 * Reads the pods that usher is on for: those of namespaces that are on, and those elsewhere that have opted in.
 *
 * @param namespaces all of the cluster; pods of others, which are newer than this list, are left out.
 */
export async function readPods(asker: Asker, namespaces: readonly JsonObject[], known: Pick<Facts, 'config' | 'kubeVersion'>): Promise<readonly CheckedPod[]> {
  const ofNamespaces = await mapBounded(namespaces.filter(isEnabled), askedAtATime, (namespace) =>
    asker.listPicked(`/api/v1/namespaces/${nameOf(namespace)}/pods`, {}, (pod) => checked(pod, namespace, known)),
  )
  const elsewhere = new Map(namespaces.filter((each) => !isEnabled(each)).map((each) => [nameOf(each), each]))
  const others = await asker.listPicked('/api/v1/pods', { labelSelector: `${injectKey}=enabled` }, (pod) => {
    const namespace = elsewhere.get(textAt(pod, 'metadata', 'namespace') ?? '')
    return namespace === undefined ? undefined : checked(pod, namespace, known)
  })
  return [...ofNamespaces.flat(), ...others]
}

function checked(pod: JsonObject, namespace: JsonObject, known: Pick<Facts, 'config' | 'kubeVersion'>): CheckedPod | undefined {
  const context = contextOf(namespace, known)
  return context === undefined ? undefined : readCheckedPod(pod, context)
}
