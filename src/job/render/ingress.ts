import type { JsonObject } from '../../units/json.ts'
import type { Job } from '../job.ts'
import type { RenderOptions } from '../rendered.ts'
import { firstTcpPort } from './envoy.ts'
import { metadataOf } from './labels.ts'

/** What leads requests for the host of a job to its first port: a route of the cluster's Gateway, or else an Ingress. */
export function ingressOf(job: Job, options: RenderOptions): readonly JsonObject[] {
  const port = firstTcpPort(job)?.port
  if (job.expose === undefined || port === undefined) return []
  const metadata = metadataOf(job, options, job.name)
  const hosts = hostsOf(job, options)
  if (options.gateway !== undefined) {
    const [namespace, name] = options.gateway.split('/')
    return [
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata,
        spec: { parentRefs: [{ namespace, name }], hostnames: hosts, rules: [{ backendRefs: [{ name: job.name, port }] }] },
      },
    ]
  }
  const path = { path: '/', pathType: 'Prefix', backend: { service: { name: job.name, port: { number: port } } } }
  const { tlsSecret } = job.expose
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata,
      spec: {
        ...(options.ingressClass === undefined ? {} : { ingressClassName: options.ingressClass }),
        ...(tlsSecret === undefined ? {} : { tls: [{ hosts, secretName: tlsSecret }] }),
        rules: hosts.map((host) => ({ host, http: { paths: [path] } })),
      },
    },
  ]
}

/** The names of its host: the job's own where it names none, and that below the cluster's domain. */
export function hostsOf({ name, expose }: Job, { domain }: RenderOptions): readonly string[] {
  return [...new Set([expose?.host ?? name, ...(domain === undefined ? [] : [`${name}.${domain}`])])]
}
