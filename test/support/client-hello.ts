import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { within } from './until.ts'

/** Versions of TLS, as they go over the wire. */
export const tlsVersions = { 'TLS 1.0': 0x0301, 'TLS 1.1': 0x0302, 'TLS 1.2': 0x0303 } as const

/** What is offered: a version, which is the highest, and cipher suites by their numbers (IANA). */
export interface Offer {
  readonly version: number
  readonly suites: readonly number[]
}

// An answer takes milliseconds.
const patienceMs = 20_000

/**
 * Offers a server of 127.0.0.1 what no client library would offer any more, and gives the suite that it chooses; undefined:
 * it refuses, by an alert or by hanging up.
 */
export function offer(port: number, { version, suites }: Offer): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const socket = connect(port, '127.0.0.1', () => socket.write(clientHello(version, suites)))
  let received = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    if (received.length < 5 || received.length < 5 + received.readUInt16BE(3)) return
    resolve(readRecord(received))
    socket.destroy()
  })
  socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? resolve(undefined) : reject(error)))
  socket.on('close', () => resolve(undefined))
  return within(patienceMs, 'an answer to a ClientHello', promise)
}

// RFC 5246, 7.4.1.2
function clientHello(version: number, suites: readonly number[]): Buffer {
  const extensions = Buffer.concat([
    // x25519, secp256r1, secp384r1
    extension(10, sized(uint16s([29, 23, 24]))),
    // Points are not compressed.
    extension(11, Buffer.of(1, 0)),
    // ECDSA and RSA, with SHA-256, SHA-384, and what is older.
    extension(13, sized(uint16s([0x0403, 0x0503, 0x0804, 0x0401, 0x0501, 0x0203, 0x0201]))),
  ])
  const body = Buffer.concat([uint16s([version]), randomBytes(32), Buffer.of(0), sized(uint16s(suites)), Buffer.of(1, 0), sized(extensions)])
  const handshake = Buffer.concat([Buffer.of(1, 0), sized(body)])
  return Buffer.concat([Buffer.of(22), uint16s([0x0301]), sized(handshake)])
}

function extension(type: number, content: Buffer): Buffer {
  return Buffer.concat([uint16s([type]), sized(content)])
}

function sized(content: Buffer): Buffer {
  return Buffer.concat([uint16s([content.length]), content])
}

function uint16s(values: readonly number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]))
}

/** The suite of a ServerHello; undefined for an alert. */
function readRecord(record: Buffer): number | undefined {
  const [handshakeRecord, serverHello] = [22, 2]
  if (record[0] === 21) return undefined
  if (record[0] !== handshakeRecord || record[5] !== serverHello) throw new Error(`no answer of TLS: ${record.toString('hex')}`)
  // 5 of the record, 4 of the handshake, 2 of the version, 32 of the random; then the session's id, with its length.
  return record.readUInt16BE(44 + (record[43] ?? 0))
}
