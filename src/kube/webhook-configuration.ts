import type { KubeConfig } from '@kubernetes/client-node'
import { isObject } from '../units/json.ts'
import { ApiError, requestJson } from './request.ts'

/** A MutatingWebhookConfiguration as it was read, as far as we change it. */
export interface FoundConfiguration {
  /** What each of its webhooks trusts, PEM; '' where it has nothing. */
  readonly bundles: readonly string[]
  /** Puts these CAs, PEM, into each of them that has others; false: somebody has changed it since it was read. */
  trust(ca: string, signal: AbortSignal): Promise<boolean>
}

/** A MutatingWebhookConfiguration. */
export interface WebhookConfiguration {
  read(signal: AbortSignal): Promise<FoundConfiguration>
}

/**
 * Reads and changes a MutatingWebhookConfiguration. Throws where it is not there, or where the API server refuses or does
 * not answer.
 */
export function webhookConfiguration(config: KubeConfig, name: string): WebhookConfiguration {
  const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${encodeURIComponent(name)}`
  return {
    async read(signal) {
      const { metadata, webhooks } = await requestJson(config, { path, signal })
      const version = isObject(metadata) ? metadata['resourceVersion'] : undefined
      const clients = (Array.isArray(webhooks) ? webhooks : []).map((webhook: unknown) => (isObject(webhook) ? webhook['clientConfig'] : undefined))
      const bundles = clients.map((client) => (isObject(client) && typeof client['caBundle'] === 'string' ? client['caBundle'] : ''))
      return {
        bundles: bundles.map((bundle) => Buffer.from(bundle, 'base64').toString()),
        async trust(ca, writing) {
          const value = Buffer.from(ca).toString('base64')
          const operations = bundles.flatMap((bundle, index) =>
            bundle === value ? [] : [{ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value }],
          )
          if (operations.length === 0) return true
          // The indices are right only for the version that was read.
          const body = [{ op: 'test', path: '/metadata/resourceVersion', value: version }, ...operations]
          return patch(body, writing)
        },
      }
    },
  }

  async function patch(body: readonly object[], signal: AbortSignal): Promise<boolean> {
    try {
      await requestJson(config, { method: 'PATCH', path, contentType: 'application/json-patch+json', body, signal })
      return true
    } catch (error) {
      // A test of a JSON Patch that fails is answered with 422.
      if (error instanceof ApiError && (error.status === 409 || error.status === 422)) return false
      throw error
    }
  }
}
