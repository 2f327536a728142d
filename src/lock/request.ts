import type { IncomingMessage } from 'node:http'

/** What a request says of who asks and for how long; times in milliseconds. */
export interface Ask {
  /** Undefined: an anonymous client. */
  readonly uid: string | undefined
  /** NAMESPACE/NAME as the client says; for people. */
  readonly pod: string | undefined
  readonly weight: number
  /** How long the lease may last; undefined: the default. */
  readonly leaseMs: number | undefined
  /** For how long the client will still wait, this time and next. */
  readonly leftMs: number | undefined
}

/** A request that cannot be understood. */
export interface AskFault {
  readonly fault: string
}

// Kubernetes' uids have 36 characters, mirror pods' 32; nothing promises that.
const maxUidLength = 128
// A namespace (63), '/', a name (253).
const maxPodLength = 317
// No wait is longer than this; usher-wait's longest is a day, too.
const maxLeftSeconds = 86_400

/** The headers that name what the query does not. */
export const headerNames = { pod: 'usher-pod', uid: 'usher-uid', weight: 'usher-weight' } as const

/** The longest time for which a request is held. */
export const maxWaitSeconds = 300

const nobody: Ask = { uid: undefined, pod: undefined, weight: 1, leaseMs: undefined, leftMs: undefined }

/**
 * Reads a request for the lock: from its query, then its headers, then the form in its body, where the fork's client
 * puts the duration, of a GET too. What makes no sense counts as not said, as it did with the older services; a uid
 * alone must be one.
 */
export function readAsk(request: IncomingMessage, form: string | undefined): Ask | AskFault {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  const { headers } = request
  const isPlain = mark < 0 && form === undefined && headers['usher-uid'] === undefined && headers['usher-pod'] === undefined
  if (isPlain && headers['usher-weight'] === undefined) return nobody
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
  const body = new URLSearchParams(form ?? '')
  const said = (name: string): string | undefined => query.get(name) || body.get(name) || undefined
  const known = (name: 'pod' | 'uid' | 'weight'): string | undefined => query.get(name) || headerOf(request, name) || undefined
  return readWords({
    uid: known('uid'),
    pod: known('pod'),
    weight: known('weight'),
    duration: said('duration'),
    'max-wait': said('max-wait'),
  })
}

function headerOf({ headers }: IncomingMessage, name: keyof typeof headerNames): string | undefined {
  const value = headers[headerNames[name]]
  return typeof value === 'string' ? value : undefined
}

/** The words of a request, wherever they stood. */
export type AskWords = Readonly<Partial<Record<'uid' | 'pod' | 'weight' | 'duration' | 'max-wait', string | undefined>>>

/** Reads the words of a request. */
export function readWords(words: AskWords): Ask | AskFault {
  const { uid, pod, weight } = words
  if (uid !== undefined && !isUid(uid)) return { fault: `uid: must be 1 to ${maxUidLength} characters, without spaces` }
  const seconds = readWhole(words['duration'])
  const left = readWhole(words['max-wait'])
  return {
    uid,
    pod: pod !== undefined && isPodName(pod) ? pod : undefined,
    weight: readWhole(weight) ?? 1,
    leaseMs: seconds === undefined ? undefined : seconds * 1_000,
    leftMs: left === undefined || left < 0 ? undefined : Math.min(left, maxLeftSeconds) * 1_000,
  }
}

/** Whether a text can be a uid. */
export function isUid(text: string): boolean {
  return text.length <= maxUidLength && /^[\x21-\x7e]+$/.test(text)
}

/** NAMESPACE/NAME, without what changes how text around it reads; all else is escaped wherever it is shown. */
function isPodName(text: string): boolean {
  return text.length <= maxPodLength && /^[^/\p{Cc}\p{Cf}]+\/[^/\p{Cc}\p{Cf}]+$/u.test(text)
}

// What Go's strconv.Atoi takes: the older services' reading of a duration.
const wholeText = /^[+-]?\d{1,19}$/
const mostWhole = 9_223_372_036_854_775_807n
const leastWhole = -9_223_372_036_854_775_808n

function readWhole(text: string | undefined): number | undefined {
  if (text === undefined || !wholeText.test(text)) return undefined
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  const exact = BigInt(text.replace('+', ''))
  return exact > mostWhole || exact < leastWhole ? undefined : value
}

/**
 * Reads how long a request wants to be held: `Prefer: wait=30` (RFC 7240), at most {@link maxWaitSeconds}; undefined
 * where it does not say.
 */
export function readPreferredWait(prefer: string | string[] | undefined): number | undefined {
  const text = Array.isArray(prefer) ? prefer.join(',') : prefer
  const wait = text === undefined ? undefined : /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,10})"?\s*(?:[,;]|$)/i.exec(text)?.[1]
  return wait === undefined ? undefined : Math.min(Number(wait), maxWaitSeconds)
}

/** Who asks, as one address whichever way the socket has it. */
export function peerOf(request: IncomingMessage): string {
  const address = request.socket.remoteAddress ?? ''
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}
