/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The first whole answer in what was received, and its length; undefined while it is not whole. */
export function readRawAnswer(received: Buffer): { readonly answer: RawAnswer; readonly length: number } | undefined {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const [statusLine = '', ...headerLines] = received.subarray(0, headEnd).toString().split('\r\n')
  const headers = Object.fromEntries(headerLines.map(readHeader))
  const length = headEnd + 4 + Number(headers['content-length'] ?? 0)
  if (received.length < length) return undefined
  const status = Number(statusLine.split(' ', 2)[1])
  return { answer: { status, headers, body: received.subarray(headEnd + 4, length).toString() }, length }
}

function readHeader(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}
