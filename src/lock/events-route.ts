import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendProblem } from '../http/problem.ts'
import type { LockEvent } from './event-log.ts'
import type { LockService } from './service.ts'

// Pages of a few people; each holds a connection.
const maxFollowers = 64
// A reader that is so far behind does not read.
const maxBufferedBytes = 65_536
// Shows proxies and browsers that the connection lives.
const keepAliveMs = 15_000

/**
 * `GET /v1/events`: what happens, as server-sent events. Each has an id, and whoever comes back with `Last-Event-ID`
 * gets what it missed, as far as that is kept.
 */
export function sendEvents(service: LockService, request: FastifyRequest, reply: FastifyReply): void {
  if (service.events.followers >= maxFollowers) {
    sendProblem(reply.header('retry-after', '10'), 'too-many-readers', `${maxFollowers} follow the events`)
    return
  }
  reply.hijack()
  const response = reply.raw
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  response.write(': usher\n\n')
  const write = (text: string): void => {
    if (response.writableLength > maxBufferedBytes) response.destroy()
    else response.write(text)
  }
  const timer = setInterval(() => write(': \n\n'), keepAliveMs).unref()
  const unfollow = service.events.follow(readLastId(request), { next: (event) => write(format(event)), end: () => response.end() })
  response.once('close', () => {
    clearInterval(timer)
    unfollow()
  })
}

function readLastId(request: FastifyRequest): number | undefined {
  const text = request.headers['last-event-id']
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function format({ id, kind, pod, details }: LockEvent): string {
  return `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify({ pod: pod ?? null, ...details })}\n\n`
}
