import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { Test } from 'tap'
import { isObject, type JsonObject } from '../../../src/units/json.ts'
import { issueForTest } from '../../support/certificates.ts'
import { until } from '../../support/until.ts'
import { hostAddress } from '../plan.ts'
import { apply, kubectl, tryKubectl } from './usher.ts'

/** A mutating webhook of somebody else. */
export interface OtherWebhook {
  /** Webhooks are called in the order of these names. */
  readonly name: string
  /** The only namespace whose pods it sees. */
  readonly namespace: string
  readonly reinvocationPolicy: 'Never' | 'IfNeeded'
  /** What it changes in a pod: RFC 6902. */
  readonly change: (pod: Pod) => readonly object[]
}

/** A pod, with what such webhooks look at. */
export interface Pod {
  readonly metadata: { readonly name: string; readonly annotations: Readonly<Record<string, string>> }
  readonly spec: {
    readonly terminationGracePeriodSeconds: number
    readonly initContainers?: readonly Container[]
    readonly containers: readonly Container[]
    readonly volumes?: readonly { readonly name: string }[]
  }
}

/** One of its containers. */
export interface Container {
  readonly name: string
  readonly lifecycle?: { readonly preStop?: JsonObject }
  readonly volumeMounts?: readonly { readonly name: string }[]
}

/**
 * Serves it from this process until the end of the test, and registers it: with `failurePolicy: Fail`, so that no pod
 * of its namespace is made without it. Gives the names of the pods that it has been asked about, so far.
 */
export async function startOtherWebhook(t: Test, { name, namespace, reinvocationPolicy, change }: OtherWebhook): Promise<readonly string[]> {
  const { ca, leaf } = await issueForTest([hostAddress])
  const asked: string[] = []
  const answer = async (request: IncomingMessage): Promise<string> => {
    const { uid, pod } = readReview(await json(request))
    asked.push(pod.metadata.name)
    const patch = Buffer.from(JSON.stringify(change(pod))).toString('base64')
    const response = { uid, allowed: true, patchType: 'JSONPatch', patch }
    return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response })
  }
  const server = createServer(leaf, (request, response) => {
    response.setHeader('content-type', 'application/json')
    answer(request).then((body) => response.end(body), () => response.destroy())
  })
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server.listen(0, hostAddress), 'listening')
  const { port } = server.address() as AddressInfo
  t.teardown(() => kubectl(['delete', 'mutatingwebhookconfiguration', name]))
  await apply({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name },
    webhooks: [{
      name: 'pods.other.example',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Fail',
      reinvocationPolicy,
      clientConfig: { url: `https://${hostAddress}:${port}/`, caBundle: Buffer.from(ca.cert).toString('base64') },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    }],
  })
  await until('the API server knows it', async () => {
    await tryKubectl(['run', 'asker', '--namespace', namespace, '--image', 'any', '--dry-run=server'])
    return asked.length > 0
  })
  return asked
}

function readReview(review: unknown): { readonly uid: string; readonly pod: Pod } {
  const request = isObject(review) ? review['request'] : undefined
  if (!isObject(request) || typeof request['uid'] !== 'string') throw new Error('not an admission review')
  return { uid: request['uid'], pod: request['object'] as unknown as Pod }
}
