import t from 'tap'
import { objectAt } from '../support/pod-reader.ts'
import { startApiServer } from './api-server.ts'
import { injectedInto, parseObject, podTemplate } from './pod-template.ts'
import { openShell } from './shell.ts'

const create = 'kubectl create deployment web --image=nginx --dry-run=client -o yaml'
const injected = `${create} | usher inject -f -`
const getWeb = 'kubectl get deployment web -o json'

t.test('the documented line creates an injected Deployment', async (t) => {
  const { kubeconfig } = await startApiServer(t)
  const { read } = openShell(t, { tools: ['kubernetes'], kubeconfig })

  t.equal(await read(`${injected} | kubectl apply -f -`), 'deployment.apps/web created\n')
  const web = parseObject(await read(getWeb))
  t.strictSame(injectedInto(web), { initContainers: ['usher-lock'], naps: [10], graceSeconds: 40, hasStatus: true })

  t.equal(await read(`${injected} | kubectl apply -f -`), 'deployment.apps/web unchanged\n', 'again, it changes nothing')
  t.equal(await read(`${injected} | kubectl diff -f -`), '', 'and there is no difference to show')
})

t.test('what is injected into an object of the cluster can be taken out there', async (t) => {
  const { kubeconfig } = await startApiServer(t)
  const { read } = openShell(t, { tools: ['kubernetes'], kubeconfig })
  await read(`${create} | kubectl apply -f -`)
  const before = podTemplate(parseObject(await read(getWeb)))

  t.equal(await read('kubectl get deployment web -o yaml | usher inject -f - | kubectl apply -f -'), 'deployment.apps/web configured\n')
  t.strictSame(injectedInto(parseObject(await read(getWeb))).initContainers, ['usher-lock'])
  t.equal(await read('kubectl get deployment web -o yaml | usher uninject -f - | kubectl apply -f -'), 'deployment.apps/web configured\n')
  t.strictSame(podTemplate(parseObject(await read(getWeb))), before)
})

t.test('what is injected into the output of kubectl can be taken out again, byte for byte', async (t) => {
  const { read } = openShell(t, { tools: ['kubernetes'] })
  const plain = await read(create)
  const changed = await read('usher inject -f -', plain)
  t.not(changed, plain)
  t.equal(await read('usher uninject -f -', changed), plain)
  t.equal(await read('usher inject -f -', changed), changed, 'and injecting twice changes nothing')
})

t.test('the List in which kubectl prints several objects is injected', async (t) => {
  const { kubeconfig } = await startApiServer(t)
  const { read } = openShell(t, { tools: ['kubernetes'], kubeconfig })
  await read('kubectl apply -f manifests/deployment.yaml -f manifests/statefulset.yaml')
  for (const format of ['yaml', 'json']) {
    const get = `kubectl get deployments,statefulsets -o ${format}`
    const { items } = parseObject(await read(`${get} | usher inject -f - | kubectl apply --dry-run=server -o json -f -`))
    t.match(items, [lockFirst, lockFirst], format)
  }
})

t.test('kubectl applies the JSON Patch that -o patch prints', async (t) => {
  const { read } = openShell(t, { tools: ['kubernetes'] })
  const file = 'manifests/deployment.yaml'
  const line = `kubectl patch --local -f ${file} --type=json -p "$(usher inject -f ${file} -o patch)" -o json`
  const patched = parseObject(await read(line))
  const written = parseObject(await read(`usher inject -f ${file} -o json`))
  t.strictSame(objectAt(patched, 'spec', 'template', 'spec'), objectAt(written, 'spec', 'template', 'spec'))
})

const lockFirst = { spec: { template: { spec: { initContainers: [{ name: 'usher-lock' }] } } } }
