import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { testNap } from './support/naps.ts'
import { type Command, run } from './support/run.ts'
import { traced } from './support/system-calls.ts'

// Each naps for a second.
t.jobs = 4

interface Place {
  readonly what: string
  readonly error: string
  /** Gives a descriptor of this process. */
  readonly open: (t: Test) => number
  /** A shell's command for the limit of a file's size. */
  readonly limit?: string
}

const places: readonly Place[] = [
  { what: 'a pipe without a reader', error: 'EPIPE', open: openBrokenPipe },
  { what: 'out of space', error: 'ENOSPC', open: () => openSync('/dev/full', 'w') },
  { what: 'a file at its limit', error: 'EFBIG', open: openFile, limit: 'ulimit -f 0' },
  { what: 'not open for writing', error: 'EBADF', open: () => openSync('/dev/null', 'r') },
]

for (const { what, error, open, limit = ':' } of places) {
  const limited = (command: Command): Command => ['sh', '-c', `${limit}; exec "$@"`, 'sh', ...command]

  testNap(`naps though its stdout is ${what}`, { commands: ['strace'] }, async (t, nap) => {
    const stdout = opened(t, open)
    const { calls, ...finished } = await traced(t, ['-e', 'trace=write,nanosleep'], limited(nap.command('1')), { stdout })
    t.match(finished, { code: 0, signal: null, stderr: '' })
    t.equal(calls.length, 3)
    t.match(calls, [
      new RegExp(`^write\\(1, "Sleeping...\\\\n", 12\\) = -1 ${error}`),
      /^nanosleep\(\{tv_sec=1, tv_nsec=0\}, 0x[0-9a-f]+\) = 0$/,
      new RegExp(`^write\\(1, "Done!\\\\n", 6\\) = -1 ${error}`),
    ])
  })

  testNap(`its answer to bad input is the same though its stderr is ${what}`, { commands: ['strace'] }, async (t, nap) => {
    const stderr = opened(t, open)
    const flags = ['-e', 'trace=nanosleep', '-e', 'inject=nanosleep:retval=0']
    const { calls, ...finished } = await traced(t, flags, limited(nap.command('x')), { stderr })
    t.match(finished, { code: 1, signal: null, stdout: 'Sleeping...\nDone!\n' })
    t.match(calls, [/^nanosleep\(\{tv_sec=10, tv_nsec=0\}/])
  })
}

testNap('naps without any descriptor', {}, async (t, nap) => {
  const before = performance.now()
  const closed: Command = ['sh', '-c', 'exec "$@" 0<&- 1>&- 2>&-', 'sh', ...nap.command('1')]
  t.match(await run(t, closed), { code: 0, signal: null, stdout: '', stderr: '' })
  t.ok(performance.now() - before >= 1_000, 'for a second')
})

t.test('such places end a program that does not care', async (t) => {
  t.match(await run(t, ['yes'], { stdout: opened(t, openBrokenPipe) }), { signal: 'SIGPIPE' })
  const limited = ['sh', '-c', 'ulimit -f 0; exec yes > "$1"', 'sh', join(t.testdir({}), 'file')] as const
  t.match(await run(t, limited), { signal: 'SIGXFSZ' })
})

function opened(t: Test, open: Place['open']): number {
  const descriptor = open(t)
  t.teardown(() => closeSync(descriptor))
  return descriptor
}

function openFile(t: Test): number {
  return openSync(join(t.testdir({}), 'file'), 'w')
}

function openBrokenPipe(t: Test): number {
  const path = join(t.testdir({}), 'pipe')
  spawnSync('mkfifo', [path])
  // Without a reader it could not be opened for writing.
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY)
  closeSync(reader)
  return writer
}
