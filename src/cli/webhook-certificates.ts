import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Logger } from 'pino'
import { type Certificate, certificatesIn, issuerOf, readCertificate } from '../certs/bundle.ts'
import { defaultCaDays, defaultLeafDays, defaultNames, existing, filesIn, namesIn, readPair, writeCertificates } from '../certs/files.ts'
import { type CertificatePair, issueWithOwnCa } from '../certs/issue.ts'
import type { KeeperListener } from '../certs/keeper-ports.ts'
import { keepCertificate } from '../certs/keeper.ts'
import { trustedPairOf } from '../certs/secret.ts'
import { dueAt, timeFault } from '../certs/times.ts'
import { watchCertificate } from '../certs/watch.ts'
import type { TlsOptions } from '../webhook/app.ts'
import type { ClusterMetrics } from '../webhook/cluster-metrics.ts'
import type { WebhookMetrics } from '../webhook/metrics.ts'
import type { JoinedCluster } from './join-cluster.ts'
import type { WebhookCommandOptions } from './webhook-options.ts'

/** Where the certificate comes from, and how it goes on. */
export interface CertificateSource {
  readonly tls: TlsOptions
  /** Why what is served is of no use; undefined: it is. */
  notReady(): string | undefined
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
  const files = options.files ?? (await filesOfOwnFolder(options.folder, log))
  const pair = await readPair(files.cert, files.key)
  let served = await note(pair)
  const renewed: ((pair: CertificatePair) => void)[] = []
  const stop = watchCertificate(files, pair, certificateLookMs, {
    changed(next) {
      for (const listener of renewed) listener(next)
      metrics.certificateReloaded('success')
      void note(next).then((times) => (served = times))
    },
    failed(error) {
      metrics.certificateReloaded('failure')
      log.error({ err: error }, 'the certificate cannot be reloaded; the last good one stays')
    },
  })
  return {
    tls: { ...pair, onChange: (listener) => void renewed.push(listener) },
    notReady: () => timeFault(served, Date.now()),
    name: files.cert,
    stop,
  }

  /** Its CA is in a file beside it, as a Secret's volume and our own folder have it; it only counts for when it ends. */
  async function note({ cert }: CertificatePair): Promise<Certificate> {
    const leaf = readCertificate(cert)
    if (leaf === undefined) throw new Error(`${files.cert} is not a certificate in PEM`)
    const cas = certificatesIn(await readFile(join(dirname(files.cert), 'ca.crt'), 'utf8').catch(() => ''))
    noteCertificate(leaf, issuerOf(leaf, cas), metrics, log)
    const fault = timeFault(leaf, Date.now())
    if (fault !== undefined) log.error({ validTo: dateOf(leaf.to), fault }, 'the API server will not trust the certificate')
    return leaf
  }
}

/** The certificate of a Secret that all replicas share. There is none at first. */
export function fromSecret(
  secret: string,
  options: WebhookCommandOptions,
  { kube, cluster, namespace }: JoinedCluster,
  parts: CertificateParts,
): CertificateSource {
  const { metrics } = parts
  const renewed: ((pair: CertificatePair) => void)[] = []
  let last: CertificatePair | undefined
  const { webhookConfiguration: name, certsLifeMs: lifeMs } = options
  const names = namesIn(namespace)
  const keeper = keepCertificate(
    {
      secrets: kube.secretIn(cluster, namespace, secret),
      callers: name === undefined ? undefined : kube.webhookConfiguration(cluster, name),
      name: names[0] ?? '',
      issue: async (now) => trustedPairOf(await issueWithOwnCa(names, lifeMs, now)),
      lifeMs,
      random: Math.random,
      clock: { now: () => Date.now(), elapsed: () => kube.systemClock.now(), wait: (ms, signal) => kube.pause(kube.systemClock, ms, signal) },
    },
    {
      certificate({ pair, leaf, ca }) {
        for (const listener of renewed) listener(pair)
        if (last !== undefined) metrics.certificateReloaded('success')
        last = pair
        noteCertificate(leaf, ca, metrics, parts.log)
      },
      ...listenerFor(secret, name, parts),
    },
  )
  const onChange = (listener: (pair: CertificatePair) => void): void => {
    renewed.push(listener)
    if (last !== undefined) listener(last)
  }
  return { tls: { onChange }, notReady: () => keeper.notReady(), name: `secret/${secret}`, stop: () => keeper.stop() }
}

/** What is logged and counted of a shared certificate. */
function listenerFor(secret: string, configuration: string | undefined, { clusterMetrics, log }: CertificateParts): Omit<KeeperListener, 'certificate'> {
  return {
    changed(step, { current, next }, fault) {
      const line = { secret, validTo: dateOf(current.leaf.to), ...(next === undefined ? {} : { nextValidTo: dateOf(next.leaf.to) }) }
      switch (step) {
        case 'made':
          return log.info({ ...line, fault }, 'made a CA and a certificate')
        case 'staged':
          return log.info(line, 'made the next certificate; it is served once its CA is trusted')
        case 'promoted':
          return log.info(line, 'the next certificate is the one to serve now; the CA before it is trusted until it ends')
        case 'restored':
          return log.warn({ ...line, fault: fault ?? 'the Secret held an older one' }, 'put the certificate back into the Secret')
        case 'tidied':
          return log.info(line, 'took what is of no use out of the Secret')
      }
    },
    trusted: () => log.info({ webhookConfiguration: configuration }, 'put the CA into the webhook configuration'),
    skewed(ms) {
      if (ms === 0) log.info('the clock of this node is right again')
      else log.warn({ aheadSeconds: Math.round(ms / 1_000) }, "the clock of this node differs from the API server's, which is the one that counts for certificates; set it")
    },
    failed(step, error) {
      clusterMetrics.certificateFailed(step)
      const message =
        step === 'secret'
          ? 'the Secret of the certificate cannot be read or written; the last good certificate stays'
          : 'the CA cannot be put into the webhook configuration; trying again'
      log.error({ err: error }, message)
    },
  }
}

/** The files of our own folder; made at the first start. */
async function filesOfOwnFolder(folder: string, log: Logger): Promise<{ readonly cert: string; readonly key: string }> {
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

/** Without a CA it is not known when that ends. */
function noteCertificate(leaf: Certificate, ca: Certificate | undefined, metrics: WebhookMetrics, log: Logger): void {
  metrics.certificateEnds(leaf.to / 1_000, ca === undefined ? undefined : ca.to / 1_000)
  log.info({ validTo: dateOf(leaf.to), renewal: dateOf(dueAt(leaf)) }, 'serving certificate')
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString()
}
