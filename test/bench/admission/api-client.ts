import { readFileSync } from 'node:fs'
import { isObject, type JsonObject } from '../../../src/units/json.ts'
import { listAt, valueAt } from '../../support/pod-reader.ts'
import type { ApiServer } from '../../tools/api-server.ts'
import { type ApiAccess, ApiConnection, jsonOf, requestOf } from './api-connection.ts'

/** Asks the API server, one request after the other, as a cluster administrator. */
export interface ApiClient {
  readonly access: ApiAccess
  /** Gives back what is answered; throws where that is a refusal. */
  ask(method: string, path: string, body?: object, type?: string): Promise<JsonObject>
  /** Creates an object of the kinds that are needed here. */
  create(object: JsonObject): Promise<JsonObject>
  close(): void
}

/** Connects. */
export async function openApiClient(server: ApiServer): Promise<ApiClient> {
  const access = accessOf(server)
  const { promise: failure, reject } = Promise.withResolvers<never>()
  failure.catch(() => {})
  const connection = await ApiConnection.open(access, reject)

  async function ask(method: string, path: string, body: object = {}, type?: string): Promise<JsonObject> {
    const answer = await Promise.race([connection.ask(requestOf(access, method, path, body, type)), failure])
    const found = jsonOf(answer)
    if (answer.status >= 300 || !isObject(found)) throw new Error(`${method} ${path} was answered with ${answer.status}: ${JSON.stringify(found)}`)
    return found
  }

  return { access, ask, create: (object) => ask('POST', pathOf(object), object), close: () => connection.close() }
}

/** How an API server is reached by its administrator. */
export function accessOf({ url, kubeconfig }: ApiServer): ApiAccess {
  const config: unknown = JSON.parse(readFileSync(kubeconfig, 'utf8'))
  const [cluster, user] = [listAt(config, 'clusters')[0], listAt(config, 'users')[0]]
  const ca = Buffer.from(textAt(cluster, 'cluster', 'certificate-authority-data'), 'base64').toString()
  return { port: Number(new URL(url).port), ca, token: textAt(user, 'user', 'token') }
}

const resources: Readonly<Record<string, string>> = {
  Namespace: 'namespaces',
  ServiceAccount: 'serviceaccounts',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  DaemonSet: 'daemonsets',
  MutatingWebhookConfiguration: 'mutatingwebhookconfigurations',
  MutatingAdmissionPolicy: 'mutatingadmissionpolicies',
  MutatingAdmissionPolicyBinding: 'mutatingadmissionpolicybindings',
}

function pathOf(object: JsonObject): string {
  const [version, kind] = [textAt(object, 'apiVersion'), textAt(object, 'kind')]
  const namespace = valueAt(object, 'metadata', 'namespace')
  const group = version.includes('/') ? `/apis/${version}` : `/api/${version}`
  const resource = resources[kind]
  if (resource === undefined) throw new Error(`no path is known for a ${kind}`)
  return `${group}${typeof namespace === 'string' ? `/namespaces/${namespace}` : ''}/${resource}`
}

/** The text at a path; throws where there is none. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = valueAt(value, ...path)
  if (typeof found !== 'string') throw new Error(`there is no text at ${path.join('.')}`)
  return found
}
