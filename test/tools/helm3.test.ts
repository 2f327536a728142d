import t from 'tap'
import { startApiServer } from './api-server.ts'
import { testFailure, testRelease, testTemplate } from './helm-release.ts'
import { openShell } from './shell.ts'
import { toolVersion } from '../go-tools/tool-folder.ts'

const flags = '--post-renderer usher --post-renderer-args inject --post-renderer-args -f --post-renderer-args -'

t.test('Helm 3 renders a chart through usher', async (t) => {
  const shell = openShell(t, { tools: ['helm3'] })
  t.match(await shell.read('helm version --short'), toolVersion('helm3'))
  await testTemplate(t, shell, flags)
})

t.test('Helm 3 installs and upgrades a release through usher', async (t) => {
  const { kubeconfig } = await startApiServer(t)
  await testRelease(t, openShell(t, { tools: ['helm3', 'kubernetes'], kubeconfig }), flags)
})

t.test('Helm 3 stops where usher fails, and says what usher says', async (t) => {
  await testFailure(t, openShell(t, { tools: ['helm3'] }), flags)
})
