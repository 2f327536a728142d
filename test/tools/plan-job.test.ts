import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { planObjects } from '../../src/cli/plan-room.ts'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import { adminAt } from '../support/answering-admin.ts'
import { listAt } from '../support/pod-reader.ts'
import { container, deployment, node, ofWorkload, type PlanStage, startPlanStage } from './plan-stage.ts'
import { parseObject } from './pod-template.ts'

t.test('usher plan of job files, in a cluster', async (t) => {
  const stage = await startPlanStage(t)
  await stage.namespace('shop')
  await stage.create(node('node-a', { allocatable: { memory: '6Gi' } }), node('node-b', { allocatable: { memory: '4Gi' } }))
  await t.test('12G wanted where 10G are free: the problem document as Compose writes amounts, and nothing is created', (t) => tooMuchMemory(t, stage))
  await t.test('a job that has room, and one that is not valid', (t) => fitting(t, stage))
  await t.test('what other commands ask before they create anything', (t) => asked(t, stage))
})

const job = (instances: number): string => `
name: my-cool-job
numInstances: ${instances}
containers:
  app:
    image: registry.example/app:1
    ports: ["80:3000"]
    memory: 3G
    volumes: [{type: local, path: /data, space: 100M}]
  log:
    image: registry.example/log:1
    memory: 1G
`

async function tooMuchMemory(t: Test, { shell }: PlanStage): Promise<void> {
  const { code, stdout, stderr } = await shell.run('usher plan -f - -n shop -o json', job(3))
  t.equal(code, 4, stderr)
  t.strictSame(Object.entries(parseObject(stdout)).slice(0, 4), [
    ['type', 'https://usher.dev/docs/errors#insufficient-memory'],
    ['title', 'Insufficient memory for job'],
    ['detail', 'Job requires 12G of memory but only 10G can be allocated.'],
    ['job', 'my-cool-job'],
  ])
  const sketch = fileURLToPath(new URL('../job/file/sketch.yaml', import.meta.url))
  const example = await shell.run(`usher job plan -f ${sketch} -n shop --shared-storage-class nfs -o json`)
  t.match(parseObject(example.stdout), { job: 'simple-webapp', detail: 'Job requires 18G of memory but only 10G can be allocated.' }, 'three times 6G')
  t.equal((await shell.read('kubectl get all,configmaps,secrets -n shop -o name')).trim(), '', 'nothing was created')
}

async function fitting(t: Test, { shell }: PlanStage): Promise<void> {
  const { code, stdout, stderr } = await shell.run('usher plan -f - -n shop -o json', job(2))
  t.equal(code, 0, stderr)
  const found = parseObject(stdout)
  t.match(ofWorkload(found, 'my-cool-job'), { kind: 'Deployment', namespace: 'shop', instances: 2, placed: 2, requests: { memory: 4 * 2 ** 30, 'ephemeral-storage': 100 * 2 ** 20 } })
  t.ok(listAt(found, 'changes').some(({ kind, change }) => kind === 'Service' && change === 'created'))
  t.match(await shell.run('usher plan -f - -n shop', job(2)), { stdout: /each takes memory 4G, disk 100M$/m })

  const silent = await shell.run('usher plan -f - -n shop', `${job(1)}  greedy: {image: a}\n`)
  t.match(silent, { code: 0, stdout: /^  not judged: .*the memory of greedy, for which none is asked$/m, stderr: /greedy has no memory/ })

  const invalid = await shell.run('usher plan -f - -n shop -o json', job(2).replace('ports', 'prts'))
  t.equal(invalid.code, 4, invalid.stderr)
  t.match(parseObject(invalid.stdout), { type: /#invalid-job$/, detail: /standard input:7:5: .*prts/ })
  const mixed = await shell.run('usher plan -f - -n shop', `${job(1)}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n`)
  t.match(mixed, { code: 1, stderr: /it has jobs and objects of Kubernetes: put them into two files/ })
}

async function asked(t: Test, { server, shell }: PlanStage): Promise<void> {
  const { admin } = adminAt(fromKubeconfig(server.kubeconfig), server.url)
  const { signal } = new AbortController()
  const wanted = deployment('web', 3, { containers: [container('web', { memory: '4Gi' })] })
  const options = { namespace: 'shop', signal, jobName: 'my-cool-job' }
  const plan = await planObjects(admin, [{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: {} }, wanted], options)
  t.match(plan, { problem: { code: 'insufficient-memory', detail: 'Job requires 12G of memory but only 10G can be allocated.' }, problemOf: 'my-cool-job', changes: [] })

  await shell.read('kubectl create -f -', JSON.stringify(deployment('web', 1, { containers: [container('web', { memory: '4Gi' })] })))
  const live = parseObject(await shell.read('kubectl get deployment web -n shop -o json'))
  const known = await planObjects(admin, [wanted], { ...options, tried: new Map([[wanted, { kind: 'taken', live, after: { ...live, spec: { ...Object(live['spec']), replicas: 2 } } }]]) })
  t.match(known.workloads, [{ instances: 2, needed: 2, placed: 2 }], 'by what is known already')
}
