import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { adminCluster } from '../../src/kube/admin-cluster.ts'

t.test('of several kubeconfig files, each one has the credential plugins of its own folder', async (t) => {
  const folder = t.testdir({ a: { bin: { login: login('a') } }, b: { bin: { login: login('b') } } })
  const files = ['a', 'b'].map((name) => kubeconfig(join(folder, name), name, './bin/login'))
  for (const name of ['a', 'b']) t.equal(await tokenOf(files, name), `Bearer of ${name}`)
})

t.test('a credential plugin of a bare name is that of the PATH, whatever lies beside the kubeconfig', async (t) => {
  const folder = t.testdir({ a: { login: login('the folder') }, path: { login: login('the PATH') } })
  const file = kubeconfig(join(folder, 'a'), 'a', 'login')
  chmodSync(join(folder, 'path', 'login'), 0o755)
  t.equal(await tokenOf([file], 'a', `${join(folder, 'path')}:${process.env['PATH'] ?? ''}`), 'Bearer of the PATH')
})

function login(of: string): string {
  return `#!/bin/sh\necho '{"status":{"token":"of ${of}"}}'\n`
}

/** Writes a kubeconfig into a folder, and lets its plugin be run. */
function kubeconfig(folder: string, name: string, command: string): string {
  const file = join(folder, 'config')
  writeFileSync(file, JSON.stringify({
    clusters: [{ name, cluster: { server: `https://${name}` } }],
    users: [{ name, user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never' } } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  }))
  chmodSync(join(folder, command), 0o755)
  return file
}

async function tokenOf(files: readonly string[], context: string, path = process.env['PATH']): Promise<unknown> {
  const { config, logIn } = adminCluster({ file: undefined, files, context, isInCluster: false, plugin: { hasTerminal: false, environment: { PATH: path } } })
  await logIn()
  const options: { headers?: Record<string, unknown> } = {}
  await config.applyToHTTPSOptions(options)
  return options.headers?.['Authorization']
}
