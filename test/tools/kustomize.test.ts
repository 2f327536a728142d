import t from 'tap'
import { startApiServer } from './api-server.ts'
import { injectedInto, parseObject } from './pod-template.ts'
import { openShell } from './shell.ts'

t.test('the output of kustomize is injected, and what is no workload passes as it is', async (t) => {
  const { read } = openShell(t, { tools: ['kubernetes'] })
  const plain = await read('kubectl kustomize kustomize')
  const injected = await read('kubectl kustomize kustomize | usher inject -f -')
  t.match(injected, 'usher-lock')
  const [plainDocuments, documents] = [plain, injected].map((text) => text.split('---\n'))
  t.equal(documents?.length, 3)
  for (const kind of ['ConfigMap', 'Service']) {
    const [before, after] = [plainDocuments, documents].map((all) => all?.find((text) => text.includes(`kind: ${kind}\n`)))
    t.ok(before, kind)
    t.equal(after, before, `the ${kind} is the same`)
  }
  t.equal(await read('usher uninject -f -', injected), plain, 'and can be taken out again, byte for byte')
})

t.test('the API server creates what kustomize and usher make', async (t) => {
  const { kubeconfig } = await startApiServer(t)
  const { read } = openShell(t, { tools: ['kubernetes'], kubeconfig })
  const line = 'kubectl kustomize kustomize | usher inject -f - | kubectl apply -f -'
  t.match(await read(line), 'deployment.apps/my-web created')
  const web = parseObject(await read('kubectl get deployment my-web -o json'))
  t.strictSame(injectedInto(web), { initContainers: ['usher-lock'], naps: [10], graceSeconds: 40, hasStatus: true })
  t.match(await read(line), 'deployment.apps/my-web unchanged')
})
