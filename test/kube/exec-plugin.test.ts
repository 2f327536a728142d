import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import t, { type Test } from 'tap'
import { type ExecPlugin, PluginError, readPlugin, runPlugin } from '../../src/kube/exec-plugin.ts'
import { takePlugin } from '../../src/kube/plugin-login.ts'

const environment = { PATH: process.env['PATH'] }
const terms = { hasTerminal: false, environment, cluster: { server: 'https://here' } }

function plugin(script: string, change: object = {}): ExecPlugin {
  const read = readPlugin('me', { command: 'sh', args: ['-c', script], apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'IfAvailable', ...change })
  if (read === undefined) throw new Error('there is no plugin')
  return read
}

function credential(status: object): string {
  return `echo '${JSON.stringify({ kind: 'ExecCredential', status })}'`
}

async function failure(of: ExecPlugin, more: object = {}): Promise<string> {
  return runPlugin(of, { ...terms, ...more }).then(
    () => 'none',
    (error) => (error instanceof PluginError ? error.message : `of another kind: ${String(error)}`),
  )
}

t.test('a plugin gives a token or a certificate, and until when it is good', async (t) => {
  t.same(await runPlugin(plugin(credential({ token: 'a', expirationTimestamp: '2026-11-25T12:00:00Z' })), terms), {
    token: 'a',
    cert: undefined,
    key: undefined,
    endsAt: Date.parse('2026-11-25T12:00:00Z'),
  })
  t.match(await runPlugin(plugin(credential({ clientCertificateData: 'c', clientKeyData: 'k' })), terms), { token: undefined, cert: 'c', key: 'k', endsAt: undefined })
})

t.test('a plugin is told what it wants to know, in its environment', async (t) => {
  const tell = `printf '{"status":{"token":"%s"}}' "$(printf '%s' "$KUBERNETES_EXEC_INFO$EXTRA" | tr '"' "'")"`
  const { token } = await runPlugin(plugin(tell, { provideClusterInfo: true, env: [{ name: 'EXTRA', value: '+more' }] }), terms)
  t.equal(token, "{'kind':'ExecCredential','apiVersion':'client.authentication.k8s.io/v1','spec':{'interactive':false,'cluster':{'server':'https://here'}}}+more")
})

t.test('a plugin that never ends is given up, by its name, and with what to do', async (t) => {
  const message = await failure(plugin('exec sleep 1000', { command: 'sh' }), { withinMs: 200 })
  t.match(message, /^the credential plugin "sh" of user "me" has not ended within 0\.2 s: run it by itself to see what it waits for \(sh -c 'exec sleep 1000'\)/)
})

t.test('a plugin that asks where there is no terminal hears the end of its input, and does not wait', async (t) => {
  t.match(await failure(plugin('read answer || exit 7')), /has failed \(exit code 7\)/)
  t.match(await failure(plugin('true', { interactiveMode: 'Always' })), /has to ask something \(interactiveMode: Always\), and there is no terminal: run usher at one/)
})

t.test('a plugin that is not there, has failed, or writes something else', async (t) => {
  t.match(await failure(plugin('', { command: join(t.testdirName, 'none'), installHint: 'get it from the shop\n' })), /none" of user "me" cannot be run: .*ENOENT; get it from the shop$/)
  t.match(await failure(plugin('exit 3')), /has failed \(exit code 3\), and said why above, if at all; log in by it, or run it by itself: sh -c 'exit 3'$/)
  t.match(await failure(plugin('kill -9 $$')), /has failed \(SIGKILL\)/)
  t.match(await failure(plugin('echo welcome')), /has not written an ExecCredential/)
  t.match(await failure(plugin('', { command: undefined })), /has no command; mend the kubeconfig/)
})

t.test('requests that come together have it run once, and again when what it gave has ended', async (t) => {
  const { config, runs } = configOf(t, '2000-01-01T00:00:00Z')
  const logIn = takePlugin(config, terms)
  await Promise.all([logIn(), config.applyToHTTPSOptions({}), config.applyToHTTPSOptions({})])
  t.equal(runs(), 1)
  const options: { headers?: unknown } = {}
  await config.applyToHTTPSOptions(options)
  t.equal(runs(), 2)
  t.match(options.headers, { Authorization: 'Bearer run-2' })

  const lasting = configOf(t, '2999-01-01T00:00:00Z')
  await takePlugin(lasting.config, terms)()
  await lasting.config.applyToHTTPSOptions({})
  t.equal(lasting.runs(), 1)
})

/** A kubeconfig whose plugin counts its runs in a file. */
function configOf(t: Test, end: string): { readonly config: KubeConfig; readonly runs: () => number } {
  const folder = t.testdir({ runs: '' })
  const file = join(folder, 'runs')
  const script = `echo >> ${file}; printf '{"status":{"token":"run-%d","expirationTimestamp":"${end}"}}' "$(wc -l < ${file})"`
  const config = new KubeConfig()
  config.loadFromOptions({
    clusters: [{ name: 'a', server: 'http://127.0.0.1:1', skipTLSVerify: true }],
    users: [{ name: 'me', exec: { command: 'sh', args: ['-c', script] } }],
    contexts: [{ name: 'a', cluster: 'a', user: 'me' }],
    currentContext: 'a',
  })
  return { config, runs: () => readFileSync(file, 'utf8').length }
}
