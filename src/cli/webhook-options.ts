import { defaultConfig } from '../config/defaults.ts'
import { loadConfig } from '../config/load.ts'
import type { InjectConfig } from '../inject/context.ts'
import { parseDuration } from '../units/duration.ts'
import type { KubeVersion } from '../units/kube-version.ts'
import { type Flag, type FlagValues, readKubeVersion, readPort, UsageError } from './command.ts'
import { logLevelFlag, readLogLevel } from './log.ts'

/** The flags of `usher webhook`. */
export const webhookFlags: Readonly<Record<string, Flag>> = {
  host: { type: 'string', value: 'ADDRESS', default: '0.0.0.0', help: 'address to listen on, for both ports' },
  port: { type: 'string', value: 'PORT', default: '8443', help: 'port of the webhook (0: a free one)' },
  'probe-port': { type: 'string', value: 'PORT', default: '8080', help: 'port of health and metrics (0: a free one)' },
  certs: {
    type: 'string',
    value: 'FOLDER',
    default: 'certs',
    help: 'folder with tls.crt and tls.key; made where they are missing',
  },
  'tls-cert': { type: 'string', value: 'FILE', help: 'certificate to serve, PEM; with --tls-key, instead of --certs' },
  'tls-key': { type: 'string', value: 'FILE', help: 'its private key, PEM' },
  'certs-secret': {
    type: 'string',
    value: 'NAME',
    help: 'Secret that all replicas share, instead of --certs; made where it is missing, and renewed. Needs a cluster',
  },
  'certs-life': {
    type: 'string',
    value: 'DURATION',
    default: '2160h',
    help: 'how long the certificate and the CA of the Secret are valid; a third before the end both are renewed',
  },
  'webhook-configuration': {
    type: 'string',
    value: 'NAME',
    help: 'MutatingWebhookConfiguration to put the CA into; with --certs-secret',
  },
  'lock-daemonset': {
    type: 'string',
    value: 'NAME',
    help: 'DaemonSet of the locks: while none is ready, or pods hang on usher-lock, no lock is injected. Needs a cluster',
  },
  config: { type: 'string', value: 'FILE', help: 'configuration file, YAML (docs/reference.md)' },
  'kube-version': {
    type: 'string',
    value: 'VERSION',
    help: 'version of the API server, such as 1.37; without it the cluster is asked, where there is one',
  },
  kubeconfig: {
    type: 'string',
    value: 'FILE',
    help: 'cluster to work with; without it the one in which this runs, where it runs in one',
  },
  'log-level': logLevelFlag,
}

/** A cluster to work with, and how it is reached. */
export interface ClusterOptions {
  /** Absent: the one in which this process runs. */
  readonly kubeconfig: string | undefined
  /** Our own namespace. */
  readonly namespace: string
}

/** What the webhook does with which cluster. */
export interface WebhookCommandOptions {
  readonly host: string
  readonly port: number
  readonly probePort: number
  readonly folder: string
  readonly files: { readonly cert: string; readonly key: string } | undefined
  readonly certsSecret: string | undefined
  /** Of what is made for that Secret, in milliseconds. */
  readonly certsLifeMs: number
  readonly webhookConfiguration: string | undefined
  readonly lockDaemonSet: string | undefined
  readonly kubeVersion: KubeVersion | undefined
  readonly config: InjectConfig
  readonly cluster: ClusterOptions | undefined
  readonly level: string
}

/**
 * Reads the flags.
 *
 * @throws {UsageError}
 */
export async function readWebhookOptions(values: FlagValues, env = process.env): Promise<WebhookCommandOptions> {
  const level = readLogLevel(values)
  const kubeVersion = readKubeVersion(values, 'kube-version')
  const cert = values.text('tls-cert')
  const key = values.text('tls-key')
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--tls-cert and --tls-key go together')
  const certsSecret = readName(values, 'certs-secret')
  const webhookConfiguration = readName(values, 'webhook-configuration')
  const lockDaemonSet = readName(values, 'lock-daemonset')
  if (certsSecret !== undefined && cert !== undefined) throw new UsageError('--certs-secret and --tls-cert exclude each other')
  if (webhookConfiguration !== undefined && certsSecret === undefined) {
    throw new UsageError('--webhook-configuration needs --certs-secret, whose CA it is given')
  }
  const port = readPort(values, 'port')
  const probePort = readPort(values, 'probe-port')
  const configFile = values.text('config')
  const config = configFile === undefined ? defaultConfig : await loadConfig(configFile)
  const needing = ['certs-secret', 'lock-daemonset'].find((name) => values.text(name) !== undefined)
  return {
    host: values.text('host') ?? '0.0.0.0',
    port,
    probePort,
    folder: values.text('certs') ?? 'certs',
    files: cert === undefined || key === undefined ? undefined : { cert, key },
    certsSecret,
    certsLifeMs: readLife(values),
    webhookConfiguration,
    lockDaemonSet,
    kubeVersion,
    config,
    cluster: readCluster(values, env, needing, config),
    level,
  }
}

function readCluster(
  values: FlagValues,
  env: NodeJS.ProcessEnv,
  needing: string | undefined,
  config: InjectConfig,
): ClusterOptions | undefined {
  const kubeconfig = values.text('kubeconfig')
  const own = env['POD_NAMESPACE'] ?? ''
  if (kubeconfig !== undefined) return { kubeconfig, namespace: own === '' ? config.systemNamespace : own }
  const inside = (env['KUBERNETES_SERVICE_HOST'] ?? '') !== ''
  if (needing !== undefined && !inside) {
    throw new UsageError(`--${needing} needs a cluster: there is no KUBERNETES_SERVICE_HOST, and no --kubeconfig`)
  }
  if (needing !== undefined && own === '') {
    throw new UsageError(`--${needing} needs POD_NAMESPACE, the namespace in which this runs`)
  }
  return inside ? { kubeconfig, namespace: own } : undefined
}

// Less leaves no time for a change of the CA; more is no renewal.
const [leastLifeMs, mostLifeMs] = [30_000, 10 * 365 * 24 * 3_600_000]

function readLife(values: FlagValues): number {
  const text = values.text('certs-life') ?? ''
  const ms = parseDuration(text)
  if (ms === undefined || ms < leastLifeMs || ms > mostLifeMs) {
    throw new UsageError(`--certs-life: ${JSON.stringify(text)} is not a duration from 30s to 87600h, such as 2160h`)
  }
  return ms
}

// Of an object: a DNS subdomain.
const objectName = /^[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?$/

function readName(values: FlagValues, name: string): string | undefined {
  const text = values.text(name)
  if (text !== undefined && !objectName.test(text)) throw new UsageError(`--${name}: ${JSON.stringify(text)} is not the name of an object`)
  return text
}
