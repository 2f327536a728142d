/** A custom check: it passes where something answers. */
export type Check = HttpCheck | TcpCheck

/** Passes when the answer's status is 2xx. */
export interface HttpCheck {
  readonly kind: 'http'
  /** What people see: the URL without user info, query and fragment, which may hold secrets. */
  readonly name: string
  /** All of it; its user info is there for basic authentication. */
  readonly url: URL
}

/** Passes when a connection opens. */
export interface TcpCheck {
  readonly kind: 'tcp'
  /** As that of {@link HttpCheck}. */
  readonly name: string
  /** A name or an address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

const allowed = 'it must be http://HOST[:PORT][/PATH], https://HOST[:PORT][/PATH] or tcp://HOST:PORT'
const highestPort = 65_535
const parts = /^([a-z][a-z\d+.-]*):\/\/([^/?#\\]+)/i
const control = /\p{Cc}/u

/**
 * Reads a check as people write it: `http://…`, `https://…`, or any other scheme, such as `tcp://host:port`,
 * which asks for no more than a connection.
 *
 * @returns a problem, in a sentence that names the text and says what is allowed, where it is none.
 */
export function parseCheck(text: string): Check | { readonly problem: string } {
  const found = readCheck(text.trim())
  return typeof found === 'string' ? { problem: `${show(text.trim())} ${found}; ${allowed}` } : found
}

/** @returns what is wrong with the text, where it is no check. */
function readCheck(text: string): Check | string {
  const [start = '', scheme = '', authority = ''] = parts.exec(text) ?? []
  if (start === '' || control.test(text)) return text.includes('://') ? 'cannot be read as a URL' : 'has no scheme'
  const kind = /^https?$/i.test(scheme) ? 'http' : 'tcp'
  const port = /:(\d+)$/.exec(authority)?.[1]
  if (port !== undefined && !isPort(Number(port))) return `has a port that is not from 1 to ${highestPort}`
  // Of a scheme that it does not know, URL would leave the host as it stands.
  const url = URL.parse(kind === 'http' ? text : `http${text.slice(scheme.length)}`)
  if (url === null || !isDecodable(url.username + url.password)) return 'cannot be read as a URL'
  const path = url.pathname === '/' ? '' : url.pathname
  if (kind === 'http') return { kind, name: `${url.protocol}//${url.host}${path}`, url }
  if (port === undefined) return 'has no port'
  const name = `${scheme.toLowerCase()}://${url.hostname}:${Number(port)}${path}`
  return { kind, name, host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
}

function isPort(port: number): boolean {
  return port >= 1 && port <= highestPort
}

function isDecodable(text: string): boolean {
  try {
    return decodeURIComponent(text) !== undefined
  } catch {
    return false
  }
}

/** A text that is not understood may still hold a password: all up to the last @ is left out. */
function show(text: string): string {
  return JSON.stringify(text.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, '$1…@'))
}
