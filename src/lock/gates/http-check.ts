import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { type HttpCheck, parseCheck } from './check.ts'
import type { Outcome } from './outcome.ts'

// Those that Go's client follows, and when it gives up: the first request counts, too.
const redirects: ReadonlySet<number | undefined> = new Set([301, 302, 303, 307, 308])
const mostRequests = 10

// Who sends more is cut off: the status has said all, and a kubelet's probe reads as much.
const mostBodyBytes = 10_240

/**
 * Asks once, follows redirects, and reads a short body to its end: whoever answers should not find its
 * connection broken.
 *
 * fetch() would refuse a list of ports, and keep connections.
 *
 * @throws the error of the connection; that of the signal, which ends everything.
 */
export async function runHttpCheck(check: HttpCheck, signal: AbortSignal): Promise<Outcome> {
  let { url } = check
  for (let requests = 1; requests <= mostRequests; requests++) {
    const response = await ask(url, signal)
    const { statusCode: status = 0, headers } = response
    if (!redirects.has(status)) {
      await readAway(response)
      return { passed: status >= 200 && status < 300, reason: `answers ${status}` }
    }
    response.destroy()
    if (!headers.location) return failed(`answers ${status} without a Location`)
    const next = follow(headers.location, url)
    if (next === undefined) return failed('redirects to what is no HTTP address')
    url = next
  }
  return failed(`still redirects after ${mostRequests} requests`)
}

function failed(reason: string): Outcome {
  return { passed: false, reason }
}

/** User info stays where the address is relative, and goes where it names a host; Go's client does the same. */
function follow(location: string, base: URL): URL | undefined {
  const next = parseCheck(URL.parse(location, base)?.href ?? '')
  return 'kind' in next && next.kind === 'http' ? next.url : undefined
}

function ask(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const open = url.protocol === 'https:' ? requestHttps : requestHttp
  // An agent of its own, which keeps no connection.
  const sent = open(withoutUser(url), { agent: false, signal, headers: headersFor(url) })
  sent.on('response', resolve)
  sent.on('error', reject)
  // A switch of protocols ends without an error.
  sent.on('close', () => reject(closedError()))
  sent.end()
  return promise
}

function withoutUser(url: URL): URL {
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  return bare
}

function headersFor({ username, password }: URL): Record<string, string> {
  const headers = { 'user-agent': 'usher-lock', accept: '*/*' }
  if (username === '' && password === '') return headers
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { ...headers, authorization: `Basic ${Buffer.from(user).toString('base64')}` }
}

function readAway(response: IncomingMessage): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= mostBodyBytes) return
    resolve()
    response.destroy()
  })
  response.on('end', resolve)
  response.on('error', reject)
  response.on('close', () => reject(closedError()))
  return promise
}

function closedError(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })
}
