import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import manifest from '../../package.json' with { type: 'json' }
import { startApiServer } from './api-server.ts'
import { testFailure, testRelease, testTemplate } from './helm-release.ts'
import { openShell, type Shell, type ShellOptions } from './shell.ts'
import { toolVersion } from '../go-tools/tool-folder.ts'

const install = 'helm plugin install ../../deploy/helm-plugin'
const flags = '--post-renderer usher'

t.test('Helm 4 renders a chart through the plugin', async (t) => {
  const shell = openShell(t, { tools: ['helm'] })
  t.match(await shell.read('helm version --short'), toolVersion('helm'))
  t.match(await shell.read(install), 'Installed plugin: usher\n')
  await testTemplate(t, shell, flags)
})

t.test('Helm 4 installs and upgrades a release through the plugin', async (t) => {
  const { kubeconfig } = await startApiServer(t)
  await testRelease(t, await withPlugin(t, { tools: ['helm', 'kubernetes'], kubeconfig }), flags)
})

t.test('Helm 4 stops where usher fails', async (t) => {
  await testFailure(t, await withPlugin(t, { tools: ['helm'] }), flags)
})

t.test('the plugin has the version of usher', async (t) => {
  const plugin: unknown = parse(readFileSync(new URL('../../deploy/helm-plugin/plugin.yaml', import.meta.url), 'utf8'))
  t.match(plugin, { name: 'usher', version: manifest.version })
})

async function withPlugin(t: Test, options: ShellOptions): Promise<Shell> {
  const shell = openShell(t, options)
  await shell.read(install)
  return shell
}
