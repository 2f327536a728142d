import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { issueForTest } from './certificates.ts'
import { objectAt } from './pod-reader.ts'

/** Somebody else's validating webhook. */
export interface ValidatingWebhook {
  readonly url: string
  /** PEM. */
  readonly ca: string
}

/** Starts one on the loopback. @param judge why an object is refused; undefined: it is not. */
export async function startValidatingWebhook(t: Test, judge: (object: JsonObject) => string | undefined): Promise<ValidatingWebhook> {
  const { ca, leaf } = await issueForTest(['127.0.0.1'])
  const server = createServer({ cert: leaf.cert, key: leaf.key }, (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const review: unknown = JSON.parse(body)
      const { uid, object } = objectAt(review, 'request')
      const message = isObject(object) ? judge(object) : undefined
      const answer = { uid, allowed: message === undefined, ...(message === undefined ? {} : { status: { code: 403, message } }) }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`, ca: ca.cert }
}
