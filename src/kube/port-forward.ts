import { createHash, randomBytes } from 'node:crypto'
import { Duplex } from 'node:stream'
import type { KubeConfig } from '@kubernetes/client-node'
import { type Upgraded, upgrade } from './request.ts'
import { encodeFrame, FrameReader, opcodes } from './web-socket-frames.ts'

/** A port of a pod. */
export interface PodPort {
  readonly namespace: string
  readonly pod: string
  readonly port: number
}

// What every kubelet since 1.8 takes, from the API server of any version: the first byte of a message is a channel, and
// a channel begins with the port. kubectl's own protocol (SPDY in a WebSocket, KEP-4006) is for many streams at a time.
const protocol = 'v4.channel.k8s.io'
const dataChannel = 0
const errorChannel = 1
const portBytes = 2

/**
 * Connects to a port of a pod as `kubectl port-forward` does. It is the kubelet that connects, to the pod's localhost:
 * so it works where the API server cannot reach pods, and whoever answers sees its own node.
 *
 * The library's PortForward would load `ws` and all of its models; this is one connection, and its bytes.
 *
 * @throws {ApiError} where we may not, or there is no such pod; other errors where the connection fails. What fails
 * later, such as a port on which nobody listens, is an error of the stream.
 */
export async function portForward(config: KubeConfig, { namespace, pod, port }: PodPort, signal: AbortSignal): Promise<Duplex> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/portforward`
  const key = randomBytes(16).toString('base64')
  const upgraded = await upgrade(config, { path, query: { ports: String(port) }, signal }, {
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': key,
    'sec-websocket-protocol': protocol,
  })
  const { 'sec-websocket-accept': accept, 'sec-websocket-protocol': agreed } = upgraded.headers
  if (accept !== acceptOf(key) || agreed !== protocol) {
    upgraded.socket.destroy()
    throw new Error('the API server does not forward ports by WebSocket')
  }
  return streamOf(upgraded)
}

/** What a server answers to a key (RFC 6455, 4.2.2). */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/** The bytes of the data channel. */
function streamOf({ socket, head }: Upgraded): Duplex {
  const reader = new FrameReader()
  const toSkip = [portBytes, portBytes]
  let message: Buffer[] = []
  const stream = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(encodeFrame(opcodes.binary, Buffer.concat([Buffer.of(dataChannel), chunk])), done),
    // There is no half of a connection in this protocol: the other side hears the end with the connection's.
    final: (done) => done(),
    destroy(error, done) {
      if (!socket.destroyed) socket.end(encodeFrame(opcodes.close, Buffer.of(0x03, 0xe8)))
      socket.destroySoon()
      done(error)
    },
  })

  function take(bytes: Uint8Array): void {
    for (const { opcode, isLast, payload } of reader.push(bytes)) {
      if (opcode === opcodes.ping) socket.write(encodeFrame(opcodes.pong, payload))
      else if (opcode === opcodes.close) stream.push(null)
      else if (opcode !== opcodes.pong) {
        message.push(payload)
        if (isLast) deliver(Buffer.concat(message))
        if (isLast) message = []
      }
    }
  }

  function deliver(bytes: Buffer): void {
    const channel = bytes[0] ?? dataChannel
    const body = bytes.subarray(1)
    const skipped = Math.min(toSkip[channel] ?? 0, body.length)
    toSkip[channel] = (toSkip[channel] ?? 0) - skipped
    const rest = body.subarray(skipped)
    if (rest.length === 0) return
    if (channel === errorChannel) stream.destroy(new Error(rest.toString().trim()))
    else if (channel === dataChannel && !stream.push(rest)) socket.pause()
  }

  function attempt(bytes: Uint8Array): void {
    try {
      take(bytes)
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }

  socket.on('data', attempt)
  socket.on('error', (error) => stream.destroy(error))
  socket.on('close', () => stream.push(null))
  if (head.length > 0) attempt(head)
  return stream
}
