import { randomBytes } from 'node:crypto'

/** Kinds of frames (RFC 6455, 11.8). */
export const opcodes = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const

/** Who has made a frame: those of clients are masked, those of servers are not (RFC 6455, 5.1). */
export type Side = 'client' | 'server'

/** A frame as it was before it was masked. */
export interface Frame {
  readonly opcode: number
  /** Whether it is the last one of its message. */
  readonly isLast: boolean
  readonly payload: Buffer
}

// A kubelet writes pieces of at most 32 KiB; a length of more is not one of its frames.
const maxPayloadBytes = 16 * 1024 * 1024

/** A frame of a whole message. */
export function encodeFrame(opcode: number, payload: Uint8Array, side: Side = 'client'): Buffer {
  const { length } = payload
  const head = length < 126 ? Buffer.alloc(2) : length < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10)
  head[0] = 0x80 | opcode
  head[1] = (side === 'client' ? 0x80 : 0) | (length < 126 ? length : length < 65_536 ? 126 : 127)
  if (head.length === 4) head.writeUInt16BE(length, 2)
  else if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2)
  if (side === 'server') return Buffer.concat([head, payload])
  const mask = randomBytes(maskBytes)
  return Buffer.concat([head, mask, masked(payload, mask)])
}

const maskBytes = 4

function masked(payload: Uint8Array, mask: Uint8Array): Uint8Array {
  return payload.map((byte, index) => byte ^ (mask[index % maskBytes] ?? 0))
}

/**
 * Takes bytes as they come, and gives the frames that are whole by then.
 *
 * @throws where they are no frames of that side.
 */
export class FrameReader {
  readonly #side: Side
  #rest = Buffer.alloc(0)

  constructor(side: Side = 'server') {
    this.#side = side
  }

  push(bytes: Uint8Array): readonly Frame[] {
    this.#rest = Buffer.concat([this.#rest, bytes])
    const frames: Frame[] = []
    for (let next = read(this.#rest, this.#side); next !== undefined; next = read(this.#rest, this.#side)) {
      frames.push(next.frame)
      this.#rest = this.#rest.subarray(next.length)
    }
    return frames
  }
}

function read(bytes: Buffer, side: Side): { readonly frame: Frame; readonly length: number } | undefined {
  const [first, second] = bytes
  if (first === undefined || second === undefined) return undefined
  if (((second & 0x80) !== 0) !== (side === 'client')) throw new Error(`this is no frame of a ${side}`)
  const short = second & 0x7f
  const headLength = short < 126 ? 2 : short === 126 ? 4 : 10
  if (bytes.length < headLength) return undefined
  const size = headLength === 2 ? short : headLength === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  if (size > maxPayloadBytes) throw new Error(`a frame of ${size} bytes is too long`)
  const begin = headLength + (side === 'client' ? maskBytes : 0)
  if (bytes.length < begin + size) return undefined
  const payload = bytes.subarray(begin, begin + size)
  const frame: Frame = {
    opcode: first & 0x0f,
    isLast: (first & 0x80) !== 0,
    payload: side === 'client' ? Buffer.from(masked(payload, bytes.subarray(headLength, begin))) : payload,
  }
  return { frame, length: begin + size }
}
