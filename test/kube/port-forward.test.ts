import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import t, { type Test } from 'tap'
import { askPod } from '../../src/kube/ask-pod.ts'
import { acceptOf } from '../../src/kube/port-forward.ts'
import { encodeFrame, FrameReader, opcodes } from '../../src/kube/web-socket-frames.ts'
import { configFor } from '../support/fake-api-server.ts'

const { signal } = new AbortController()
const place = { namespace: 'usher-system', pod: 'lock', port: 8888, path: '/v1/state', ways: ['port-forward'], withinMs: 20_000 } as const

/** An API server that does this with a connection that was upgraded; what it agreed to may be another protocol. */
async function startServer(t: Test, talk: (socket: Socket, request: IncomingMessage) => void, protocol = 'v4.channel.k8s.io'): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(404).end('{"kind":"Status","message":"no such pod"}'))
  server.on('upgrade', (request, socket: Socket) => {
    socket.on('error', () => {})
    const accept = acceptOf(request.headers['sec-websocket-key'] ?? '')
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\nsec-websocket-protocol: ${protocol}\r\n\r\n`)
    talk(socket, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const frame = (channel: number, text: string, opcode: number = opcodes.binary) => encodeFrame(opcode, Buffer.concat([Buffer.of(channel), Buffer.from(text, 'latin1')]), 'server')
const begun = [frame(0, '\u0001\u0002'), frame(1, '\u0001\u0002')]

t.test('frames of every length come through, however they are cut', async (t) => {
  for (const [side, length] of [['client', 0], ['client', 125], ['server', 126], ['client', 65_535], ['server', 65_536], ['client', 70_000]] as const) {
    const payload = Buffer.from(Array.from({ length }, (_each, index) => index % 251))
    const bytes = encodeFrame(opcodes.binary, payload, side)
    const reader = new FrameReader(side)
    const frames = [...reader.push(bytes.subarray(0, 1)), ...reader.push(bytes.subarray(1, 9)), ...reader.push(bytes.subarray(9))]
    t.same(frames.map(({ opcode, isLast }) => ({ opcode, isLast })), [{ opcode: 2, isLast: true }], `${length} bytes`)
    t.ok(frames[0]?.payload.equals(payload))
  }
  t.throws(() => new FrameReader('server').push(encodeFrame(opcodes.ping, Buffer.alloc(0), 'client')), { message: 'this is no frame of a server' })
  t.throws(() => new FrameReader('server').push(Buffer.from([0x82, 127, 0, 1, 0, 0, 0, 0, 0, 0])), { message: /is too long/ })
})

t.test('an answer in pieces, between pings, is put together; a ping is answered', async (t) => {
  const ponged = Promise.withResolvers<number>()
  const url = await startServer(t, (socket, request) => {
    t.equal(request.url, '/api/v1/namespaces/usher-system/pods/lock/portforward?ports=8888')
    const reader = new FrameReader('client')
    socket.on('data', (bytes: Buffer) => {
      for (const { opcode, payload } of reader.push(bytes)) {
        if (opcode === opcodes.pong) ponged.resolve(payload.length)
        if (opcode !== opcodes.binary || !payload.includes('\r\n\r\n')) continue
        t.match(payload.subarray(1).toString(), /^GET \/v1\/state HTTP\/1\.1\r\n/)
        socket.write(Buffer.concat([...begun, frame(0, 'HTTP/1.1 200 OK\r\ncontent-le')]))
        socket.write(encodeFrame(opcodes.ping, Buffer.from('are you there'), 'server'))
        // A message of two frames: the first is not the last one.
        const [first, second] = [frame(0, 'ngth: 5\r\n\r\nhe'), encodeFrame(opcodes.continuation, Buffer.from('llo'), 'server')]
        first[0] = opcodes.binary
        socket.write(Buffer.concat([first, second]))
      }
    })
  })
  t.equal(await askPod(configFor(url), place, signal), 'hello')
  t.equal(await ponged.promise, 13)
})

t.test('what goes wrong is told: by the kubelet, the pod, the protocol, or nobody', async (t) => {
  const fails = async (url: string, message: RegExp, more: object = {}) => t.rejects(askPod(configFor(url), { ...place, ...more }, signal), { name: 'PodSilentError', message })
  await fails(await startServer(t, (socket) => socket.write(Buffer.concat([...begun, frame(1, 'connection refused')]))), /by port-forward: connection refused/)
  await fails(await startServer(t, (socket) => socket.write(Buffer.concat([...begun, frame(0, 'HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno')]))), /answered 403: no/)
  await fails(await startServer(t, (socket) => socket.end(encodeFrame(opcodes.close, Buffer.alloc(0), 'server'))), /by port-forward: socket hang up/)
  await fails(await startServer(t, () => {}, 'SPDY/3.1'), /does not forward ports by WebSocket/)
  await fails(await startServer(t, () => {}), /no answer within 0\.2 s/, { withinMs: 200 })
  await fails(await startServer(t, () => {}), /by the API server's proxy: the API server answered 404: no such pod; by port-forward: no answer/, { withinMs: 200, ways: ['proxy', 'port-forward'] })
})
