/**
 * Asks a server again and again, in a process of its own, until standard input ends; then writes what came of it.
 *
 * A request has failed where its caller gets no whole answer with 200 within ten seconds. As HTTP clients do (RFC 9112,
 * section 9.3.1; Go's net/http, browsers, what Node's documentation of `reusedSocket` advises), a GET is sent once more, on
 * a new connection, where a connection that was used before is closed before any byte of the answer: client and server
 * then have given it up at the same moment. A request on a new connection is never sent twice.
 */
import { Agent, get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/** What came of one kind of connections. */
export interface LoadReport {
  readonly requests: number
  /** Why requests failed, each. */
  readonly failures: readonly string[]
  /** How many were sent once more. */
  readonly repeated: number
}

/** What came of all. */
export interface LoadReports {
  readonly fresh: LoadReport
  readonly kept: LoadReport
}

const [url = '', clients = '4'] = process.argv.slice(2)
const pauseMs = 50
const timeoutMs = 10_000

const over = new AbortController()
process.stdin.resume().on('end', () => over.abort())
const each = Array.from({ length: Number(clients) })
const [fresh, kept] = await Promise.all([load(false), load(true)])
const reports: LoadReports = { fresh, kept }
process.stdout.write(JSON.stringify(reports))

async function load(keepAlive: boolean): Promise<LoadReport> {
  const failures: string[] = []
  let requests = 0
  let repeated = 0
  const client = async (): Promise<void> => {
    const agent = new Agent({ keepAlive, maxSockets: 1 })
    while (!over.signal.aborted) {
      requests++
      let outcome = await ask(agent)
      if (outcome.mayRepeat) {
        repeated++
        outcome = await ask(new Agent())
      }
      if (outcome.failure !== undefined) failures.push(`${new Date().toISOString()} ${outcome.failure}`)
      await pause(pauseMs)
    }
    agent.destroy()
  }
  await Promise.all(each.map(client))
  return { requests, failures, repeated }
}

interface Answered {
  readonly failure?: string
  readonly mayRepeat: boolean
}

function ask(agent: Agent): Promise<Answered> {
  const { promise, resolve } = Promise.withResolvers<Answered>()
  let hasBegun = false
  const request = get(url, { agent, signal: AbortSignal.timeout(timeoutMs) })
  const fail = (error: Error): void => {
    const isGivenUp = request.reusedSocket && !hasBegun && nameOf(error) === 'ECONNRESET'
    resolve({ failure: `${nameOf(error)}${hasBegun ? ' in its answer' : ''}`, mayRepeat: isGivenUp })
  }
  request.on('error', fail)
  request.on('response', (response) => {
    hasBegun = true
    response.on('error', fail)
    response.on('end', () => resolve({ ...(response.statusCode === 200 ? {} : { failure: `status ${response.statusCode}` }), mayRepeat: false }))
    response.resume()
  })
  return promise
}

function nameOf(error: Error & { readonly code?: string }): string {
  return error.code ?? error.name
}
