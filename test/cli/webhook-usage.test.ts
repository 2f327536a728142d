import { existsSync, readdirSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { readFlags, UsageError } from '../../src/cli/command.ts'
import { webhookCommand } from '../../src/cli/webhook.ts'
import { runUsher } from '../support/usher-process.ts'

t.test('a wrong value: the flag, the value, and what is allowed', async (t) => {
  const certs = join(t.testdir({}), 'certs')
  for (const [args, message] of [
    [['--port', 'http'], '--port: "http" is not a port from 0 to 65535'],
    [['--port', '65536'], '--port: "65536" is not a port from 0 to 65535'],
    [['--port=-1'], '--port: "-1" is not a port from 0 to 65535'],
    [['--probe-port', '8o80'], '--probe-port: "8o80" is not a port from 0 to 65535'],
    [['--probe-port', ''], '--probe-port: "" is not a port from 0 to 65535'],
    [['--kube-version', 'latest'], '--kube-version: "latest" is not a version such as 1.37'],
    [['--kube-version', '1'], '--kube-version: "1" is not a version such as 1.37'],
    [['--kube-version', ''], '--kube-version: "" is not a version such as 1.37'],
    [['--log-level', 'loud'], '--log-level: "loud" is not one of debug, info, warn, error, silent'],
    [['--log-level', 'INFO'], '--log-level: "INFO" is not one of debug, info, warn, error, silent'],
    [['--tls-cert', 'a.crt'], '--tls-cert and --tls-key go together'],
    [['--tls-key', 'a.key'], '--tls-cert and --tls-key go together'],
  ] as const) {
    await t.rejects(runHere(['--certs', certs, ...args]), { name: UsageError.name, message }, args.join(' '))
  }
  t.notOk(existsSync(certs), 'nothing was made')
})

t.test('a wrong flag ends with 2, what was meant, and where to look', async (t) => {
  for (const [args, message] of [
    [['webhook', '--prot', '8443'], 'unknown flag --prot; did you mean --port?'],
    [['certs', '--froce'], 'unknown flag --froce; did you mean --force?'],
  ] as const) {
    const { code, stdout, stderr } = await runUsher(t, args)
    t.strictSame({ code, stdout }, { code: 2, stdout: '' })
    t.equal(stderr, `usher ${args[0]}: ${message}\nusher ${args[0]} --help lists the flags\n`)
  }
})

t.test('a wrong configuration stops the start: every fault with its place', async (t) => {
  const folder = t.testdir({ 'usher.yaml': 'nap:\n  duraton: 5s\nlock:\n  port: 0\n' })
  const file = join(folder, 'usher.yaml')
  const { code, stdout, stderr } = await runUsher(t, ['webhook', '--config', file, '--certs', join(folder, 'certs')])
  t.strictSame({ code, stdout }, { code: 1, stdout: '' })
  t.equal(stderr, [
    `usher webhook: ${file}:2:3: nap.duraton: unknown key "duraton"; known here are enabled, duration, method`,
    `${file}:4:3: lock.port: 0 is not allowed; it must be a whole number from 1 to 65535`,
    '',
  ].join('\n'))
  t.strictSame(readdirSync(folder), ['usher.yaml'], 'nothing was made')
})

t.test('a configuration that is missing stops the start', async (t) => {
  const file = join(t.testdir({}), 'none.yaml')
  const { code, stderr } = await runUsher(t, ['webhook', '--config', file])
  t.equal(code, 1)
  t.ok(stderr.startsWith(`usher webhook: ${file}: cannot be read: ENOENT`), stderr)
  t.equal(stderr.split('ENOENT').length, 2, 'said once')
})

t.test('a port that is taken ends the start with a sentence, and does not hang', async (t) => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => taken.close(resolve)))
  const port = String((taken.address() as AddressInfo).port)
  const certs = t.testdir({})
  for (const ports of [['--port', port, '--probe-port', '0'], ['--port', '0', '--probe-port', port]]) {
    const { code, stdout, stderr } = await runUsher(t, ['webhook', '--host', '127.0.0.1', '--certs', certs, ...ports])
    t.equal(code, 1, ports.join(' '))
    t.match(stderr, new RegExp(`^usher webhook: listen EADDRINUSE.*127\\.0\\.0\\.1:${port}\n$`))
    t.notMatch(stdout, '"msg":"listening"')
  }
})

t.test('certificates that cannot be used stop the start, and are left as they are', async (t) => {
  const folder = t.testdir({ half: { 'tls.crt': 'x' }, broken: { 'tls.crt': 'x', 'tls.key': 'y' }, file: '' })
  for (const [flags, message] of [
    [['--certs', join(folder, 'half')], `${folder}/half holds only ${folder}/half/tls.crt; usher certs --dir ${folder}/half --force makes all anew`],
    [['--certs', join(folder, 'broken')], `${folder}/broken/tls.crt is not a certificate in PEM`],
    [['--certs', join(folder, 'file', 'x')], /^ENOTDIR/],
    [['--tls-cert', join(folder, 'none'), '--tls-key', join(folder, 'none')], /^ENOENT/],
  ] as const) {
    await t.rejects(runHere(flags), { message }, flags.join(' '))
  }
  t.strictSame(readdirSync(join(folder, 'half')), ['tls.crt'])
})

/** Runs the command in this process; for command lines that end before anything listens. */
async function runHere(args: readonly string[]): Promise<unknown> {
  return webhookCommand.run(readFlags(webhookCommand, args), { stdout: process.stdout, stderr: process.stderr })
}
