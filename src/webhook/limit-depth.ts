/** The deepest nesting that the API server itself reads (encoding/json's limit). */
export const maxDepth = 10_000

const quote = 0x22
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/**
 * Puts `null` in the place of every array and object that is nested deeper than {@link maxDepth}. Parsing
 * megabytes of brackets takes seconds and hundreds of megabytes; what no API server sends need not be parsed.
 *
 * @returns the body itself where nothing had to be cut.
 */
export function limitDepth(body: Buffer): { readonly body: Buffer; readonly cut: boolean } {
  // Each level takes an opening and a closing byte, so a small body cannot be too deep.
  if (body.length < 2 * maxDepth) return { body, cut: false }
  const kept: Buffer[] = []
  let keepFrom = 0
  let depth = 0
  let inString = false
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]
    if (inString) {
      if (byte === backslash) at++
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if (byte === openBracket || byte === openBrace) {
      depth++
      if (depth === maxDepth + 1) kept.push(body.subarray(keepFrom, at))
    } else if (byte === closeBracket || byte === closeBrace) {
      if (depth === maxDepth + 1) {
        kept.push(nothing)
        keepFrom = at + 1
      }
      depth--
    }
  }
  if (kept.length === 0) return { body, cut: false }
  if (depth <= maxDepth) kept.push(body.subarray(keepFrom))
  return { body: Buffer.concat(kept), cut: true }
}

const nothing = Buffer.from('null')
