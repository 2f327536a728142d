import t, { type Test } from 'tap'
import { nodeImage } from './images/node.ts'
import { type Container, type Pod, startOtherWebhook } from './support/other-webhook.ts'
import { create } from './support/pods.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { kubectl, makeNamespace, read, startUsher } from './support/usher.ts'

await startUsher(t)
showLogsOfFailure(t)
const namespace = 'other-webhook'
await makeNamespace(t, namespace)

// Configurations of webhooks are called in the order of their names, and usher's is `usher`.
const before = 'a-other-webhook'
const after = 'z-other-webhook'
const napSeconds = 3
const naps = {
  native: { sleep: { seconds: napSeconds } },
  exec: { exec: { command: ['/usher/nap', String(napSeconds)] } },
}

for (const method of ['native', 'exec'] as const) {
  t.test(`another webhook adds an init container in front, sidecars and a volume after usher: nothing is doubled (${method})`, async (t) => {
    const asked = await startOtherWebhook(t, { name: after, namespace, reinvocationPolicy: 'IfNeeded', change: addParts })
    const pod = await runPod(`after-${method}`, method)
    t.ok(asked.includes(pod.metadata.name))
    // Where it was when the other came, which is before whatever the application starts with.
    t.strictSame(namesOf(pod.spec.initContainers), ['other-init', 'usher-lock', 'prepare', 'other-native-sidecar'])
    checkNap(t, pod, method)
  })

  t.test(`the same before usher: the lock comes first (${method})`, async (t) => {
    await startOtherWebhook(t, { name: before, namespace, reinvocationPolicy: 'Never', change: addParts })
    const pod = await runPod(`before-${method}`, method)
    t.strictSame(namesOf(pod.spec.initContainers), ['usher-lock', 'other-init', 'prepare', 'other-native-sidecar'])
    checkNap(t, pod, method)
  })
}

// One that is called again drops the sleep again, and usher is not asked a third time: so usher does not put it back.
const older = [
  { name: before, reinvocationPolicy: 'Never' },
  { name: before, reinvocationPolicy: 'IfNeeded' },
  { name: after, reinvocationPolicy: 'Never' },
  { name: after, reinvocationPolicy: 'IfNeeded' },
] as const

for (const { name, reinvocationPolicy } of older) {
  const place = name === before ? 'before' : 'after'
  t.test(`a webhook with older types drops sleeps ${place} usher (reinvocationPolicy ${reinvocationPolicy}): the pod starts`, async (t) => {
    const asked = await startOtherWebhook(t, { name, namespace, reinvocationPolicy, change: dropSleeps })
    const pod = await runPod(`older-${place}-${reinvocationPolicy.toLowerCase()}`, 'native')
    t.ok(asked.includes(pod.metadata.name))
    t.strictSame(namesOf(pod.spec.initContainers), ['usher-lock', 'prepare'])
    const neverEmptied = name === before && reinvocationPolicy === 'Never'
    t.strictSame(pod.spec.containers[0]?.lifecycle, neverEmptied ? { preStop: naps.native } : undefined)
    if (!neverEmptied) t.match(JSON.parse(pod.metadata.annotations['usher.dev/status'] ?? ''), { nap: { lost: ['main'] } })
  })
}

/** Every container naps once, with what it takes in the pod once. */
function checkNap(t: Test, { metadata, spec }: Pod, method: 'native' | 'exec'): void {
  t.strictSame(namesOf(spec.containers), ['main', 'other-sidecar'])
  for (const { name, lifecycle, volumeMounts } of spec.containers) {
    t.strictSame(lifecycle, { preStop: naps[method] }, `${name} naps`)
    const mounts = namesOf(volumeMounts).filter((mount) => mount === 'usher-bin')
    t.equal(mounts.length, method === 'exec' ? 1 : 0, `${name} has the binary of its nap, once`)
  }
  const volumes = namesOf(spec.volumes).filter((volume) => !volume.startsWith('kube-api-access-'))
  t.strictSame(volumes.toSorted(), method === 'exec' ? ['other-volume', 'usher-bin'] : ['other-volume'])
  t.equal(spec.terminationGracePeriodSeconds, 30 + napSeconds, 'the grace period is raised once')
  t.match(JSON.parse(metadata.annotations['usher.dev/status'] ?? ''), { init: 'lock', nap: { method, containers: ['main', 'other-sidecar'] } })
}

// Serves nothing, and ends when it is told to.
const staying = "process.on('SIGTERM', () => process.exit()); setInterval(() => {}, 60_000)"

function container(name: string, script = staying): Container & { readonly image: string; readonly imagePullPolicy: string; readonly args: readonly string[] } {
  return { name, image: nodeImage, imagePullPolicy: 'Never', args: ['-e', script] }
}

/** Creates a pod with an init container of its own, and gives it as it is when it is ready. */
async function runPod(name: string, method: 'native' | 'exec'): Promise<Pod> {
  // The turn is short, for there is none to be shared here.
  const annotations = { 'usher.dev/nap': `${napSeconds}s`, 'usher.dev/nap-method': method, 'usher.dev/lock-lease': '1s' }
  const spec = { initContainers: [container('prepare', '')], containers: [container('main')] }
  await create({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, annotations }, spec })
  await kubectl(['wait', '--for=condition=Ready', '--namespace', namespace, `pod/${name}`, '--timeout=90s'])
  return read<Pod>('get', 'pod', '--namespace', namespace, name)
}

/** As injectors of sidecars do, who find their own parts when they are called again. */
function addParts({ spec }: Pod): readonly object[] {
  if (namesOf(spec.containers).includes('other-sidecar')) return []
  const mounted = { ...container('other-sidecar'), volumeMounts: [{ name: 'other-volume', mountPath: '/other' }] }
  const volume = { name: 'other-volume', emptyDir: {} }
  return [
    { op: 'add', path: '/spec/initContainers/0', value: container('other-init', '') },
    { op: 'add', path: '/spec/initContainers/-', value: { ...container('other-native-sidecar'), restartPolicy: 'Always' } },
    { op: 'add', path: '/spec/containers/-', value: mounted },
    ...(spec.volumes === undefined ? [{ op: 'add', path: '/spec/volumes', value: [] }] : []),
    { op: 'add', path: '/spec/volumes/-', value: volume },
  ]
}

/** As a webhook whose types do not know the sleep reads and writes a pod (openkruise/rollouts#335). */
function dropSleeps({ spec }: Pod): readonly object[] {
  return spec.containers.flatMap(({ lifecycle }, index) => {
    const path = `/spec/containers/${index}/lifecycle/preStop/sleep`
    return lifecycle?.preStop?.['sleep'] === undefined ? [] : [{ op: 'remove', path }]
  })
}

function namesOf(named: readonly { readonly name: string }[] = []): readonly string[] {
  return named.map(({ name }) => name)
}
