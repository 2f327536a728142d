import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Owner } from '../../tools/local-process.ts'
import type { CertificatePair } from '../../../src/certs/issue.ts'
import { hostAddress } from '../plan.ts'
import { apply, kubectl, read, systemNamespace } from './usher.ts'

const deployment = ['deployment/usher-webhook', '--namespace', systemNamespace]

/** Scales the webhook, and waits until its replicas are there, or all are gone. */
export async function scaleWebhook(replicas: number): Promise<void> {
  await kubectl(['scale', ...deployment, `--replicas=${replicas}`])
  const pods = ['pod', '--namespace', systemNamespace, '--selector', 'app.kubernetes.io/component=webhook', '--timeout=120s']
  if (replicas === 0) await kubectl(['wait', '--for=delete', ...pods])
  else await kubectl(['rollout', 'status', ...deployment, '--timeout=120s'])
}

/** What answers in the webhook's place. */
export interface StandIn {
  /** How often it was connected to. */
  connections(): number
  /** From now on it answers so. */
  answer(listener: RequestListener): void
}

/**
 * Puts a server of this process behind the webhook's Service, with a certificate of its own, until `t` ends. The webhook is
 * scaled to 0, so that nobody mends the CA of the configuration.
 *
 * @param trusted the CA that the API server is told of, PEM.
 */
export async function startStandIn(t: Owner, leaf: CertificatePair, trusted: string): Promise<StandIn> {
  let listener: RequestListener = (_, response) => response.destroy()
  let connections = 0
  const server = createServer(leaf, (request, response) => listener(request, response))
  server.on('connection', () => void connections++)
  await once(server.listen(0, hostAddress), 'listening')
  const { port } = server.address() as AddressInfo
  await trust(trusted)
  const metadata = { name: 'stand-in', namespace: systemNamespace, labels: { 'kubernetes.io/service-name': 'usher-webhook' } }
  await apply({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata,
    addressType: 'IPv4',
    endpoints: [{ addresses: [hostAddress], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  })
  t.teardown(async () => {
    await kubectl(['delete', 'endpointslice', metadata.name, '--namespace', systemNamespace, '--ignore-not-found'])
    server.close()
    server.closeAllConnections()
  })
  return { connections: () => connections, answer: (next) => void (listener = next) }
}

/** Has the API server trust this CA, PEM, and no other, when it calls the webhook. */
export async function trust(ca: string): Promise<void> {
  const { webhooks } = await read<{ readonly webhooks: readonly object[] }>('get', 'mutatingwebhookconfiguration', 'usher')
  const caBundle = Buffer.from(ca).toString('base64')
  const patch = webhooks.map((_, index) => ({ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: caBundle }))
  await kubectl(['patch', 'mutatingwebhookconfiguration', 'usher', '--type=json', '--patch', JSON.stringify(patch)])
}
