import { at, objectsAt, textAt } from '../../check/json-paths.ts'
import { columns, printable } from '../../terminal/columns.ts'
import type { Paint } from '../../terminal/paint.ts'
import type { JsonObject } from '../../units/json.ts'
import type { Instance } from './instance.ts'
import { instanceJson } from './instance-json.ts'
import { instanceHeads, instanceRow } from './line.ts'
import { type Summary, summariseWorkload } from './summary.ts'

/** A job and its instances, and how it is reached. */
export interface JobView {
  readonly name: string
  readonly namespace: string
  readonly kind: string
  readonly summary: Summary
  readonly instances: readonly Instance[]
  /** Of its Services. */
  readonly ports: readonly JobPortView[]
  /** Of its Ingresses and HTTPRoutes. */
  readonly hosts: readonly string[]
  /** The one that is deployed; undefined: not known. */
  readonly revision: number | undefined
  readonly nowMs: number
}

/** A port of a job's Service, and what it leads to. */
export interface JobPortView {
  /** `web.shop` */
  readonly service: string
  readonly port: number
  /** A number or a name. */
  readonly target: string
  readonly protocol: string
}

/** What is known of a job. */
export interface JobFacts extends Pick<JobView, 'instances' | 'revision' | 'nowMs'> {
  readonly job: string
  readonly workload: JsonObject
  readonly services: readonly JsonObject[]
  /** Ingresses and HTTPRoutes. */
  readonly routes: readonly JsonObject[]
}

/** Puts together what is shown of a job. */
export function viewJob({ job, workload, instances, services, routes, revision, nowMs }: JobFacts): JobView {
  return {
    name: job,
    namespace: textAt(workload, 'metadata', 'namespace') ?? '',
    kind: textAt(workload, 'kind') ?? '',
    summary: summariseWorkload(workload, instances),
    instances: instances.toSorted((left, right) => left.name.localeCompare(right.name, 'en', { numeric: true })),
    // The one that has each instance by its address leads no port to another.
    ports: services.filter((service) => at(service, 'spec', 'clusterIP') !== 'None').flatMap(portsOf),
    hosts: [...new Set(routes.flatMap(hostsOf))].toSorted(),
    revision,
    nowMs,
  }
}

function portsOf(service: JsonObject): readonly JobPortView[] {
  const name = `${textAt(service, 'metadata', 'name') ?? ''}.${textAt(service, 'metadata', 'namespace') ?? ''}`
  return objectsAt(service, 'spec', 'ports').flatMap(({ port, targetPort, protocol }) =>
    typeof port === 'number' ? [{ service: name, port, target: typeof targetPort === 'number' || typeof targetPort === 'string' ? String(targetPort) : String(port), protocol: typeof protocol === 'string' ? protocol : 'TCP' }] : [],
  )
}

function hostsOf(route: JsonObject): readonly string[] {
  const names = at(route, 'spec', 'hostnames')
  return [...objectsAt(route, 'spec', 'rules').flatMap((rule) => textAt(rule, 'host') ?? []), ...(Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [])]
}

/** A job for people. */
export function jobViewLines({ name, namespace, summary, instances, ports, hosts, revision, nowMs }: JobView, paint: Paint): readonly string[] {
  const isWell = summary.state !== 'Degraded' && summary.state !== 'Failed'
  const rows = [
    ...(revision === undefined ? [] : [['revision', String(revision)]]),
    ...(ports.length === 0 ? [] : [['ports', ports.map(portWords).join(', ')]]),
    ...(hosts.length === 0 ? [] : [['hosts', hosts.join(', ')]]),
  ]
  return [
    `${paint('bold', printable(`job ${namespace}/${name}`))}: ${paint(isWell ? 'green' : 'red', summary.text)}`,
    ...(rows.length === 0 ? [] : columns(rows)),
    ...(instances.length === 0 ? [] : ['', ...columns([instanceHeads, ...instances.map((instance) => instanceRow(instance, nowMs))])]),
  ]
}

/** `web.shop:80 → 3000`, and the protocol where it is not TCP. */
function portWords({ service, port, target, protocol }: JobPortView): string {
  return `${service}:${port}${protocol === 'TCP' ? '' : `/${protocol}`}${target === String(port) ? '' : ` → ${target}`}`
}

/** One object for machines. */
export function jobViewJson({ name, namespace, kind, summary: { state, healthy, wanted }, instances, ports, hosts, revision }: JobView): JsonObject {
  return { name, namespace, kind, state, healthy, wanted, revision: revision ?? null, ports: ports.map((port) => ({ ...port })), hosts, instances: instances.map(instanceJson) }
}
