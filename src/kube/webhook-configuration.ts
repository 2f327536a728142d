import type { KubeConfig } from '@kubernetes/client-node'
import { isObject } from '../units/json.ts'
import { ApiError, requestJson } from './request.ts'

/** A MutatingWebhookConfiguration, as far as we change it. */
export interface WebhookConfiguration {
  /** Puts these CAs, PEM, into each of its webhooks that has others; whether there was any. */
  trust(ca: string, signal: AbortSignal): Promise<boolean>
}

// The other replicas want the same, at the same time.
const attempts = 3

/**
 * Changes a MutatingWebhookConfiguration. Throws where it is not there, where others change it all the time, or where
 * the API server refuses or does not answer.
 */
export function webhookConfiguration(config: KubeConfig, name: string): WebhookConfiguration {
  const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${encodeURIComponent(name)}`
  return {
    async trust(ca, signal) {
      for (let attempt = 1; ; attempt++) {
        try {
          // oxlint-disable-next-line no-await-in-loop -- one after the other
          return await trustOnce(ca, signal)
        } catch (error) {
          if (!isConflict(error) || attempt === attempts) throw error
        }
      }
    },
  }

  async function trustOnce(ca: string, signal: AbortSignal): Promise<boolean> {
    const { metadata, webhooks } = await requestJson(config, { path, signal })
    const value = Buffer.from(ca).toString('base64')
    const operations: object[] = []
    for (const [index, webhook] of (Array.isArray(webhooks) ? webhooks : []).entries()) {
      const client: unknown = isObject(webhook) ? webhook['clientConfig'] : undefined
      if (!isObject(client) || client['caBundle'] === value) continue
      operations.push({ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value })
    }
    if (operations.length === 0) return false
    const version = isObject(metadata) ? metadata['resourceVersion'] : undefined
    await requestJson(config, {
      method: 'PATCH',
      path,
      contentType: 'application/json-patch+json',
      // The indices are right only for the version that was read.
      body: [{ op: 'test', path: '/metadata/resourceVersion', value: version }, ...operations],
      signal,
    })
    return true
  }
}

/** A test of a JSON Patch that fails is answered with 422. */
function isConflict(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 409 || error.status === 422)
}
