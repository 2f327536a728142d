import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { LockService } from '../service.ts'
import { viewState } from '../state-view.ts'
import { renderPage } from './render.ts'

type OnRequest = (request: FastifyRequest, reply: FastifyReply, next: () => void) => void

/** `/status`: the page. */
export function addPage(app: FastifyInstance, service: LockService, onRequest: OnRequest): void {
  app.get('/status', { onRequest, schema: { hide: true } }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(renderPage(viewState(service, Date.now()))),
  )
}
