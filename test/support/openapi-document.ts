import type { Test } from 'tap'
import Schema from 'typebox/schema'
import { ask, type WireAnswer } from './lock-process.ts'

type Json = Readonly<Record<string, unknown>>

/** One method of a path. */
interface Operation {
  readonly summary?: string
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Json }>> }>>
}

/** As much of an OpenAPI document as tests look at. */
export interface OpenApiDocument {
  readonly openapi: string
  readonly info: Json
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** The document of a lock. */
export async function documentOf(t: Test, lock: { readonly port: number }): Promise<OpenApiDocument> {
  const answer = await ask(t, lock, '/v1/openapi.json')
  t.match(answer.headers['content-type'], /^application\/json/)
  return JSON.parse(answer.body)
}

/** What was asked, by the document's names, and the status that is expected. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly status: number
}

/** Checks the status and the body of an answer against the document; gives its name there, or undefined where it has none. */
export function conforms(t: Test, document: OpenApiDocument, answer: WireAnswer, { method, path, status }: Asked, sent: string): string | undefined {
  const what = `${method} ${sent}: ${status}`
  t.equal(answer.status, status, what)
  const response = document.paths[path]?.[method.toLowerCase()]?.responses[status]
  if (response === undefined) return void t.fail(`${what} is documented`)
  const [type = ''] = (answer.headers['content-type'] ?? '').split(';', 1)
  const { schema: ofType } = response.content?.[type] ?? {}
  const schemas = ofType === undefined ? [] : [ofType]
  t.ok(answer.body === '' || ofType !== undefined, `${what}: ${type} is documented`)
  if (answer.body === '') t.same(schemas.filter(({ type: kind }) => kind !== 'null'), [], `${what} has a body`)
  else t.ok(schemas.length > 0, `${what} has a schema`)
  for (const schema of answer.body === '' ? [] : schemas) {
    const body: unknown = type.endsWith('json') ? JSON.parse(answer.body) : answer.body
    const [, errors] = Schema.Errors(schema, body)
    t.ok(Schema.Check(schema, body), `${what}: ${JSON.stringify(errors)} in ${answer.body.slice(0, 300)}`)
  }
  return `${method} ${path} ${status}`
}
