import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { collectDefaultMetrics, Registry } from 'prom-client'
import {
  defaultCaDays,
  defaultLeafDays,
  defaultNames,
  endOf,
  existing,
  filesIn,
  readPair,
  writeCertificates,
} from '../certs/files.ts'
import type { CertificatePair } from '../certs/issue.ts'
import { watchCertificate } from '../certs/watch.ts'
import { defaultConfig } from '../config/defaults.ts'
import { loadConfig } from '../config/load.ts'
import { closeWithin } from '../http/close.ts'
import { buildProbes } from '../http/probes.ts'
import type { KubeVersion } from '../units/kube-version.ts'
import { buildWebhook } from '../webhook/app.ts'
import { buildWebhookMetrics, type WebhookMetrics } from '../webhook/metrics.ts'
import { type Command, type FlagValues, readKubeVersion, readPort, UsageError } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { buildLog, logLevelFlag, readLogLevel } from './log.ts'

/** `usher webhook` */
export const webhookCommand: Command = {
  name: 'webhook',
  summary: 'serve the admission webhook',
  description:
    'Answers AdmissionReviews (admission.k8s.io/v1) at POST /mutate over HTTPS, and /healthz, /readyz and /metrics ' +
    'over plain HTTP on the probe port. Without certificates it makes its own at the first start. The certificate is ' +
    'reloaded when its files change. The log is JSON, one line a review.',
  flags: {
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
    config: { type: 'string', value: 'FILE', help: 'configuration file, YAML (docs/configuration.md)' },
    'kube-version': {
      type: 'string',
      value: 'VERSION',
      help: 'version of the API server, such as 1.37; without it the cluster is asked, where there is one',
    },
    'log-level': logLevelFlag,
  },
  examples: [
    'usher webhook --kube-version 1.37',
    'usher webhook --tls-cert /tls/tls.crt --tls-key /tls/tls.key --config /config/usher.yaml',
  ],
  async run(values) {
    const options = await readOptions(values)
    await serve(options)
    return exitCodes.done
  },
}

type Options = Awaited<ReturnType<typeof readOptions>>

async function readOptions(values: FlagValues) {
  const level = readLogLevel(values)
  const kubeVersion = readKubeVersion(values, 'kube-version')
  const cert = values.text('tls-cert')
  const key = values.text('tls-key')
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--tls-cert and --tls-key go together')
  const configFile = values.text('config')
  return {
    host: values.text('host') ?? '0.0.0.0',
    port: readPort(values, 'port'),
    probePort: readPort(values, 'probe-port'),
    folder: values.text('certs') ?? 'certs',
    files: cert === undefined || key === undefined ? undefined : { cert, key },
    kubeVersion,
    config: configFile === undefined ? defaultConfig : await loadConfig(configFile),
    level,
  }
}

// How often the files of the certificate are looked at.
const certificateLookMs = 1_000
// For each of the two servers; Kubernetes gives 30 s by default, and what has been accepted takes milliseconds.
const closeWithinMs = 5_000

async function serve(options: Options): Promise<void> {
  const { log, flush } = buildLog(options.level)
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const metrics = buildWebhookMetrics(registry)
  let kubeVersion: KubeVersion | undefined = options.kubeVersion
  let closing = false

  const files = options.files ?? (await certificatesIn(options.folder, log))
  const pair = await readPair(files.cert, files.key)
  noteCertificate(pair, metrics, log)
  const renewed: ((pair: CertificatePair) => void)[] = []
  const webhook = buildWebhook({
    tls: { ...pair, onChange: (listener) => renewed.push(listener) },
    contextOf: (name) => ({ config: options.config, namespace: { name }, kubeVersion, lockAvailable: true }),
    metrics,
    log,
  })
  const probes = buildProbes({ registry, notReady: () => (closing ? 'closing' : undefined) })
  const stopCertificateWatch = watchCertificate(files, pair, certificateLookMs, {
    changed(next) {
      for (const listener of renewed) listener(next)
      metrics.certificateReloaded('success')
      noteCertificate(next, metrics, log)
    },
    failed(error) {
      metrics.certificateReloaded('failure')
      log.error({ err: error }, 'the certificate cannot be reloaded; the last good one stays')
    },
  })
  const stopVersionWatch = options.kubeVersion === undefined ? await askCluster((v) => (kubeVersion = v), log) : nothing

  async function close(): Promise<void> {
    closing = true
    stopCertificateWatch()
    stopVersionWatch()
    await closeWithin(webhook, closeWithinMs)
    await closeWithin(probes, closeWithinMs)
  }

  try {
    await probes.listen({ host: options.host, port: options.probePort })
    await webhook.listen({ host: options.host, port: options.port })
  } catch (error) {
    await close()
    flush()
    throw error
  }
  const ended = Promise.withResolvers<void>()
  closeWithGrace({ delay: 3 * closeWithinMs, logger: false }, async ({ signal, err }) => {
    if (err !== undefined) log.fatal({ err }, 'ending after a failure')
    else log.info({ signal }, 'closing')
    await close()
    log.info('closed')
    flush()
    ended.resolve()
  })
  log.info({ port: portOf(webhook), probePort: portOf(probes), kubeVersion, certificate: files.cert }, 'listening')
  flush()
  await ended.promise
}

function nothing(): void {}

function portOf(app: FastifyInstance): number | undefined {
  const address = app.server.address()
  return typeof address === 'object' && address !== null ? address.port : undefined
}

/** The files of our own folder; made at the first start. */
async function certificatesIn(folder: string, log: Logger): Promise<{ readonly cert: string; readonly key: string }> {
  const files = filesIn(folder)
  const there = await existing(files)
  if (there.includes(files.cert) && there.includes(files.key)) return files
  if (there.length > 0) {
    throw new Error(`${folder} holds only ${there.join(', ')}; usher certs --dir ${folder} --force makes all anew`)
  }
  await writeCertificates(folder, {
    names: defaultNames,
    leafDays: defaultLeafDays,
    caDays: defaultCaDays,
    now: new Date(),
  })
  log.info({ folder, names: defaultNames }, 'made a CA and a certificate')
  return files
}

function noteCertificate(pair: CertificatePair, metrics: WebhookMetrics, log: Logger): void {
  const end = endOf(pair.cert)
  metrics.certificateEnds(end / 1_000)
  const line = { validTo: new Date(end).toISOString() }
  if (end < Date.now()) log.error(line, 'the certificate has expired: the API server will not trust it')
  else log.info(line, 'serving certificate')
}

/** Asks the cluster in which this process runs for its version, now and again. Without one, there is no nap. */
async function askCluster(known: (version: KubeVersion) => void, log: Logger): Promise<() => void> {
  if (process.env['KUBERNETES_SERVICE_HOST'] === undefined) {
    log.warn('no --kube-version and no cluster to ask: containers get no native nap (kube-version-unknown)')
    return nothing
  }
  const [{ inCluster }, { watchServerVersion }] = await Promise.all([
    import('../kube/cluster.ts'),
    import('../kube/server-version.ts'),
  ])
  return watchServerVersion(inCluster(), {
    known(version) {
      log.info({ kubeVersion: version }, 'version of the API server')
      known(version)
    },
    failed: (error) => log.warn({ err: error }, 'the API server does not say its version'),
  })
}
