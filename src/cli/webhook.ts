import { collectDefaultMetrics, Registry } from 'prom-client'
import { closeWithin } from '../http/close.ts'
import { buildProbes } from '../http/probes.ts'
import { buildWebhook } from '../webhook/app.ts'
import { buildClusterMetrics } from '../webhook/cluster-metrics.ts'
import { buildWebhookMetrics } from '../webhook/metrics.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { joinCluster, type JoinedCluster } from './join-cluster.ts'
import { buildLog } from './log.ts'
import { portOf, serveUntilEnded } from './serve-until-ended.ts'
import { type CertificateParts, type CertificateSource, fromFiles, fromSecret } from './webhook-certificates.ts'
import { factsWithoutCluster, watchCluster } from './webhook-cluster.ts'
import { readWebhookOptions, type WebhookCommandOptions, webhookFlags } from './webhook-options.ts'

/** `usher webhook` */
export const webhookCommand: Command = {
  name: 'webhook',
  summary: 'serve the admission webhook',
  description:
    'Answers AdmissionReviews (admission.k8s.io/v1) at POST /mutate (and, for namespaces in audit mode, /audit) over HTTPS, and /healthz, /readyz and /metrics ' +
    'over plain HTTP on the probe port. Without certificates it makes its own at the first start, in a folder or in a ' +
    'Secret that all replicas share and renew. The certificate is reloaded when it changes. In a cluster it watches the ' +
    'namespaces, whose labels and annotations decide with those of the pods. The log is JSON, one line a review.',
  flags: webhookFlags,
  examples: [
    'usher webhook --kube-version 1.37',
    'usher webhook --tls-cert /tls/tls.crt --tls-key /tls/tls.key --config /config/usher.yaml',
    'usher webhook --certs-secret usher-webhook-tls --webhook-configuration usher --lock-daemonset usher-lock',
  ],
  async run(values) {
    const options = await readWebhookOptions(values)
    await serve(options)
    return exitCodes.done
  },
}

// For each of the two servers; Kubernetes gives 30 s by default, and what has been accepted takes milliseconds.
const closeWithinMs = 5_000

async function serve(options: WebhookCommandOptions): Promise<void> {
  const { log, flush } = buildLog(options.level)
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const metrics = buildWebhookMetrics(registry)
  const clusterMetrics = buildClusterMetrics(registry)
  let closing = false

  const joined = options.cluster === undefined ? undefined : await joinCluster(options.cluster)
  const certificate = await certificateFor(options, joined, { metrics, clusterMetrics, log })
  const facts = joined === undefined ? factsWithoutCluster(options, log) : watchCluster(joined, options, clusterMetrics, log)
  const webhook = buildWebhook({ tls: certificate.tls, contextOf: (name) => facts.contextOf(name), metrics, log })
  function notReady(): string | undefined {
    if (closing) return 'closing'
    return certificate.notReady() ?? facts.notReady()
  }
  const probes = buildProbes({ registry, notReady })

  async function close(): Promise<void> {
    closing = true
    certificate.stop()
    facts.stop()
    await closeWithin(webhook, closeWithinMs)
    await closeWithin(probes, closeWithinMs)
  }

  await serveUntilEnded({
    log,
    flush,
    async listen() {
      await probes.listen({ host: options.host, port: options.probePort })
      await webhook.listen({ host: options.host, port: options.port })
    },
    close,
    closeWithinMs: 3 * closeWithinMs,
    where() {
      const { kubeVersion } = facts.contextOf('')
      return { port: portOf(webhook), probePort: portOf(probes), kubeVersion, certificate: certificate.name }
    },
  })
}

function certificateFor(
  options: WebhookCommandOptions,
  joined: JoinedCluster | undefined,
  parts: CertificateParts,
): Promise<CertificateSource> {
  const { certsSecret } = options
  if (certsSecret === undefined || joined === undefined) return fromFiles(options, parts)
  return Promise.resolve(fromSecret(certsSecret, options, joined, parts))
}
