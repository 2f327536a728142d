import type { Logger } from 'pino'
import {
  defaultCaDays,
  defaultLeafDays,
  defaultNames,
  endOf,
  existing,
  filesIn,
  namesIn,
  readPair,
  writeCertificates,
} from '../certs/files.ts'
import type { CertificatePair } from '../certs/issue.ts'
import { keepCertificate } from '../certs/keeper.ts'
import { watchCertificate } from '../certs/watch.ts'
import type { TlsOptions } from '../webhook/app.ts'
import type { ClusterMetrics } from '../webhook/cluster-metrics.ts'
import type { WebhookMetrics } from '../webhook/metrics.ts'
import type { JoinedCluster } from './join-cluster.ts'
import type { WebhookCommandOptions } from './webhook-options.ts'

/** Where the certificate comes from, and how it goes on. */
export interface CertificateSource {
  readonly tls: TlsOptions
  /** Whether there is one to serve. */
  isThere(): boolean
  /** For people: the file or the Secret. */
  readonly name: string
  stop(): void
}

/** With what a certificate is served. */
export interface CertificateParts {
  readonly metrics: WebhookMetrics
  readonly clusterMetrics: ClusterMetrics
  readonly log: Logger
}

// How often the files of the certificate are looked at.
const certificateLookMs = 1_000

/** The certificate of files, and the watch of them. Makes both in our own folder at the first start. */
export async function fromFiles(options: WebhookCommandOptions, { metrics, log }: CertificateParts): Promise<CertificateSource> {
  const files = options.files ?? (await certificatesIn(options.folder, log))
  const pair = await readPair(files.cert, files.key)
  noteCertificate(pair, metrics, log)
  const renewed: ((pair: CertificatePair) => void)[] = []
  const stop = watchCertificate(files, pair, certificateLookMs, {
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
  return { tls: { ...pair, onChange: (listener) => void renewed.push(listener) }, isThere: () => true, name: files.cert, stop }
}

/** The certificate of a Secret that all replicas share. There is none at first. */
export function fromSecret(
  secret: string,
  options: WebhookCommandOptions,
  { kube, cluster, namespace }: JoinedCluster,
  { metrics, clusterMetrics, log }: CertificateParts,
): CertificateSource {
  const renewed: ((pair: CertificatePair) => void)[] = []
  let last: CertificatePair | undefined
  const { webhookConfiguration: name } = options
  const stop = keepCertificate(
    {
      secrets: kube.secretIn(cluster, namespace, secret),
      trust: name === undefined ? undefined : kube.webhookConfiguration(cluster, name),
      names: namesIn(namespace),
      wait: (ms, signal) => kube.pause(kube.systemClock, ms, signal),
    },
    {
      certificate(pair) {
        for (const listener of renewed) listener(pair)
        if (last !== undefined) metrics.certificateReloaded('success')
        last = pair
        noteCertificate(pair, metrics, log)
      },
      made: () => log.info({ secret, names: namesIn(namespace) }, 'made a CA and a certificate'),
      trusted: () => log.info({ webhookConfiguration: name }, 'put the CA into the webhook configuration'),
      failed(step, error) {
        clusterMetrics.certificateFailed(step)
        const message =
          step === 'secret'
            ? 'the certificate in the Secret cannot be used; the last good one stays'
            : 'the CA cannot be put into the webhook configuration; trying again'
        log.error({ err: error }, message)
      },
    },
  )
  const onChange = (listener: (pair: CertificatePair) => void): void => {
    renewed.push(listener)
    if (last !== undefined) listener(last)
  }
  return { tls: { onChange }, isThere: () => last !== undefined, name: `secret/${secret}`, stop }
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
