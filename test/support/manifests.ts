import { parseAllDocuments } from 'yaml'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { initNames, objectAt, valueAt } from './pod-reader.ts'

/** A pod that usher injects; eight lines, the first of which is that of its kind. */
export function podYaml(name: string): string {
  return [
    'kind: Pod',
    'apiVersion: v1',
    'metadata:',
    `  name: ${name} # ours`,
    'spec:',
    '  containers:',
    '    - name: app',
    '      image: nginx:1.29',
    '',
  ].join('\n')
}

/** A deployment that usher injects. */
export function deployment(name: string): JsonObject {
  const template = { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image: 'nginx:1.29' }] } }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { selector: { matchLabels: { app: name } }, template } }
}

/** Something without pods; three lines. */
export function configMapYaml(name: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`
}

/** As {@link configMapYaml}, on one line of JSON. */
export function configMapJson(name: string): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
}

/** The objects of a stream of YAML, in their order. Throws where another tool could not read it. */
export function objectsIn(stream: string): readonly JsonObject[] {
  return [...parseAllDocuments(stream)].flatMap((document) => {
    const [error] = document.errors
    if (error !== undefined) throw error
    const data: unknown = document.toJS()
    return isObject(data) ? [data] : []
  })
}

/** The names of the objects of a stream of YAML. */
export function namesIn(stream: string): readonly unknown[] {
  return objectsIn(stream).map((object) => valueAt(object, 'metadata', 'name'))
}

/** A workload's pod template; a pod itself. */
export function templateOf(object: JsonObject): JsonObject {
  const { kind } = object
  if (kind === 'Pod') return object
  return kind === 'CronJob' ? objectAt(object, 'spec', 'jobTemplate', 'spec', 'template') : objectAt(object, 'spec', 'template')
}

/** Whether the lock's init container is in a workload. */
export function isInjected(object: JsonObject): boolean {
  return initNames(templateOf(object)).includes('usher-lock')
}
