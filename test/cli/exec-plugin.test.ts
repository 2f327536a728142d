import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { startAnsweringApiServer } from '../support/answering-api-server.ts'
import { launcher, runUsher } from '../support/usher-process.ts'
import { runOnTerminal } from '../support/terminal.ts'

// util-linux's script gives a command a terminal.
const skip = spawnSync('script', ['--version']).stdout?.toString().includes('util-linux') ? false : "util-linux's script is not there"

/** A kubeconfig whose credentials come of a shell script. */
function kubeconfig(t: Test, server: string, script: string, exec: object = {}): string {
  const file = join(t.testdir({}), 'kubeconfig')
  const user = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', script], interactiveMode: 'IfAvailable', ...exec } }
  writeFileSync(file, JSON.stringify({
    clusters: [{ name: 'a', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'me', user }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'me' } }],
    'current-context': 'a',
  }))
  return file
}

const asking = `printf 'Password: ' >&2; read -r word || exit 9; printf '{"status":{"token":"%s"}}' "$word"`

t.test('a credential plugin that asks without a terminal ends both commands with a sentence that names it', async (t) => {
  const api = await startAnsweringApiServer(t)
  for (const command of ['check', 'status']) {
    const { code, stderr } = await runUsher(t, [command, '--kubeconfig', kubeconfig(t, api.url, asking)])
    t.equal(code, 3)
    t.match(stderr, 'Password: ', 'its own words are shown')
    t.match(stderr, `usher ${command}: the credential plugin "sh" of user "me" has failed (exit code 9)`)
  }
  const { code, stderr } = await runUsher(t, ['check', '--kubeconfig', kubeconfig(t, api.url, asking, { interactiveMode: 'Always' })])
  t.match({ code, stderr }, { code: 3, stderr: 'interactiveMode: Always), and there is no terminal' })
  t.same(api.asked, [])
})

t.test('a credential plugin that asks at a terminal is answered there', { skip }, async (t) => {
  const api = await startAnsweringApiServer(t, { '/api/v1/pods': { items: [] } })
  const file = kubeconfig(t, api.url, asking)
  const { says, write, ended, text } = runOnTerminal(t, `'${process.execPath}' '${launcher}' status --kubeconfig '${file}'`)
  await says('Password: ')
  write('secret\n')
  t.equal(await ended, 1)
  t.match(text(), "usher's lock is not installed in this cluster", 'it has gone on to ask the cluster')
  t.ok(api.asked.length > 0)
})

t.test("a relative credential plugin is run from the kubeconfig's folder, and never from the one that usher is started in", async (t) => {
  const api = await startAnsweringApiServer(t)
  const file = kubeconfig(t, api.url, '', { command: './bin/login' })
  const elsewhere = join(dirname(file), 'elsewhere')
  for (const [folder, word] of [[dirname(file), 'ours'], [elsewhere, 'of another']] as const) {
    mkdirSync(join(folder, 'bin'), { recursive: true })
    writeFileSync(join(folder, 'bin', 'login'), `#!/bin/sh\necho "${word}" >&2\nexit 9\n`)
    chmodSync(join(folder, 'bin', 'login'), 0o755)
  }
  const { code, stderr } = await runUsher(t, ['status', '--kubeconfig', '../kubeconfig'], { cwd: elsewhere })
  t.equal(code, 3)
  t.match(stderr, /^ours$/m)
  t.notMatch(stderr, 'of another')
  t.match(stderr, `the credential plugin ${JSON.stringify(join(dirname(file), 'bin/login'))} of user "me" has failed (exit code 9)`)
})
