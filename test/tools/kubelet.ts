import { createServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Test } from 'tap'
import { acceptOf } from '../../src/kube/port-forward.ts'
import { encodeFrame, FrameReader, opcodes } from '../../src/kube/web-socket-frames.ts'
import { issueForTest } from '../support/certificates.ts'

/** As much of a kubelet as forwards ports: from the API server's connections to the localhost of this machine. */
export interface StandInKubelet {
  readonly port: number
  /** The pods whose ports were asked for, as `NAMESPACE/NAME`. */
  readonly asked: readonly string[]
}

/** Starts it. It speaks `v4.channel.k8s.io` as kubelets do (k8s.io/cri-streaming, portforward/websocket.go). */
export async function startKubelet(t: Test): Promise<StandInKubelet> {
  const { leaf } = await issueForTest(['127.0.0.1'])
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer({ cert: leaf.cert, key: leaf.key })
  server.on('upgrade', (request, socket: Socket) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://kubelet')
    asked.push(pathname.replace('/portForward/', ''))
    sockets.add(socket)
    const accept = acceptOf(request.headers['sec-websocket-key'] ?? '')
    const protocol = request.headers['sec-websocket-protocol'] ?? ''
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\nsec-websocket-protocol: ${protocol}\r\n\r\n`)
    forward(socket, Number(searchParams.get('port')))
  })
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
    server.closeAllConnections()
  })
  return { port: (server.address() as AddressInfo).port, asked }
}

function forward(socket: Socket, port: number): void {
  const reader = new FrameReader('client')
  const toClient = (channel: number, bytes: Uint8Array): void =>
    void socket.write(encodeFrame(opcodes.binary, Buffer.concat([Buffer.of(channel), bytes]), 'server'))
  for (const channel of [0, 1]) toClient(channel, Buffer.of(port % 256, Math.floor(port / 256)))
  const target = connect(port, '127.0.0.1')
  target.on('data', (bytes: Buffer) => {
    // In pieces that end anywhere.
    toClient(0, bytes.subarray(0, 7))
    if (bytes.length > 7) toClient(0, bytes.subarray(7))
  })
  target.on('error', (error) => toClient(1, Buffer.from(`error forwarding port ${port}: ${error.message}`)))
  target.on('close', () => socket.end(encodeFrame(opcodes.close, Buffer.of(0x03, 0xe8), 'server')))
  socket.on('data', (bytes: Buffer) => {
    for (const { opcode, payload } of reader.push(bytes)) if (opcode === opcodes.binary) target.write(payload.subarray(1))
  })
  socket.on('error', () => target.destroy())
  socket.on('close', () => target.destroy())
}
