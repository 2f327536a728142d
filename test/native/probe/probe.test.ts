import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import * as fc from 'fast-check'
import type { Test } from 'tap'
import { until } from '../../support/until.ts'
import { freePort } from '../../tools/free-port.ts'
import { run } from '../support/run.ts'
import { testTiny, type TinyProgram } from '../support/tiny-programs.ts'
import { startRawServer } from './support/raw-server.ts'

const healthy = { code: 0, stdout: '', stderr: '' }
const unhealthy = (line: string): object => ({ code: 1, stdout: `${line}\n`, stderr: '' })
const notHttp = unhealthy('the answer is not HTTP')

/** Asks a server that answers with these bytes and then closes. */
async function outcomeOf(t: Test, program: TinyProgram, bytes: string | Uint8Array): Promise<unknown> {
  const { port } = await startRawServer(t, (socket) => socket.end(bytes))
  const { code, stdout, stderr } = await run(t, program.command('http', String(port), '/healthcheck', '--timeout', '20'))
  return { code, stdout, stderr }
}

const answers: readonly (readonly [what: string, bytes: string, outcome: object])[] = [
  ['200', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', healthy],
  ['200 of HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nok', healthy],
  ['200 without a reason', 'HTTP/1.1 200 \r\n\r\n', healthy],
  ['200 without the space before it', 'HTTP/1.1 200\r\n\r\n', healthy],
  ['200 and a lone line feed', 'HTTP/1.1 200\n\n', healthy],
  ['200 and a body that says otherwise', 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 500', healthy],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', unhealthy('status 204, wanted 200')],
  ['201', 'HTTP/1.1 201 Created\r\n\r\n', unhealthy('status 201, wanted 200')],
  ['302: it is not followed', 'HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n', unhealthy('status 302, wanted 200')],
  ['404', 'HTTP/1.1 404 Not Found\r\n\r\n', unhealthy('status 404, wanted 200')],
  ['500', 'HTTP/1.1 500 Internal Server Error\r\n\r\n', unhealthy('status 500, wanted 200')],
  ['503', 'HTTP/1.0 503\r\n\r\n', unhealthy('status 503, wanted 200')],
  ['100, which nobody has asked for', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', unhealthy('status 100, wanted 200')],
  ['999', 'HTTP/1.1 999 \r\n\r\n', unhealthy('status 999, wanted 200')],
  ['2000', 'HTTP/1.1 2000 OK\r\n\r\n', notHttp],
  ['020', 'HTTP/1.1 020 OK\r\n\r\n', notHttp],
  ['20', 'HTTP/1.1 20 OK\r\n\r\n', notHttp],
  ['two spaces', 'HTTP/1.1  200 OK\r\n\r\n', notHttp],
  ['a status that is not a number', 'HTTP/1.1 2x0 OK\r\n\r\n', notHttp],
  ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n', notHttp],
  ['lower case', 'http/1.1 200 OK\r\n\r\n', notHttp],
  ['RTSP', 'RTSP/1.0 200 OK\r\n\r\n', notHttp],
  ['ICY', 'ICY 200 OK\r\n\r\n', notHttp],
  ['a line before it', '\r\nHTTP/1.1 200 OK\r\n\r\n', notHttp],
  ['HTTP/0.9', '<html>200</html>', notHttp],
  ['TLS', '\x15\x03\x01\x00\x02\x02\x32', notHttp],
  ['NULs', '\0\0\0\0\0\0\0\0\0\0\0\0\0\0', notHttp],
  ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n', notHttp],
  ['nothing', '', unhealthy('closed without an answer')],
  ['a beginning', 'HTTP/1.1 20', unhealthy('the answer was cut short')],
  ['all but what ends the number', 'HTTP/1.1 200', unhealthy('the answer was cut short')],
]

testTiny('usher-probe', 'takes 200 for healthy, and nothing else', {}, async (t, program) => {
  for (const [what, bytes, outcome] of answers) {
    await t.test(what, async (t) => t.strictSame(await outcomeOf(t, program, Buffer.from(bytes, 'latin1')), outcome))
  }
})

testTiny('usher-probe', 'of any bytes it takes those that begin with a status line of 200, and no others', { where: 'here' }, async (t, program) => {
  const near = fc.tuple(fc.constantFrom('HTTP/1.', 'HTTP/1', 'HTTP/2.', ''), fc.constantFrom('0 ', '1 ', 'x ', ''), fc.constantFrom('200', '20', '2000', '204', '2 0'), fc.constantFrom(' OK', '\r\n', '\n', '\t', '')).map((parts) => parts.join(''))
  const bytes = fc.oneof(near.map((text) => Buffer.from(text)), fc.uint8Array({ maxLength: 40 }).map((each) => Buffer.from(each)))
  const property = fc.asyncProperty(bytes, async (each) => {
    const { code } = (await outcomeOf(t, program, each)) as { readonly code: number }
    return (code === 0) === /^HTTP\/1\.\d 200[ \r\n]/.test(each.toString('latin1'))
  })
  await fc.assert(property, { numRuns: 150 })
})

testTiny('usher-probe', 'asks for the path, as HTTP/1.1 wants it, and for nothing more', {}, async (t, program) => {
  const server = await startRawServer(t, (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
  t.match(await run(t, program.command('http', String(server.port), '/health?deep=1&x=%20')), healthy)
  t.match(await run(t, program.command('http', String(server.port), '/', '--host', 'shop.example.org')), healthy)
  const head = (path: string, host: string): string => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: usher-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n`
  t.strictSame(server.requests, [head('/health?deep=1&x=%20', `localhost:${server.port}`), head('/', 'shop.example.org')])
})

testTiny('usher-probe', 'reads an answer in whatever pieces it comes', {}, async (t, program) => {
  const byByte = (socket: Socket): void => {
    const bytes = Array.from('HTTP/1.1 200 OK\r\n\r\n')
    const timer = setInterval(() => {
      const byte = bytes.shift()
      if (byte === undefined) clearInterval(timer)
      else socket.write(byte)
    }, 10)
    socket.on('close', () => clearInterval(timer))
  }
  const { port } = await startRawServer(t, byByte)
  t.match(await run(t, program.command('http', String(port), '/', '--timeout', '20')), healthy)
})

testTiny('usher-probe', 'does not wait for the rest: a head without an end, a body that goes on', {}, async (t, program) => {
  const { port } = await startRawServer(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nSet-Cookie: ${'x'.repeat(1_000_000)}`)
  })
  t.match(await run(t, program.command('http', String(port), '/', '--timeout', '20')), healthy)
})

testTiny('usher-probe', 'a server that answers before it is asked, and closes, is heard', {}, async (t, program) => {
  const { port } = await startRawServer(t, (socket) => socket.end('HTTP/1.1 503 Busy\r\n\r\n'), { isHasty: true })
  t.match(await run(t, program.command('http', String(port), `/${'a'.repeat(100_000)}`)), { code: 1, stdout: /^(?:status 503, wanted 200|closed without an answer)\n$/ })
})

testTiny('usher-probe', 'no answer is an end when its time is over, whatever trickles in until then', {}, async (t, program) => {
  const { port } = await startRawServer(t, (socket) => void socket.write('HTTP/1.1 '))
  const before = performance.now()
  t.match(await run(t, program.command('http', String(port), '/', '--timeout', '1')), unhealthy('no answer within 1 s'))
  t.ok(performance.now() - before >= 1_000)
})

testTiny('usher-probe', 'a connection that nobody takes is no answer either', { where: 'here' }, async (t, program) => {
  const port = await fullServer(t)
  t.match(await run(t, program.command('http', String(port), '/', '--timeout', '1')), unhealthy('no answer within 1 s'))
})

testTiny('usher-probe', 'a port that nobody listens on is said', {}, async (t, program) => {
  const port = await freePort()
  t.match(await run(t, program.command('http', String(port), '/')), unhealthy(`connection refused at port ${port}`))
})

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'))

testTiny('usher-probe', 'a server of IPv6 alone is found', {}, async (t, program) => {
  if (!hasIpv6) {
    t.pass('this machine has no ::1')
    return
  }
  const { port } = await startRawServer(t, (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'), { host: '::1' })
  t.match(await run(t, program.command('http', String(port), '/')), healthy)
})

const refused: readonly (readonly string[])[] = [
  [],
  ['http'],
  ['http', '80'],
  ['tcp', '80', '/'],
  ['https', '80', '/'],
  ['htt', '80', '/'],
  ['http', '0', '/'],
  ['http', '65536', '/'],
  ['http', '99999999999999999999', '/'],
  ['http', '', '/'],
  ['http', '80x', '/'],
  ['http', '-1', '/'],
  ['http', '80', ''],
  ['http', '80', 'health'],
  ['http', '80', '/a b'],
  ['http', '80', '/\r\nX: y'],
  ['http', '80', '/\x7f'],
  ['http', '80', '/', '--timeout'],
  ['http', '80', '/', '--timeout', '0'],
  ['http', '80', '/', '--timeout', '86401'],
  ['http', '80', '/', '--timeout', '1s'],
  ['http', '80', '/', '--host'],
  ['http', '80', '/', '--host', ''],
  ['http', '80', '/', '--host', 'a\nb'],
  ['http', '80', '/', '--nonsense', '1'],
  ['http', '80', '/', 'more'],
]

testTiny('usher-probe', 'what it does not understand is told, and nothing is asked', {}, async (t, program) => {
  const usage = 'usage: usher-probe http PORT PATH [--timeout SECONDS] [--host HOST]\n'
  for (const args of refused) t.match(await run(t, program.command(...args)), { code: 2, stdout: usage, stderr: '' }, JSON.stringify(args))
})

/** The port of a server that is stopped, and whose queue of connections is full: the kernel drops those that are still to come. */
async function fullServer(t: Test): Promise<number> {
  const program = "const s = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(s.address().port))"
  const server = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'], env: {} })
  t.teardown(() => server.kill('SIGKILL'))
  const [text] = (await once(server.stdout.setEncoding('utf8'), 'data')) as [string]
  const port = Number(text)
  server.kill('SIGSTOP')
  await until('it is stopped', () => readFileSync(`/proc/${server.pid}/stat`, 'utf8').includes(') T '))
  for (const _ of [1, 2]) {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    t.teardown(() => socket.destroy())
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await once(socket, 'connect')
  }
  return port
}
