import { type IncomingMessage, request } from 'node:http'
import type { KubeConfig } from '@kubernetes/client-node'
import { isObject, type JsonObject } from '../units/json.ts'
import { type PodPort, portForward } from './port-forward.ts'
import { ApiError, requestText } from './request.ts'

/** How somebody outside of the cluster asks a pod: the API server connects to it, or its kubelet does. */
export type PodWay = 'proxy' | 'port-forward'

/** What is asked of a pod, over HTTP. */
export interface PodQuestion extends PodPort {
  readonly path: string
  /** The one after the other, until one leads to an answer. */
  readonly ways: readonly PodWay[]
  /** How long each of them may take. */
  readonly withinMs: number
}

/** No way led to an answer. */
export class PodSilentError extends Error {
  override readonly name = 'PodSilentError'
  /** What came of each, in the order in which they were tried. */
  readonly attempts: readonly { readonly way: PodWay; readonly error: Error }[]

  constructor(attempts: PodSilentError['attempts']) {
    super(attempts.map(({ way, error }) => `${nameOf[way]}: ${error.message}`).join('; '), { cause: attempts.at(-1)?.error })
    this.attempts = attempts
  }
}

const nameOf: Readonly<Record<PodWay, string>> = { proxy: "by the API server's proxy", 'port-forward': 'by port-forward' }

/**
 * Asks a pod with GET, and gives the body of its answer.
 *
 * @throws {PodSilentError} where no way leads to an answer of status 200.
 */
export async function askPod(config: KubeConfig, question: PodQuestion, signal: AbortSignal): Promise<string> {
  const attempts: { way: PodWay; error: Error }[] = []
  for (const way of question.ways) {
    const late = AbortSignal.timeout(question.withinMs)
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      return await (way === 'proxy' ? byProxy : byPortForward)(config, question, AbortSignal.any([signal, late]))
    } catch (error) {
      if (signal.aborted) throw error
      attempts.push({ way, error: late.aborted ? new Error(`no answer within ${question.withinMs / 1_000} s`) : toError(error) })
    }
  }
  throw new PodSilentError(attempts)
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** As {@link askPod}, of an answer that is a JSON object. */
export async function askPodJson(config: KubeConfig, question: PodQuestion, signal: AbortSignal): Promise<JsonObject> {
  const value: unknown = JSON.parse(await askPod(config, question, signal))
  if (!isObject(value)) throw new Error(`${question.path}: the answer is not a JSON object`)
  return value
}

function byProxy(config: KubeConfig, { namespace, pod, port, path }: PodQuestion, signal: AbortSignal): Promise<string> {
  const place = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}:${port}/proxy`
  return requestText(config, { path: place + path, accept: '*/*', signal })
}

// A state of a node of 110 pods has 100 KB.
const maxAnswerBytes = 4 * 1024 * 1024

async function byPortForward(config: KubeConfig, question: PodQuestion, signal: AbortSignal): Promise<string> {
  const stream = await portForward(config, question, signal)
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  // Told where it breaks, whether before the answer or in it.
  stream.on('error', reject)
  try {
    const headers = { host: `localhost:${question.port}`, 'user-agent': 'usher', connection: 'close' }
    const sent = request({ path: question.path, headers, createConnection: () => stream, signal })
    sent.on('response', resolve)
    sent.on('error', reject)
    sent.end()
    const answer = await promise
    const text = await read(answer)
    const status = answer.statusCode ?? 0
    if (status !== 200) throw new ApiError(status, text.slice(0, 300))
    return text
  } finally {
    stream.destroy()
  }
}

async function read(answer: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > maxAnswerBytes) throw new Error(`the answer has more than ${maxAnswerBytes} bytes`)
  }
  return Buffer.concat(chunks).toString()
}
