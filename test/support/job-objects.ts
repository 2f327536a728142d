import { jobLabel } from '../../src/job/names.ts'
import type { Draft } from '../../src/job/run/ledger.ts'
import { inOrder } from '../../src/job/run/kinds.ts'
import { instancesOf } from '../../src/job/run/scale.ts'
import type { JsonObject } from '../../src/units/json.ts'

/** An object of a job, as it is rendered. */
export function jobObject(apiVersion: string, kind: string, name: string, job: string, content: JsonObject, namespace = 'shop'): JsonObject {
  return { apiVersion, kind, metadata: { name, namespace, labels: { [jobLabel]: job } }, ...content }
}

/** What of a job may be another in each test. */
export interface JobParts {
  readonly namespace?: string
  readonly image?: string
  readonly replicas?: number
  readonly setting?: string
  /** Names of ConfigMaps beside the one that each has. */
  readonly extra?: readonly string[]
  readonly hasVolume?: boolean
}

/** The objects of a small job: a ConfigMap, a Service and a Deployment. */
export function jobObjects(job: string, { namespace = 'shop', image = 'app:1', replicas = 2, setting = 'a', extra = [], hasVolume = false }: JobParts = {}): readonly JsonObject[] {
  const labels = { [jobLabel]: job }
  const of = (apiVersion: string, kind: string, name: string, content: JsonObject): JsonObject => jobObject(apiVersion, kind, name, job, content, namespace)
  const claim = { accessModes: ['ReadWriteMany'], storageClassName: 'shared', resources: { requests: { storage: '1Gi' } } }
  return inOrder([
    of('v1', 'ConfigMap', `${job}-config`, { data: { setting } }),
    ...extra.map((name) => of('v1', 'ConfigMap', name, { data: { setting } })),
    ...(hasVolume ? [of('v1', 'PersistentVolumeClaim', `${job}-data`, { spec: claim })] : []),
    of('v1', 'Service', job, { spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 3000, protocol: 'TCP' }] } }),
    of('apps/v1', 'Deployment', job, {
      spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'app', image }] } } },
    }),
  ])
}

/** What a job is to be. */
export function jobDraft(objects: readonly JsonObject[], change: Draft['change'] = 'run'): Draft {
  return { change, objects, instances: instancesOf(objects.at(-1)) }
}
