import type { Test } from 'tap'
import { type ProblemCode, problemTable } from '../../src/http/problem.ts'

/** Checks that an answer is this problem: its status, its media type, and a document that says the same. */
export function isProblem(
  t: Test,
  answer: { readonly status: number; readonly type: string | undefined; readonly body: string },
  code: ProblemCode,
  message: string,
): void {
  const { status, title } = problemTable[code]
  t.equal(answer.status, status, `${message}: status`)
  const mediaType = answer.type?.split(';', 1)[0]
  t.equal(mediaType, 'application/problem+json', `${message}: media type`)
  if (mediaType !== 'application/problem+json') return
  const document: Record<string, unknown> = JSON.parse(answer.body)
  t.match(document, { title, status, detail: String }, `${message}: document`)
  t.match(document['type'], new RegExp(`#${code}$`), `${message}: type`)
}
