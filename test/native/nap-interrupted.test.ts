import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { until } from '../support/until.ts'
import { type Nap, testNap } from './support/naps.ts'
import { start } from './support/run.ts'
import { startTraced, type Traced, traced } from './support/system-calls.ts'

const words = 'Sleeping...\nDone!\n'

testNap('SIGTERM ends it at once', {}, async (t, nap) => {
  const running = start(t, nap.command('3600'))
  await until('it sleeps', () => running.stdout() !== '' && state(running.pid) === 'S')
  running.kill('SIGTERM')
  t.match(await running.finish(), { code: null, signal: 'SIGTERM', stdout: 'Sleeping...\n', stderr: '' })
})

testNap('stopped and continued, it sleeps to its end', { commands: ['strace'] }, async (t, nap) => {
  const before = performance.now()
  const { proceed } = await stoppedInItsSleep(t, nap)
  const { calls, ...finished } = await proceed()
  t.match(finished, { code: 0, signal: null, stdout: words, stderr: '' })
  t.match(calls.at(-1), /^restart_syscall\(.*\) = 0 /)
  t.ok(performance.now() - before >= 1_000, 'of a second')
})

testNap('the time for which it is stopped counts', { commands: ['strace'] }, async (t, nap) => {
  const { proceed } = await stoppedInItsSleep(t, nap)
  const stopped = performance.now()
  await until('its second is over', () => performance.now() - stopped > 1_000)
  const { calls } = await proceed()
  // It hardly sleeps any more, though as long as a busy machine needs.
  t.match(calls.at(-1), /^restart_syscall\(.*\) = 0 <0\.[0-4]\d+>$/)
})

testNap('interrupted once, or again and again, it sleeps for what remains', { commands: ['strace'] }, async (t, nap) => {
  for (const times of [1, 99]) {
    // A kernel that says that 5 ms remain: struct timespec, two little-endian numbers of 64 bits.
    const remainder = hex(0n) + hex(5_000_000n)
    const inject = `inject=nanosleep:error=EINTR:when=1..${times}:poke_exit=@arg2=${remainder}`
    const { calls, ...finished } = await traced(t, ['-e', 'trace=nanosleep', '-e', inject], nap.command('3600'))
    t.equal(calls.length, times + 1)
    t.match(calls.at(0), /^nanosleep\(\{tv_sec=3600, tv_nsec=0\}, 0x[0-9a-f]+\) = -1 EINTR/)
    t.match(calls.at(1), /^nanosleep\(\{tv_sec=0, tv_nsec=5000000\}, 0x[0-9a-f]+\) = /)
    t.match(calls.at(-1), /^nanosleep\(\{tv_sec=0, tv_nsec=5000000\}, 0x[0-9a-f]+\) = 0$/)
    t.match(finished, { code: 0, signal: null, stdout: words, stderr: '' })
  }
})

testNap('where the kernel refuses to sleep, it does not say that it is done', { commands: ['strace'] }, async (t, nap) => {
  for (const error of ['EPERM', 'ENOSYS', 'EINVAL', 'EFAULT']) {
    const flags = ['-e', 'trace=nanosleep', '-e', `inject=nanosleep:error=${error}`]
    const { calls, ...finished } = await traced(t, flags, nap.command('1'))
    t.equal(calls.length, 1, error)
    t.match(finished, { code: 3, signal: null, stdout: 'Sleeping...\n', stderr: '' }, error)
  }
})

/** Starts a nap of a second that is stopped as soon as it sleeps, however slow this test is. */
async function stoppedInItsSleep(t: Test, nap: Nap): Promise<{ proceed(): Promise<Traced> }> {
  const flags = ['-T', '-e', 'trace=nanosleep,restart_syscall', '-e', 'inject=nanosleep:signal=SIGSTOP']
  const running = startTraced(t, flags, nap.command('1'))
  await until('it is stopped', () => running.calls().includes('--- stopped by SIGSTOP ---'))
  return {
    proceed() {
      process.kill(onlyChild(running.pid), 'SIGCONT')
      return running.finish()
    },
  }
}

/** The state of a process: S where it sleeps. */
function state(pid: number): string {
  return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? ''
}

function onlyChild(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))
}

function hex(value: bigint): string {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes.toString('hex')
}
