import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { statusOf } from './fake-api-server.ts'

/** What an API server answers: an object, or a status with a message, or {@link silence}. */
export type Answer = object | { readonly refuse: number; readonly message?: string }

/** It does not answer. */
export const silence: Answer = {}

/** An API server that knows what it answers. Whatever it does not know is not found. */
export interface AnsweringApiServer {
  readonly url: string
  /** By `METHOD /path`, or by the path alone for GET; may be changed while it runs. */
  readonly answers: Record<string, Answer | ((body: unknown, query: URLSearchParams) => Answer)>
  /** What was asked for, in order: `METHOD /path`. */
  readonly asked: readonly string[]
}

/** Starts it on a free port of the loopback, over plain HTTP. */
export async function startAnsweringApiServer(t: Test, answers: AnsweringApiServer['answers'] = {}): Promise<AnsweringApiServer> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake')
      const name = `${request.method} ${pathname}`
      asked.push(name)
      const found = answers[name] ?? (request.method === 'GET' ? answers[pathname] : undefined) ?? { refuse: 404, message: 'not found' }
      const answer = typeof found === 'function' ? found(body === '' ? undefined : JSON.parse(body), searchParams) : found
      if (answer === silence) return
      const [status, content] = 'refuse' in answer ? [answer.refuse as number, statusOf(answer.refuse as number, 'message' in answer ? String(answer.message) : 'no')] : [200, answer]
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, answers, asked }
}
