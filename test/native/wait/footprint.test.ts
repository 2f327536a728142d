import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { missingCommand } from '../support/commands.ts'
import { sourceFolder } from '../support/programs.ts'
import { type Lock, granted, queued, startLock } from './support/lock.ts'
import { missingNameServer, startNameServer } from './support/name-server.ts'
import { isDisguised, isStatic, program, runWait, startWait } from './support/program.ts'

const onlyStatic = isDisguised() || (!isStatic() && 'needs the machine’s libraries, which count as well')
const asRoot = process.getuid?.() === 0 ? false : 'is not root'
const path = { PATH: process.env['PATH'] ?? '' }
const hold = { 'Retry-After': '0' }

t.test('is under 64 KiB on disk', { skip: onlyStatic }, async (t) => {
  t.ok(statSync(program()).size < 64 * 1024)
})

t.test('is under 1 MiB resident, at its most', { skip: onlyStatic }, async (t) => {
  const lock = await startLock(t, (_request, count) => (count < 50 ? queued(`${count} ahead`) : undefined))
  const waiting = startWait(t, [...lock.args, '--pause=0', '--pod=shop/api', '--uid=a'])
  await lock.request(50)
  const status = readFileSync(`/proc/${waiting.pid}/status`, 'utf8')
  for (const field of ['VmHWM', 'VmRSS']) {
    const kilobytes = Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1])
    t.ok(kilobytes > 0 && kilobytes < 1024, `${field}: ${kilobytes} kB`)
  }
})

t.test('makes no memory calls after the start in 100,000 polls', { skip: isDisguised() || missingCommand('strace') }, async (t) => {
  const polls = 100_000
  const answers = [queued('1 ahead (holder shop/api-7f9, 1 s)', hold), queued('1 ahead (holder shop/api-7f9, 2 s)', hold)]
  const end = granted()
  const lock = await startLock(t, (_request, count) => (count < polls ? answers[count % 2] : end))
  const log = join(t.testdir({}), 'calls')
  // Only the calls of interest stop the program: the others take their usual time.
  const by = ['strace', '-f', '--seccomp-bpf', '-qq', '-e', 'trace=%memory,connect', '-o', log]
  const { code } = await runWait(t, [...lock.args, '--pause=0', '--max-wait=0', '--pod=shop/api', '--uid=a'], { by, env: path })
  t.equal(code, 0)
  t.equal(lock.requests.length, polls)
  const calls = readFileSync(log, 'utf8').trimEnd().split('\n').map((line) => line.replace(/^\d+ +/, ''))
  t.match(calls.at(-1), /^connect\(/, 'the last thing of note is the one connection')
  t.equal(calls.filter((call) => call.startsWith('connect(')).length, 1)
})

t.test('allocates nothing itself, and starts nothing', { skip: missingCommand('cc', 'nm') }, async (t) => {
  const wait = join(sourceFolder, 'wait')
  const object = join(t.testdir({}), 'all.o')
  const sources = readdirSync(wait).filter((file) => file.endsWith('.c'))
  const { status, stderr } = spawnSync('cc', ['-std=c17', '-Os', '-r', '-nostdlib', '-o', object, ...sources], { cwd: wait, encoding: 'utf8' })
  t.equal(status, 0, stderr)
  const { stdout } = spawnSync('nm', ['-u', '-P', object], { encoding: 'utf8' })
  const used = stdout.split('\n').map((line) => line.split(' ')[0] ?? '').filter((name) => name !== '' && !name.startsWith('_'))
  t.ok(used.includes('poll'))
  const unwanted = /alloc|^free$|strn?dup|printf|^f(open|read|write|puts|gets)$|^puts$|pthread|fork|exec|system|popen|clone|^time$|gettimeofday|localtime|^sleep$|^rand|environ$|getenv|setenv/
  t.same(used.filter((name) => unwanted.test(name) && name !== 'environ'), [])
})

/**
 * What it may call: all in the default profiles of containerd and Docker, which is what RuntimeDefault means. Those of
 * the second half are the loader's and libc's at the start of a program, and the resolver's.
 */
const allowed = new Set(
  `clock_gettime close connect dup exit exit_group fchmod fcntl getsockopt ioctl kill open openat pause poll ppoll read
   readlink readlinkat recvfrom rename renameat renameat2 rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend sendto setitimer
   restart_syscall socket sysinfo unlink unlinkat write
   access arch_prctl bind brk execve faccessat2 fstat futex getpid getrandom getsockname gettid lseek madvise mmap
   mprotect munmap newfstatat pread64 prlimit64 readv recvmsg rseq sched_getaffinity sendmmsg sendmsg setsockopt set_robust_list
   set_tid_address stat statfs statx sigaltstack uname writev`.split(/\s+/),
)

t.test('makes no call that a RuntimeDefault seccomp profile refuses', { skip: isDisguised() || missingNameServer() || missingCommand('strace') }, async (t) => {
  const folder = t.testdir({ token: 'a', log: '' })
  const held = await startLock(t, (_request, count) => (count === 1 ? queued('1 ahead', hold) : undefined))
  const lock = await startLock(t, (_request, count) => (count < 5 ? queued(undefined, count === 2 ? { Connection: 'close' } : hold) : granted()))
  const server = await startNameServer(t, () => ['127.0.0.1'])
  const common = [`--token-file=${folder}/token`, '--pod=shop/api', '--uid=a', '--pause=10ms', `--termination-log=${folder}/log`]
  const at = (other: Lock, host: string) => [...common, `--host=${host}`, `--port=${other.port}`]
  const scenes: readonly (readonly [args: readonly string[], term: RegExp | undefined])[] = [
    [[...at(lock, 'lock.test'), `--install-nap=${folder}/nap`], undefined],
    [['--host=127.0.0.1', '--port=1', '--connect-wait=200ms', '--pause=10ms'], undefined],
    [at(held, '127.0.0.1'), /1 ahead/],
    [['--hold', '--nonsense'], /^holds/],
    [['--help'], undefined],
  ]
  const calls = new Set<string>()
  for (const [index, [args, term]] of scenes.entries()) {
    const file = join(folder, `calls-${index}`)
    const running = startWait(t, args, { by: [...server.by, 'strace', '-f', '-qq', '-o', file], env: server.env })
    if (term !== undefined) {
      await running.line(term)
      const [pid = ''] = readFileSync(file, 'utf8').split(' ')
      process.kill(Number(pid), 'SIGTERM')
    }
    await running.finish()
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/^\d+ +([a-z]\w+)\(/gm)) calls.add(name)
  }
  t.ok(calls.has('setitimer') && calls.has('sendto') && calls.has('socket'), 'they were seen')
  t.same([...calls].filter((name) => !allowed.has(name)), [])
})

// As Pod Security restricted wants it: no capability, no way to get one, another user, nothing to write to.
const restricted = ['setpriv', '--reuid=65532', '--regid=65532', '--clear-groups', '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs']

t.test('runs as any user, without capabilities, on a read-only root', { skip: asRoot || missingCommand('unshare', 'mount', 'setpriv') }, async (t) => {
  const lock = await startLock(t, (_request, count) => (count < 3 ? queued(`${3 - count} ahead`) : granted()))
  const script = 'mount --make-rprivate / && mount -o remount,bind,ro / && exec "$@"'
  const by = ['unshare', '-m', 'sh', '-c', script, 'sh', ...restricted]
  const { code, lines, problems } = await runWait(t, [...lock.args, '--pause=10ms'], { by, env: path })
  t.same([code, problems], [0, []])
  t.match(lines.at(-1), /^got/)
})

t.test('needs nothing in its image but itself', { skip: onlyStatic || asRoot || missingCommand('chroot', 'setpriv') }, async (t) => {
  const folder = t.testdir({})
  copyFileSync(program(), join(folder, 'usher-wait'))
  chmodSync(join(folder, 'usher-wait'), 0o555)
  const lock = await startLock(t, (_request, count) => (count < 3 ? queued(`${3 - count} ahead`) : granted()))
  const by = ['sh', '-c', `folder=$1; shift 2; exec chroot --userspec=65532:65532 "$folder" /usher-wait "$@"`, 'sh', folder]
  for (const host of ['127.0.0.1', 'no.such.host.invalid']) {
    const { code, lines } = await runWait(t, [...lock.args, `--host=${host}`, '--pause=10ms', '--connect-wait=300ms'], { by, env: path })
    t.equal(code, 0)
    t.match(lines.at(-1), host === '127.0.0.1' ? /^got/ : /^no lock has answered/)
  }
})
