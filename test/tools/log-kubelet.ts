import { createServer } from 'node:https'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { issueForTest } from '../support/certificates.ts'

/** As much of a kubelet as gives logs to the API server. */
export interface LogKubelet {
  readonly port: number
  /** What was asked for: `POD CONTAINER`, and the query. */
  readonly asked: readonly { readonly of: string; readonly query: Readonly<Record<string, string>> }[]
  /** A container writes a line, be it one that was started again; `at` in milliseconds since 1970. */
  write(of: string, text: string, at?: number): void
  /** The container ends: so do the answers that follow it, and those that come. */
  end(of: string): void
  /** Breaks the connections on which it is followed. */
  cut(of: string): void
  /** How many follow it. */
  followers(of: string): number
}

/** Starts it. Logs are named `POD CONTAINER`, and those of the container before `POD CONTAINER previous`. */
export async function startLogKubelet(t: Test): Promise<LogKubelet> {
  const { leaf } = await issueForTest(['127.0.0.1'])
  const asked: { of: string; query: Readonly<Record<string, string>> }[] = []
  const logs = new Map<string, { at: number; text: string }[]>()
  const open = new Map<string, Set<ServerResponse>>()
  const atEnd = new Set<string>()
  const openOf = (of: string): Set<ServerResponse> => open.get(of) ?? new Set()
  const lineOf = ({ at, text }: { at: number; text: string }): string => `${new Date(at).toISOString().replace('Z', '000000Z')} ${text}\n`

  const server = createServer({ cert: leaf.cert, key: leaf.key }, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://kubelet')
    const [, kind, , pod = '', container = ''] = pathname.split('/')
    const query = Object.fromEntries(searchParams)
    const of = `${pod} ${container}${query['previous'] === 'true' ? ' previous' : ''}`
    if (kind !== 'containerLogs' || !logs.has(of)) {
      response.writeHead(404).end(`there is no log of ${of}`)
      return
    }
    asked.push({ of, query })
    const since = query['sinceTime'] === undefined ? 0 : Math.floor(Date.parse(query['sinceTime']) / 1_000) * 1_000
    const found = (logs.get(of) ?? []).filter(({ at }) => at >= since)
    const shown = query['tailLines'] === undefined ? found : found.slice(Math.max(0, found.length - Number(query['tailLines'])))
    response.writeHead(200, { 'content-type': 'text/plain' })
    response.flushHeaders()
    for (const line of shown) response.write(query['timestamps'] === 'true' ? lineOf(line) : `${line.text}\n`)
    if (query['follow'] !== 'true' || atEnd.has(of)) {
      response.end()
      return
    }
    const all = openOf(of)
    open.set(of, all.add(response))
    response.on('close', () => all.delete(response))
  })
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    write(of, text, at = Date.now()) {
      atEnd.delete(of)
      logs.set(of, [...(logs.get(of) ?? []), { at, text }])
      for (const response of openOf(of)) response.write(lineOf({ at, text }))
    },
    end(of) {
      atEnd.add(of)
      for (const response of openOf(of)) response.end()
    },
    cut(of) {
      for (const response of openOf(of)) response.destroy()
    },
    followers: (of) => openOf(of).size,
  }
}
