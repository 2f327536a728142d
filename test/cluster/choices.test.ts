import t from 'tap'
import { until } from '../support/until.ts'
import { nodeImage } from './images/node.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { kubectl, makeNamespace, startUsher, systemNamespace, tryKubectl } from './support/usher.ts'
import { hasGotTheLock, hasLock, isLeftAlone, naps, type Pod, readyPod, startPods } from './support/workloads.ts'

await startUsher(t)
showLogsOfFailure(t)

// So that turns are short, and deletions too.
const short = { 'usher.dev/lock-lease': '1s', 'usher.dev/nap': '1s' }

t.test('a namespace without the label stays as it is, but for pods that are labelled themselves', async (t) => {
  await makeNamespace(t, 'choices-none', {}, short)
  const { plain, asking, labelled } = await startPods('choices-none', {
    plain: {},
    // An annotation is none of the API server's selectors; it does not opt in.
    asking: { annotations: { 'usher.dev/inject': 'enabled' } },
    labelled: { labels: { 'usher.dev/inject': 'enabled' } },
  })
  isLeftAlone(t, plain)
  isLeftAlone(t, asking)
  await hasGotTheLock(t, labelled)
  t.ok(naps(labelled))
})

t.test('in audit mode nothing is changed, and the log says what would be', async (t) => {
  await makeNamespace(t, 'choices-audit', { 'usher.dev/inject': 'audit' })
  // Not even for a pod that opts in.
  const pods = await startPods('choices-audit', { plain: {}, labelled: { labels: { 'usher.dev/inject': 'enabled' } } })
  for (const pod of Object.values(pods)) isLeftAlone(t, pod)
  await until('the log says what would be done with both', async () => {
    const reviews = (await webhookLog()).split('\n').filter((line) => line.includes('"choices-audit"'))
    return reviews.filter((review) => /audit.*nap-added.*lock-added/.test(review)).length >= 2
  })
})

t.test('a pod opts out by annotation or label, and a namespace for all its pods', async (t) => {
  await makeNamespace(t, 'choices-out')
  const words = ['disabled', 'false', 'no', 'OFF']
  const annotated = words.map((word) => [`annotated-${word.toLowerCase()}`, { annotations: { 'usher.dev/inject': word } }] as const)
  const pods = await startPods('choices-out', {
    ...Object.fromEntries(annotated),
    labelled: { labels: { 'usher.dev/inject': 'disabled' } },
    // Any opt-out wins over any opt-in.
    both: { labels: { 'usher.dev/inject': 'enabled' }, annotations: { 'usher.dev/inject': 'disabled' } },
  })
  t.equal(Object.keys(pods).length, 6)
  for (const pod of Object.values(pods)) isLeftAlone(t, pod)

  await makeNamespace(t, 'choices-off', { 'usher.dev/inject': 'disabled' })
  const inside = await startPods('choices-off', { plain: {}, labelled: { labels: { 'usher.dev/inject': 'enabled' } } })
  for (const pod of Object.values(inside)) isLeftAlone(t, pod)
})

t.test('a pod has the nap alone, or the lock alone', async (t) => {
  await makeNamespace(t, 'choices-half', undefined, short)
  const { napping, locking, neither } = await startPods('choices-half', {
    napping: { annotations: { 'usher.dev/lock': 'disabled' } },
    locking: { annotations: { 'usher.dev/nap': 'disabled' } },
    neither: { annotations: { 'usher.dev/lock': 'off', 'usher.dev/nap': 'off' } },
  })
  t.notOk(hasLock(napping))
  t.match(napping.spec, { terminationGracePeriodSeconds: 31, containers: [{ lifecycle: { preStop: { sleep: { seconds: 1 } } } }] })
  await hasGotTheLock(t, locking)
  t.notOk(naps(locking))
  t.equal(locking.spec.terminationGracePeriodSeconds, 30)
  isLeftAlone(t, neither)
})

t.test('what a namespace says is the default of its pods, and a pod beats it', async (t) => {
  const defaults = { 'usher.dev/nap': '7s', 'usher.dev/lock': 'disabled' }
  await makeNamespace(t, 'choices-defaults', undefined, defaults)
  const [plain, other] = await Promise.all([dryRun('choices-defaults'), dryRun('choices-defaults', { 'usher.dev/nap': '3s', 'usher.dev/lock': 'enabled' })])
  t.match(plain.spec.containers, [{ lifecycle: { preStop: { sleep: { seconds: 7 } } } }])
  t.notOk(hasLock(plain))
  t.match(other.spec.containers, [{ lifecycle: { preStop: { sleep: { seconds: 3 } } } }])
  t.ok(hasLock(other))

  await kubectl(['annotate', 'namespace', 'choices-defaults', '--overwrite', 'usher.dev/nap=9s', 'usher.dev/lock-'])
  const later = await until('the webhook knows of the change', async () => {
    const pod = await dryRun('choices-defaults')
    return hasLock(pod) && pod
  })
  t.match(later.spec.containers, [{ lifecycle: { preStop: { sleep: { seconds: 9 } } } }])

  await kubectl(['label', 'namespace', 'choices-defaults', '--overwrite', 'usher.dev/inject=audit'])
  await until('the namespace is in audit mode', async () => !hasLock(await dryRun('choices-defaults')))
})

t.test('a value that cannot be read is warned of, and the pod starts', async (t) => {
  await makeNamespace(t, 'choices-wrong', undefined, { ...short, 'usher.dev/nap': 'a while' })
  const annotations = { 'usher.dev/lock-weight': '-1', 'usher.dev/lok': 'enabled', 'usher.dev/inject': 'perhaps' }
  const flags = Object.entries(annotations).map(([key, value]) => `--annotations=${key}=${value}`)
  const { code, stderr } = await tryKubectl(['run', 'wrong', '--namespace', 'choices-wrong', ...image, ...flags])
  t.equal(code, 0)
  t.match(stderr, 'usher.dev/nap of the namespace: "a while" is not')
  t.match(stderr, 'usher.dev/lock-weight: "-1" is not')
  t.match(stderr, 'annotation "usher.dev/lok" is not one that usher knows')
  t.match(stderr, 'usher.dev/inject: "perhaps" is not')
  const pod = await readyPod('choices-wrong', 'wrong')
  await hasGotTheLock(t, pod)
  t.match(pod.spec.containers, [{ lifecycle: { preStop: { sleep: { seconds: 10 } } } }], 'the configuration counts')
})

t.test('a namespace whose label cannot be read is not enabled', async (t) => {
  await makeNamespace(t, 'choices-odd', { 'usher.dev/inject': 'true' })
  const [plain, labelled] = await Promise.all([dryRun('choices-odd'), dryRun('choices-odd', {}, ['--labels=usher.dev/inject=enabled'])])
  isLeftAlone(t, plain)
  t.ok(hasLock(labelled))
})

const image = [`--image=${nodeImage}`, '--image-pull-policy=Never']

/** What would become of a pod; nothing is created. */
async function dryRun(namespace: string, annotations: Readonly<Record<string, string>> = {}, more: readonly string[] = []): Promise<Pod> {
  const flags = Object.entries(annotations).map(([key, value]) => `--annotations=${key}=${value}`)
  return JSON.parse(await kubectl(['run', 'dry', '--namespace', namespace, ...image, ...flags, ...more, '--dry-run=server', '--output=json'])) as Pod
}

function webhookLog(): Promise<string> {
  return kubectl(['logs', '--namespace', systemNamespace, '--selector', 'app.kubernetes.io/component=webhook', '--tail=-1', '--prefix=false'])
}
