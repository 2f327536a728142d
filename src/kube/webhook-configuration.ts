import type { KubeConfig } from '@kubernetes/client-node'
import { isObject } from '../units/json.ts'
import { requestJson } from './request.ts'

/** A MutatingWebhookConfiguration, as far as we change it. */
export interface WebhookConfiguration {
  /** Puts these CAs, PEM, into each of its webhooks that has others; whether there was any. */
  trust(ca: string, signal: AbortSignal): Promise<boolean>
}

/**
 * Changes a MutatingWebhookConfiguration. Throws where it is not there, where somebody has changed it in the meantime
 * (the indices in the patch would be wrong), or where the API server refuses or does not answer.
 */
export function webhookConfiguration(config: KubeConfig, name: string): WebhookConfiguration {
  const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${encodeURIComponent(name)}`
  return {
    async trust(ca, signal) {
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
        body: [{ op: 'test', path: '/metadata/resourceVersion', value: version }, ...operations],
        signal,
      })
      return true
    },
  }
}
