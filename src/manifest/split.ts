/** One document of a stream, or a piece of one that is too large to be read. */
export interface Piece {
  readonly bytes: Uint8Array
  /** The line of the stream on which it begins, from 1. */
  readonly line: number
  /**
   * `document`: a whole one. `blank`: nothing but white space, comments and markers. `begin`: the first piece of a
   * document that is too large; `more`: each further piece of it.
   */
  readonly kind: 'document' | 'blank' | 'begin' | 'more'
}

/**
 * The largest document that is read, in bytes: parsed, it takes more than a hundred times as much memory. One object
 * may have 1.5 MiB in a cluster (etcd's limit for a request); this is about Lists.
 */
export const largestDocument = 4 * 1_024 * 1_024

/**
 * Splits a stream of manifests into its documents: at lines that begin with `---`, behind lines that begin with `...`
 * (these end a document wherever they stand: YAML 1.2.2, 9.1.2), and between JSON objects that follow each other.
 * The pieces, put together, are the stream. No more than one document is held at a time.
 */
export async function* splitDocuments(chunks: AsyncIterable<Uint8Array>, largest = largestDocument): AsyncIterable<Piece> {
  const splitter = new Splitter(largest)
  for await (const chunk of chunks) {
    splitter.add(chunk)
    yield* splitter.take()
  }
  splitter.end()
  yield* splitter.take()
}

const lf = 0x0a
const cr = 0x0d
const tab = 0x09
const space = 0x20
const dash = 0x2d
const dot = 0x2e
const hash = 0x23
const percent = 0x25
const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

// A line longer than this is looked at in parts.
const longLine = 65_536
const noBytes = new Uint8Array(0)

/** What is known of the document at hand. */
interface Current {
  parts: Uint8Array[]
  size: number
  line: number
  /** Whether a line of three dashes has begun it. */
  hasMarker: boolean
  hasContent: boolean
  isTooLarge: boolean
  scan: JsonScan | undefined
}

/** How far a JSON object has been looked through. */
interface JsonScan {
  depth: number
  place: 'between' | 'string' | 'escape'
  /** Whether what followed the first brace was seen to be JSON. */
  isSure: boolean
}

class Splitter {
  readonly #largest: number
  readonly #pieces: Piece[] = []
  #rest = noBytes
  #line = 1
  #atLineStart = true
  #inComment = false
  #current: Current = fresh()

  constructor(largest: number) {
    this.#largest = largest
  }

  /** The pieces that are complete. */
  take(): Piece[] {
    return this.#pieces.splice(0)
  }

  add(chunk: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? chunk : concat([this.#rest, chunk])
    let start = 0
    for (let end = bytes.indexOf(lf); end >= 0; end = bytes.indexOf(lf, start)) {
      this.#addSegment(bytes.subarray(start, end + 1))
      start = end + 1
    }
    if (bytes.length - start > longLine) {
      this.#addSegment(bytes.subarray(start))
      start = bytes.length
    }
    this.#rest = bytes.slice(start)
  }

  end(): void {
    if (this.#rest.length > 0) this.#addSegment(this.#rest)
    this.#rest = noBytes
    this.#finish()
  }

  /** Adds a line, or a part of a long one. */
  #addSegment(bytes: Uint8Array): void {
    const isStart = this.#atLineStart
    if (isStart) this.#inComment = false
    const first = this.#line === 1 && isStart && hasByteOrderMark(bytes) ? 3 : 0
    const { hasMarker, hasContent } = this.#current
    if (isStart && isMarker(bytes, first, dash)) {
      // Comments and directives before the marker belong to the document that it begins.
      if (hasMarker || hasContent) this.#finish()
      this.#current.hasMarker = true
      this.#look(bytes, first + 3)
    } else if (isStart && isMarker(bytes, first, dot)) {
      this.#append(bytes)
      this.#finish()
    } else if (isStart && bytes[first] === percent && !hasMarker && !hasContent) this.#append(bytes)
    else this.#look(bytes, first)
    this.#atLineStart = bytes.at(-1) === lf
    if (this.#atLineStart) this.#line++
  }

  /** Looks at bytes from an index on, and appends all of them; to the next document, where one begins among them. */
  #look(bytes: Uint8Array, from: number): void {
    let at = from
    if (!this.#current.hasContent && !this.#inComment) {
      while (isSpace(bytes[at])) at++
      if (bytes[at] === hash) this.#inComment = true
      else if (at < bytes.length) {
        this.#current.hasContent = true
        if (bytes[at] === openBrace) this.#current.scan = { depth: 0, place: 'between', isSure: false }
      }
    }
    let start = 0
    while (this.#current.scan !== undefined && at < bytes.length) {
      at = scanJson(bytes, at, this.#current.scan)
      const { depth } = this.#current.scan
      if (at >= bytes.length) break
      if (depth === 0 && bytes[at] === openBrace) {
        this.#append(bytes.subarray(start, at))
        this.#finish()
        this.#current.hasContent = true
        this.#current.scan = { depth: 0, place: 'between', isSure: false }
        start = at
      } else this.#current.scan = undefined
    }
    this.#append(start === 0 ? bytes : bytes.subarray(start))
  }

  #append(bytes: Uint8Array): void {
    const current = this.#current
    if (current.size === 0) current.line = this.#line
    current.size += bytes.length
    if (current.isTooLarge) this.#pieces.push({ kind: 'more', bytes, line: this.#line })
    else {
      current.parts.push(bytes)
      if (current.size <= this.#largest) return
      current.isTooLarge = true
      this.#pieces.push({ kind: 'begin', bytes: concat(current.parts), line: current.line })
      current.parts = []
    }
  }

  #finish(): void {
    const { parts, size, line, hasContent, isTooLarge } = this.#current
    if (size > 0 && !isTooLarge) this.#pieces.push({ kind: hasContent ? 'document' : 'blank', bytes: concat(parts), line })
    this.#current = fresh()
  }
}

function fresh(): Current {
  return { parts: [], size: 0, line: 1, hasMarker: false, hasContent: false, isTooLarge: false, scan: undefined }
}

/**
 * Goes on with a scan of JSON objects.
 *
 * @returns where it ends: behind the bytes, at the first byte that is not space behind an object, or where it is seen
 *   not to be JSON.
 */
function scanJson(bytes: Uint8Array, from: number, scan: JsonScan): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]
    if (scan.place === 'escape') scan.place = 'string'
    else if (scan.place === 'string') {
      if (byte === backslash) scan.place = 'escape'
      else if (byte === quote) scan.place = 'between'
    } else if (isSpace(byte)) continue
    else if (scan.isSure && scan.depth === 0) return at
    else {
      // YAML in flow style does not mostly go on with a quote, and may have braces in strings of other kinds.
      if (!scan.isSure && scan.depth === 1 && byte !== quote && byte !== closeBrace) return at
      if (scan.depth === 1) scan.isSure = true
      if (byte === quote) scan.place = 'string'
      else if (byte === openBrace || byte === openBracket) scan.depth++
      else if (byte === closeBrace || byte === closeBracket) scan.depth--
    }
  }
  return bytes.length
}

function isSpace(byte: number | undefined): boolean {
  return byte === space || byte === lf || byte === cr || byte === tab
}

/** Whether a line begins with three of a character, and nothing or white space behind them. */
function isMarker(bytes: Uint8Array, at: number, character: number): boolean {
  if (bytes[at] !== character || bytes[at + 1] !== character || bytes[at + 2] !== character) return false
  return bytes.length === at + 3 || isSpace(bytes[at + 3])
}

function hasByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only
  const whole = new Uint8Array(parts.reduce((size, { length }) => size + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
