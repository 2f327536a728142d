import type { JsonObject } from '../../units/json.ts'
import type { Job, JobPort } from '../job.ts'
import { instancesServiceOf } from '../names.ts'
import type { RenderOptions } from '../rendered.ts'
import { envoyListenerPort, envoyPortOf } from './envoy.ts'
import { metadataOf, selectorOf } from './labels.ts'

/**
 * The Services of a job: one without an address of its own, whose name in DNS is that of the healthy instances; and for the
 * ports, which such a name knows nothing of, one with an address.
 */
export function servicesOf(job: Job, options: RenderOptions): readonly JsonObject[] {
  const instances = service(job, options, instancesServiceOf(job.name), { clusterIP: 'None' })
  const ports = portsOf(job)
  if (ports.length === 0) return [instances]
  const proxied = envoyPortOf(job)
  const targetOf = (port: JobPort): number => (port === proxied ? envoyListenerPort(job) : port.target)
  return [instances, service(job, options, job.name, { type: 'ClusterIP', ports: ports.map((port) => servicePort(port, targetOf(port))) })]
}

/** The ports of a job, in the order of the file. */
export function portsOf({ containers }: Job): readonly JobPort[] {
  return containers.flatMap(({ ports }) => ports)
}

function service(job: Job, options: RenderOptions, name: string, spec: JsonObject): JsonObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: metadataOf(job, options, name), spec: { ...spec, selector: selectorOf(job) } }
}

function servicePort({ port, protocol }: JobPort, targetPort: number): JsonObject {
  return { name: `${protocol.toLowerCase()}-${port}`, port, protocol, targetPort }
}
