import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { envoyBinary } from '../envoy/envoy-binary.ts'
import { builtFolder } from '../go-tools/tool-folder.ts'
import { until } from '../support/until.ts'
import type { ApiServer } from './api-server.ts'
import { freePort } from './free-port.ts'
import { startLocalProcess } from './local-process.ts'
import type { Shell } from './shell.ts'

/** A controller of Ingresses and of a Gateway: Contour, and the Envoy that it configures. */
export interface IngressController {
  readonly httpPort: number
  readonly httpsPort: number
}

/** The definitions that the controller watches: its own, and those of the Gateway API. */
export async function installDefinitions(shell: Shell): Promise<void> {
  for (const file of ['contour.yaml', 'gateway-api.yaml']) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await shell.read('kubectl apply --server-side -f -', readFileSync(join(builtFolder('contour'), file), 'utf8'))
  }
  await shell.read('kubectl wait --for=condition=Established crd --all')
}

// A controller takes some seconds of CPU until it has read everything.
const patienceMs = 120_000

/**
 * Starts the controller, and waits until it answers requests.
 *
 * @param gateway the Gateway that it serves, as `NAMESPACE/NAME`; without one it serves Ingresses of the class contour.
 */
export async function startIngressController(t: Test, server: ApiServer, gateway?: { readonly name: string; readonly port: number }): Promise<IngressController> {
  const folder = mkdtempSync(join(tmpdir(), 'usher-ingress-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const contour = join(builtFolder('contour'), 'contour')
  const [xds, http, https, ...others] = await Promise.all(Array.from({ length: 8 }, freePort))
  const [metrics, health, stats, debug] = others
  const [namespace, name] = gateway?.name.split('/') ?? []
  const config = join(folder, 'contour.yaml')
  writeFileSync(config, JSON.stringify(gateway === undefined ? {} : { gateway: { gatewayRef: { namespace, name } } }))
  const flags = [
    'serve', '--insecure', `--config-path=${config}`, `--kubeconfig=${server.kubeconfig}`, '--disable-leader-election',
    // Kinds of the Gateway API that are not of its standard channel.
    '--disable-feature=tlsroutes', '--disable-feature=tcproutes', '--disable-feature=backendtlspolicies',
    '--xds-address=127.0.0.1', `--xds-port=${xds}`,
    '--envoy-service-http-address=127.0.0.1', `--envoy-service-http-port=${http}`, '--envoy-service-https-address=127.0.0.1', `--envoy-service-https-port=${https}`,
    '--envoy-http-access-log=/dev/null', '--envoy-https-access-log=/dev/null',
    '--http-address=127.0.0.1', `--http-port=${metrics}`, '--health-address=127.0.0.1', `--health-port=${health}`, '--stats-address=127.0.0.1', `--stats-port=${stats}`, '--debug-http-address=127.0.0.1', `--debug-http-port=${debug}`,
  ]
  const serving = startLocalProcess(t, contour, flags, folder)
  const bootstrap = join(folder, 'envoy.json')
  const made = spawnSync(contour, ['bootstrap', bootstrap, '--xds-address=127.0.0.1', `--xds-port=${xds}`, `--resources-dir=${join(folder, 'resources')}`, `--admin-address=${join(folder, 'admin.sock')}`], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`contour bootstrap ended with ${made.status}: ${made.stderr}`)
  const envoy = startLocalProcess(t, envoyBinary(), ['-c', bootstrap, '--service-cluster', 'contour', '--service-node', 'test', '--disable-hot-restart', '--concurrency', '1', '--log-level', 'warning'], folder)
  await Promise.race([until('Envoy is ready', () => answers(stats ?? 0), patienceMs), serving.ended, envoy.ended])
  // Contour's own arithmetic for the listeners of a Gateway.
  return { httpPort: gateway === undefined ? (http ?? 0) : gateway.port + 8_000, httpsPort: https ?? 0 }
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/ready`)).status === 200
  } catch {
    return false
  }
}

/** What is answered to a request for a host: the status, and the text; status 0 where there is no answer. */
export async function askFor(host: string, port: number, ca?: string): Promise<{ readonly status: number; readonly by: string }> {
  const options = { host: '127.0.0.1', port, agent: false, headers: { host } } as const
  const sent = ca === undefined ? requestHttp(options) : requestHttps({ ...options, ca, servername: host })
  sent.end()
  try {
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return { status: response.statusCode ?? 0, by: await text(response) }
  } catch {
    return { status: 0, by: '' }
  }
}
