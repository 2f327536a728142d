import { readFileSync } from 'node:fs'
import { testNap } from './support/naps.ts'
import { run } from './support/run.ts'
import { traced } from './support/system-calls.ts'

const blocks = 'rt_sigprocmask(SIG_BLOCK, [PIPE XFSZ], NULL, 8) = 0'
const begins = String.raw`write(1, "Sleeping...\n", 12) = 12`
const ends = String.raw`write(1, "Done!\n", 6) = 6`
const notANumber = String.raw`write(2, "Not a number, naps 10 s\n", 24) = 24`
const tooLarge = String.raw`write(2, "Too large, naps 10 s\n", 21) = 21`

const expected: readonly (readonly [args: readonly string[], calls: readonly string[]])[] = [
  [['0'], [blocks, begins, ends, 'exit(0) = ?']],
  [['1'], [blocks, begins, sleeps(1), ends, 'exit(0) = ?']],
  [[], [blocks, begins, sleeps(10), ends, 'exit(0) = ?']],
  [['x'], [blocks, notANumber, begins, sleeps(10), ends, 'exit(1) = ?']],
  [['9'.repeat(20)], [blocks, tooLarge, begins, sleeps(10), ends, 'exit(2) = ?']],
]

function sleeps(seconds: number): string {
  return `nanosleep({tv_sec=${seconds}, tv_nsec=0}, REMAINDER) = 0`
}

testNap('makes these system calls, and no others', { commands: ['strace'], where: 'here' }, async (t, { command }) => {
  for (const [args, wanted] of expected) {
    // strace would tell calls of 32 bits by a line of their own.
    const { calls } = await traced(t, ['-e', 'inject=nanosleep:retval=0'], command(...args))
    const [execve, ...made] = calls.map((call) => call.replace(/0x[0-9a-f]+\) = 0 \(INJECTED\)/, 'REMAINDER) = 0'))
    t.match(execve, /^execve\(/)
    t.strictSame(made, wanted)
  }
})

testNap('makes the same system calls in an emulator', { where: 'emulated' }, async (t, { command }) => {
  for (const [args, wanted] of expected.slice(0, 2)) {
    // Lines such as: 4711 write(1,0x4000b0,12) = 12
    const [emulator, ...program] = command(...args)
    const { stderr } = await run(t, [emulator, '-strace', ...program])
    const made = stderr.trimEnd().split('\n').map((line) => line.replace(/^\d+ /, ''))
    t.strictSame(made.map(outline), wanted.map(outline))
  }
})

testNap('calls the kernel in one way only', {}, async (t, { architecture, path }) => {
  const bytes = readFileSync(path)
  const ways = { amd64: [0x0f, 0x05], arm64: [0x01, 0x00, 0x00, 0xd4] } as const
  t.ok(bytes.includes(Buffer.from(ways[architecture])), 'syscall, or svc #0')
  t.notOk(bytes.includes(Buffer.from([0xcd, 0x80])), 'int 0x80: the calls of 32 bits')
  t.notOk(bytes.includes(Buffer.from([0x0f, 0x34])), 'sysenter: the same')
})

/** What strace and an emulator write alike of a call: `write(1 12)`. */
function outline(call: string): string {
  const [, name = '', args = ''] = /^(\w+)\((.*?)\)/.exec(call) ?? []
  const parts = args.split(',')
  return name === 'write' ? `write(${parts.at(0)} ${parts.at(-1)?.trim()})` : name === 'exit' ? `exit(${args})` : name
}
