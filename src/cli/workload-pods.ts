import { at, objectsAt, textAt } from '../check/json-paths.ts'
import { controllerOf } from '../units/controller.ts'
import { isStringMap, type JsonObject } from '../units/json.ts'
import type { Looking } from './see-pods.ts'

/** What a workload has made. */
export interface Offspring {
  /** Of a Deployment. */
  readonly replicaSets: readonly JsonObject[]
  readonly pods: readonly JsonObject[]
}

/** Lists the pods of a workload, as its controller finds them: by its selector, and by whose they are. Never throws. */
export async function listOffspring(workload: JsonObject, { asker, unasked }: Pick<Looking, 'asker' | 'unasked'>): Promise<Offspring> {
  const namespace = encodeURIComponent(textAt(workload, 'metadata', 'namespace') ?? '')
  const kind = textAt(workload, 'kind')
  if (kind === 'Pod') return { replicaSets: [], pods: [workload] }
  const labelSelector = selectorText(at(workload, 'spec', 'selector'))
  if (labelSelector === '') return { replicaSets: [], pods: [] }
  async function list(resource: string, path: string): Promise<readonly JsonObject[] | undefined> {
    const listed = await asker.ask(resource, () => asker.list(path, { labelSelector }))
    if (listed.kind === 'told') return listed.value
    unasked(`its ${resource} could not be asked: ${listed.message}`)
    return undefined
  }
  const [pods, replicaSets] = await Promise.all([
    list('pods', `/api/v1/namespaces/${namespace}/pods`),
    kind === 'Deployment' ? list('replicasets', `/apis/apps/v1/namespaces/${namespace}/replicasets`) : [],
  ])
  const own = (replicaSets ?? []).filter((each) => isOf(each, [workload]))
  // Without its ReplicaSets, whoever they select is taken for the Deployment's.
  const owners = kind === 'Deployment' ? (replicaSets === undefined ? undefined : own) : [workload]
  return { replicaSets: own, pods: (pods ?? []).filter((pod) => owners === undefined || isOf(pod, owners)) }
}

function isOf(object: JsonObject, owners: readonly JsonObject[]): boolean {
  const owner = controllerOf(object)
  return owner !== undefined && owners.some((each) => textAt(each, 'metadata', 'uid') === owner['uid'])
}

/** A label selector as a query has it: `app=web,tier in (a,b)`. */
export function selectorText(selector: unknown): string {
  const labels = at(selector, 'matchLabels')
  return [
    ...Object.entries(isStringMap(labels) ? labels : {}).map(([key, value]) => `${key}=${value}`),
    ...objectsAt(selector, 'matchExpressions').flatMap(expressionText),
  ].join(',')
}

function expressionText(expression: JsonObject): readonly string[] {
  const key = textAt(expression, 'key') ?? ''
  const { values } = expression
  const list = (Array.isArray(values) ? values : []).join(',')
  switch (textAt(expression, 'operator') ?? '') {
    case 'In':
      return [`${key} in (${list})`]
    case 'NotIn':
      return [`${key} notin (${list})`]
    case 'Exists':
      return [key]
    case 'DoesNotExist':
      return [`!${key}`]
    default:
      return []
  }
}
