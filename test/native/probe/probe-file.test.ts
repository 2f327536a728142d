import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readElf } from '../support/elf.ts'
import { sourceFolder } from '../support/programs.ts'
import { run } from '../support/run.ts'
import { traced } from '../support/system-calls.ts'
import { testTiny } from '../support/tiny-programs.ts'
import { startRawServer } from './support/raw-server.ts'

const sizeLimits = { amd64: 2_560, arm64: 2_816 } as const
const pageSizes = { amd64: 0x1000n, arm64: 0x10000n } as const

testTiny('usher-probe', 'is tiny, of 64 bits, without data that can be written or a stack that can be executed', {}, async (t, probe) => {
  const elf = readElf(probe.path)
  t.ok(elf.size <= sizeLimits[probe.architecture], `${elf.size} bytes`)
  t.match(elf, { bits: 64, architecture: probe.architecture, sectionHeaders: 0 })
  const all = { fileSize: BigInt(elf.size), memorySize: BigInt(elf.size), alignment: pageSizes[probe.architecture] }
  t.match(elf.segments, [
    { type: 'LOAD', access: 'r-x', ...all },
    { type: 'GNU_STACK', access: 'rw-' },
  ])
  t.equal(elf.segments.length, 2)
})

t.test('the twins have the same names in the same order', async (t) => {
  const [amd64, arm64] = ['amd64', 'arm64'].map((name) => {
    const source = readFileSync(join(sourceFolder, 'probe', `${name}.h`), 'utf8')
    return [...source.matchAll(/^(?:#define (\w+)|static inline long (\w+))/gm)].map(([, macro, called]) => macro ?? called)
  })
  t.ok(amd64?.includes('SYS_PPOLL'))
  t.strictSame(arm64, amd64)
})

testTiny('usher-probe', 'makes these system calls, and no others', { commands: ['strace'], where: 'here' }, async (t, { command }) => {
  const { port } = await startRawServer(t, (socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n'))
  const { calls, code } = await traced(t, ['-s', '200'], command('http', String(port), '/'))
  t.equal(code, 1)
  const names = calls.map((call) => /^\w+/.exec(call)?.[0])
  const allowed = new Set(['execve', 'clock_gettime', 'socket', 'connect', 'ppoll', 'sendmsg', 'read', 'writev', 'exit_group'])
  t.strictSame(names.filter((name) => name === undefined || !allowed.has(name)), [])
  t.match(calls.find((call) => call.startsWith('writev')), /^writev\(1, .*"status ".*"204".*", wanted 200".*"\\n"/)
  t.match(calls.find((call) => call.startsWith('sendmsg')), /MSG_NOSIGNAL\) = \d+$/)
})

// What a kernel may answer at any time, at each place where this program asks one; it goes on as if it had not been.
const interruptions = [
  'inject=ppoll:error=EINTR:when=1..9',
  'inject=read:error=EINTR:when=1..9',
  'inject=read:error=EAGAIN:when=1..9',
  'inject=sendmsg:error=EINTR:when=1..9',
  'inject=sendmsg:error=EAGAIN:when=1..9',
]

testTiny('usher-probe', 'is not disturbed by interruptions', { commands: ['strace'], where: 'here' }, async (t, { command }) => {
  for (const inject of interruptions) {
    const server = await startRawServer(t, (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
    const { code, calls } = await traced(t, ['-e', inject], command('http', String(server.port), '/'))
    t.equal(code, 0, inject)
    t.ok(calls.some((call) => call.includes('(INJECTED)')), inject)
    t.equal(server.requests.length, 1)
    t.match(server.requests[0], /^GET \/ HTTP\/1\.1\r\n[^]*\r\n\r\n$/, inject)
  }
})

testTiny('usher-probe', 'interrupted again and again, it still ends in time', { commands: ['strace'], where: 'here' }, async (t, { command }) => {
  const { port } = await startRawServer(t, () => {})
  const { code, stdout } = await traced(t, ['-e', 'inject=ppoll:error=EINTR'], command('http', String(port), '/', '--timeout', '1'))
  t.match({ code, stdout }, { code: 1, stdout: 'no answer within 1 s\n' })
})

testTiny('usher-probe', 'a request that the kernel takes in pieces is sent whole', {}, async (t, { command }) => {
  const server = await startRawServer(t, (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
  // More than a socket's buffer holds at first; of an argument, 128 KiB are the most.
  const path = `/${'a'.repeat(130_000)}`
  t.match(await run(t, command('http', String(server.port), path, '--timeout', '20')), { code: 0 })
  t.ok(server.requests[0]?.startsWith(`GET ${path} HTTP/1.1\r\n`))
  t.ok(server.requests[0]?.endsWith('\r\nConnection: close\r\n\r\n'))
})

testTiny('usher-probe', 'its words never decide: with its output closed or broken it ends the same', { commands: ['sh'], where: 'here' }, async (t, { path }) => {
  const { port } = await startRawServer(t, (socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n'))
  for (const output of ['>&-', '>/dev/full', '| true; exit ${PIPESTATUS[0]}']) {
    const { code } = await run(t, ['bash', '-c', `"${path}" http ${port} / ${output}`])
    t.ok(code === 1 || (output.startsWith('|') && code === 141), `${output}: ${code}`)
  }
})
