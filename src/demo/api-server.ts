import { Agent, request } from 'node:https'
import type { Operation } from 'fast-json-patch'
import { isObject, type Json } from '../units/json.ts'

/** The side of the API server: sends reviews to the webhook as it does. */
export interface ApiServer {
  /** Sends an AdmissionReview and gives back the response in it. */
  review(body: Json): Promise<AdmissionResponse>
  close(): void
}

/** What a webhook answers about a pod. */
export interface AdmissionResponse {
  readonly uid: string
  readonly allowed: boolean
  /** RFC 6902; empty where the pod stays as it is. */
  readonly patch: readonly Operation[]
  readonly warnings: readonly string[]
  /** Codes of what was decided, from the audit annotations. */
  readonly codes: readonly string[]
}

/** The name under which the API server calls the webhook; its certificate must have it. */
export const serviceName = 'usher-webhook.usher-system.svc'

/**
 * Connects as an API server does: trusts the CA alone, wants the certificate to be of the webhook's Service,
 * keeps the connection.
 */
export function connect(port: number, ca: string): ApiServer {
  const agent = new Agent({ keepAlive: true, ca, servername: serviceName, rejectUnauthorized: true })
  return {
    async review(body) {
      const text = JSON.stringify(body)
      const answer = await post(agent, port, text)
      return readResponse(answer)
    },
    close: () => agent.destroy(),
  }
}

function post(agent: Agent, port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    const options = { agent, port, host: '127.0.0.1', method: 'POST', path: '/mutate?timeout=2s', headers }
    const sent = request(options, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (body += chunk))
      response.on('end', () => {
        if (response.statusCode === 200) resolve(body)
        else reject(new Error(`the webhook answered ${response.statusCode}: ${body}`))
      })
    })
    sent.on('error', reject)
    sent.end(text)
  })
}

function readResponse(text: string): AdmissionResponse {
  const content: unknown = JSON.parse(text)
  const response = isObject(content) ? content['response'] : undefined
  if (!isObject(response)) throw new Error('the answer of the webhook has no response')
  const { uid, allowed, patch, warnings, auditAnnotations } = response
  if (typeof uid !== 'string') throw new Error('the answer of the webhook has no uid')
  return {
    uid,
    allowed: allowed === true,
    patch: typeof patch === 'string' ? readPatch(patch) : [],
    warnings: Array.isArray(warnings) ? warnings.filter((warning) => typeof warning === 'string') : [],
    codes: isObject(auditAnnotations) && typeof auditAnnotations['reasons'] === 'string'
      ? auditAnnotations['reasons'].split(',')
      : [],
  }
}

function readPatch(base64: string): readonly Operation[] {
  const patch: unknown = JSON.parse(Buffer.from(base64, 'base64').toString())
  if (!Array.isArray(patch) || !patch.every(isOperation)) throw new Error('the patch is not a list of operations')
  return patch
}

function isOperation(value: unknown): value is Operation & Json {
  return isObject(value) && typeof value['op'] === 'string' && typeof value['path'] === 'string'
}
