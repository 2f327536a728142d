import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { StateView } from '../state-view.ts'
import { icon } from './icon.ts'
import { renderPage } from './render.ts'
import { script } from './script.ts'
import { style } from './style.ts'

type OnRequest = (request: FastifyRequest, reply: FastifyReply, next: () => void) => void

/** Nothing but the page's own files, nothing inline, in no frame. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const headers = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/** `/status`: the page, and the files that belong to it. `view` gives the state as it is. */
export function addPage(app: FastifyInstance, view: () => StateView, onRequest: OnRequest): void {
  const options = { onRequest, schema: { hide: true } }
  const serve = (path: string, type: string, write: () => string): void =>
    void app.get(path, options, (_request, reply) => reply.headers(headers).type(type).send(write()))

  serve('/status', 'text/html; charset=utf-8', () => renderPage(view()))
  serve('/status/style.css', 'text/css; charset=utf-8', () => style)
  serve('/status/script.js', 'text/javascript; charset=utf-8', () => script)
  serve('/status/icon.svg', 'image/svg+xml', () => icon)
  // Relative as all links are. Without it, who adds a slash would ask for the lock.
  app.get('/status/', options, (_request, reply) => reply.redirect('../status', 308))
  // Browsers ask for it at every other document, and would take a permit by that.
  app.get('/favicon.ico', { schema: { hide: true } }, (_request, reply) => reply.code(204).send())
}
