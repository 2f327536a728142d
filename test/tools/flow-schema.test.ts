import { readFileSync } from 'node:fs'
import t from 'tap'
import { startApiServer } from './api-server.ts'
import { openShell } from './shell.ts'

t.test('an API server takes the priority level that the documentation has for locks', async (t) => {
  const text = readFileSync(new URL('../../docs/scale.md', import.meta.url), 'utf8')
  const manifest = /^```yaml\n(.*?)^```$/ms.exec(text)?.[1] ?? ''
  const { kubeconfig } = await startApiServer(t)
  const { read } = openShell(t, { tools: ['kubernetes'], kubeconfig })
  t.equal(
    await read('kubectl create --validate=strict -f -', manifest),
    'prioritylevelconfiguration.flowcontrol.apiserver.k8s.io/usher-lock created\nflowschema.flowcontrol.apiserver.k8s.io/usher-lock created\n',
  )
  t.match(await read('kubectl wait flowschema usher-lock --for=condition=Dangling=false --timeout=30s'), 'condition met')
})
