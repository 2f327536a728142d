import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KubeConfig } from '@kubernetes/client-node'
import type { Test } from 'tap'
import { until } from './until.ts'

/** A request that the fake API server has got, and that the test answers. */
export interface FakeRequest {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly response: ServerResponse
  /** Whether the client has gone. */
  isGone(): boolean
  /** Answers with JSON. */
  json(value: unknown, status?: number, headers?: Readonly<Record<string, string>>): void
  /** Answers as a list. */
  list(resourceVersion: string, items: readonly unknown[], next?: string): void
  /** Answers a watch with its head, and no event yet. */
  open(): void
  /** Sends an event of a watch. */
  event(type: string, object: unknown): void
  /** Ends the answer. */
  end(): void
}

/** An API server that answers what the test says. */
export interface FakeApiServer {
  readonly config: KubeConfig
  readonly url: string
  /** Waits for the next request that nobody has taken yet, of this path where one is given. */
  next(path?: string): Promise<FakeRequest>
  /** How many requests wait to be taken. */
  readonly waiting: number
  /** Takes no more connections, and breaks those that are there. */
  stop(): void
}

/** Starts it on a free port of the loopback, over plain HTTP. */
export async function startFakeApiServer(t: Test): Promise<FakeApiServer> {
  const waiting: FakeRequest[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => waiting.push(fakeRequest(request, body, response)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = (): void => {
    server.close()
    server.closeAllConnections()
  }
  t.teardown(stop)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    config: configFor(url),
    url,
    next: (path) =>
      until(`a request ${path ?? ''}`, () => {
        const at = waiting.findIndex((each) => path === undefined || each.path === path)
        return at === -1 ? undefined : waiting.splice(at, 1)[0]
      }),
    get waiting() {
      return waiting.length
    },
    stop,
  }
}

/** How a server at this address is reached. */
export function configFor(server: string): KubeConfig {
  const config = new KubeConfig()
  config.loadFromClusterAndUser({ name: 'fake', server, skipTLSVerify: true }, { name: 'nobody' })
  return config
}

function fakeRequest(request: IncomingMessage, body: string, response: ServerResponse): FakeRequest {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake')
  let gone = false
  response.on('close', () => (gone = true))
  function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): void {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
  }
  function open(): void {
    if (response.headersSent) return
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
  }
  return {
    method: request.method ?? '',
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: request.headers,
    body,
    response,
    isGone: () => gone,
    json,
    list: (resourceVersion, items, next = '') => json({ metadata: { resourceVersion, continue: next }, items }),
    open,
    event(type, object) {
      open()
      response.write(`${JSON.stringify({ type, object })}\n`)
    },
    end: () => void response.end(),
  }
}

/** A Status as the API server sends it. */
export function statusOf(code: number, message = 'no'): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message }
}
