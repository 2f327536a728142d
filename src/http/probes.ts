import fastify, { type FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import { sendProblem } from './problem.ts'

/** What the probes of a server are answered from. */
export interface ProbesOptions {
  readonly registry: Registry
  /** Why the server is not ready; undefined where it is. */
  readonly notReady: () => string | undefined
}

/** Builds the plain server for `/healthz`, `/readyz` and `/metrics`. Does not listen yet. */
export function buildProbes(options: ProbesOptions): FastifyInstance {
  const app: FastifyInstance = fastify({
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    frameworkErrors(_error, _request, reply) {
      sendProblem(reply, 'not-found', notFound)
    },
  })
  app.get('/healthz', (_request, reply) => reply.type('text/plain').send('ok\n'))
  app.get('/readyz', (_request, reply) => {
    const reason = options.notReady()
    return reply
      .code(reason === undefined ? 200 : 503)
      .type('text/plain')
      .send(`${reason ?? 'ok'}\n`)
  })
  app.get('/metrics', async (_request, reply) =>
    reply.type(options.registry.contentType).send(await options.registry.metrics()),
  )
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, 'not-found', notFound))
  return app
}

const notFound = 'there are /healthz, /readyz and /metrics'
