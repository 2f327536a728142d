import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import type { Test } from 'tap'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { buildWebhook, type WebhookOptions } from '../../src/webhook/app.ts'
import { buildWebhookMetrics } from '../../src/webhook/metrics.ts'
import { type Issued, issueForTest } from './certificates.ts'
import { context } from './context.ts'

/** A webhook in this process, with what it logs and counts. */
export interface WebhookUnderTest {
  readonly app: FastifyInstance
  readonly log: CapturedLog
  /** The value of a metric, such as `usher_webhook_requests_total{status="200"}`; 0 where there is none. */
  metric(sample: string): Promise<number>
}

/** A log that is kept. */
export interface CapturedLog {
  /** Everything that was written. */
  text(): string
  /** The lines with this message. */
  lines(message: string): readonly JsonObject[]
}

type Changes = Partial<Pick<WebhookOptions, 'contextOf' | 'decide' | 'tls'>>

/** Builds the webhook; it does not listen, and is closed with the test. */
export function webhookFor(t: Test, changes: Changes = {}): WebhookUnderTest {
  const registry = new Registry()
  const written: string[] = []
  const log = pino({ level: 'trace', base: null }, { write: (line: string) => written.push(line) })
  const contextOf = (name: string) => ({ ...context, namespace: { name } })
  const app = buildWebhook({ contextOf, metrics: buildWebhookMetrics(registry), log, ...changes })
  t.teardown(() => app.close())
  return {
    app,
    log: {
      text: () => written.join(''),
      lines: (message) => written.map((line): unknown => JSON.parse(line)).filter(isObject).filter(({ msg }) => msg === message),
    },
    metric: async (sample) => readMetric(await registry.metrics(), sample),
  }
}

/** A webhook that listens on the loopback. */
export interface ListeningWebhook extends WebhookUnderTest {
  readonly port: number
  readonly issued: Issued
  /** PEM of the CA that an API server would be given. */
  readonly ca: string
}

/** Starts the webhook over TLS on a free port of the loopback. */
export async function listeningWebhook(t: Test, changes: Changes = {}): Promise<ListeningWebhook> {
  const issued = await issueForTest()
  const webhook = webhookFor(t, { tls: issued.leaf, ...changes })
  await webhook.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = webhook.app.server.address() as AddressInfo
  return { ...webhook, port, issued, ca: issued.ca.cert }
}

/** Reads a sample from the text of a scrape; 0 where there is none. */
export function readMetric(scrape: string, sample: string): number {
  const line = scrape.split('\n').find((each) => each.startsWith(`${sample} `))
  return line === undefined ? 0 : Number(line.slice(sample.length + 1))
}
