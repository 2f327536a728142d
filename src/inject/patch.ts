import type { Json } from '../units/json.ts'

/** The operations of JSON Patch (RFC 6902) that usher makes. */
export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }

/** Joins reference tokens into a JSON Pointer (RFC 6901). */
export function pointer(...tokens: readonly (string | number)[]): string {
  let path = ''
  for (const token of tokens) path += `/${typeof token === 'number' ? token : escapeToken(token)}`
  return path
}

function escapeToken(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1')
}
