import { createHash } from 'node:crypto'
import type { JsonObject } from '../../units/json.ts'
import type { Job, JobPort } from '../job.ts'
import { instancesServiceOf } from '../names.ts'
import type { RenderOptions } from '../rendered.ts'
import { metadataOf } from './labels.ts'

/** The image of the proxy where none is named. */
export const defaultEnvoyImage = 'envoyproxy/envoy:distroless-v1.39.1'

/** The name of the proxy's container, and of its volume. */
export const envoyName = 'envoy'

const configFolder = '/etc/envoy'
const configFile = 'envoy.json'

/** The first port of a job that is one of TCP. */
export function firstTcpPort({ containers }: Job): JobPort | undefined {
  return containers.flatMap(({ ports }) => ports).find(({ protocol }) => protocol === 'TCP')
}

/** The port of a job that its proxy stands before; undefined where it has no proxy. */
export function envoyPortOf(job: Job): JobPort | undefined {
  return job.hasEnvoy ? firstTcpPort(job) : undefined
}

// The first of Envoy's own documentation; whatever else a container of the job listens on is passed over.
const firstListenerPort = 10_000

/** The port in each instance at which the proxy listens. */
export function envoyListenerPort({ containers }: Job): number {
  const taken = new Set(containers.flatMap(({ ports, healthcheck }) => [...ports.map(({ target }) => target), ...(healthcheck !== undefined && 'port' in healthcheck.check ? [healthcheck.check.port] : [])]))
  let port = firstListenerPort
  while (taken.has(port)) port += 1
  return port
}

/** The proxy, as a sidecar that starts before and ends after all others. */
export function envoyContainer(job: Job, { envoyImage = defaultEnvoyImage }: RenderOptions): JsonObject {
  const port = envoyListenerPort(job)
  const proxied = envoyPortOf(job)
  const check = { tcpSocket: { port } }
  // It takes 64 MiB with one listener and one cluster; the rest is room for its connections.
  const resources = { memory: '128Mi' }
  return {
    name: envoyName,
    image: envoyImage,
    restartPolicy: 'Always',
    args: ['--config-path', `${configFolder}/${configFile}`, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'warning'],
    ports: [{ containerPort: port, protocol: 'TCP', ...(proxied?.isHostPort === true ? { hostPort: proxied.port } : {}) }],
    resources: { requests: resources, limits: resources },
    startupProbe: { ...check, periodSeconds: 1, failureThreshold: 60 },
    readinessProbe: { ...check, periodSeconds: 10 },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true, runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
    volumeMounts: [{ name: envoyName, mountPath: configFolder, readOnly: true }],
  }
}

/** The volume with the proxy's configuration. */
export function envoyVolume(job: Job, options: RenderOptions): JsonObject {
  return { name: envoyName, configMap: { name: configNameOf(job, options) } }
}

/** The ConfigMap with the proxy's configuration; none where the job has no proxy. */
export function envoyObjectsOf(job: Job, options: RenderOptions): readonly JsonObject[] {
  if (envoyPortOf(job) === undefined) return []
  return [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: metadataOf(job, options, configNameOf(job, options)), immutable: true, data: { [configFile]: bootstrapOf(job, options) } }]
}

/** Its content is in its name, so that another one rolls out. */
function configNameOf(job: Job, options: RenderOptions): string {
  const checksum = createHash('sha256').update(bootstrapOf(job, options)).digest('hex').slice(0, 10)
  return `${job.name}.envoy-${checksum}`
}

function bootstrapOf(job: Job, options: RenderOptions): string {
  const port = envoyPortOf(job)
  if (port === undefined) return '{}\n'
  const filter = isHttp(job, port) ? httpFilter() : tcpFilter()
  const listener = { name: 'job', address: addressOf('0.0.0.0', envoyListenerPort(job)), filter_chains: [{ filters: [filter] }] }
  return `${JSON.stringify({ static_resources: { listeners: [listener], clusters: [clusterOf(job, port, options)] } }, null, 2)}\n`
}

/** Whether the port is known to speak HTTP: it is checked so, or led to by the host's name. */
function isHttp({ containers, expose }: Job, { target }: JobPort): boolean {
  return expose !== undefined || containers.some(({ healthcheck }) => healthcheck?.check.type === 'http' && healthcheck.check.port === target)
}

// Of 140 by default: a third of the instances left out would lead a share of the requests past the others to the instance of
// the proxy. With this one, in percent, one of a thousand takes them all.
const overprovisioning = 100_000

/**
 * All instances that are in DNS, which are the healthy ones, and of those none that has just failed; while there is none,
 * as long as nothing is known of the others, the instance that the proxy is a part of.
 */
function clusterOf(job: Job, { target }: JobPort, { namespace }: RenderOptions): JsonObject {
  const endpoint = (address: string, priority: number): JsonObject => ({ priority, lb_endpoints: [{ endpoint: { address: addressOf(address, target) } }] })
  return {
    name: 'instances',
    type: 'STRICT_DNS',
    connect_timeout: '1s',
    lb_policy: 'LEAST_REQUEST',
    load_assignment: { cluster_name: 'instances', endpoints: [endpoint(`${instancesServiceOf(job.name)}.${namespace}.svc`, 0), endpoint('127.0.0.1', 1)], policy: { overprovisioning_factor: overprovisioning } },
    // At once, and not with all that comes within a second: one that fails is asked no more.
    common_lb_config: { update_merge_window: '0s' },
    outlier_detection: { consecutive_5xx: 5, interval: '5s', base_ejection_time: '10s', max_ejection_percent: 50 },
  }
}

function addressOf(address: string, port: number): JsonObject {
  return { socket_address: { address, port_value: port } }
}

/** Retries what no instance has begun to answer, at another one. */
function httpFilter(): JsonObject {
  const retries = { retry_on: 'connect-failure,refused-stream', num_retries: 2, retry_host_predicate: [{ name: 'envoy.retry_host_predicates.previous_hosts', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate' } }], host_selection_retry_max_attempts: connectAttempts }
  const route = { match: { prefix: '/' }, route: { cluster: 'instances', timeout: '0s', retry_policy: retries } }
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
      stat_prefix: 'job',
      use_remote_address: true,
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      route_config: { name: 'job', virtual_hosts: [{ name: 'job', domains: ['*'], routes: [route] }] },
      http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
    },
  }
}

// Any of them may lead to the one that has just refused; after five failures it is left out.
const connectAttempts = 10

function tcpFilter(): JsonObject {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', stat_prefix: 'job', cluster: 'instances', max_connect_attempts: connectAttempts },
  }
}
