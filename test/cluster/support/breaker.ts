import { nodeImage } from '../images/node.ts'
import { waitUntil } from '../wait.ts'
import { kubectl, list, systemNamespace, tryKubectl } from './usher.ts'
import { hasLock, type Pod } from './workloads.ts'

/** What would become of a pod; nothing is created. */
export async function dryRun(namespace: string): Promise<Pod> {
  const flags = [`--image=${nodeImage}`, '--image-pull-policy=Never', '--dry-run=server', '--output=json']
  const script = ['--', '-e', 'setInterval(() => {}, 60_000)']
  return JSON.parse(await kubectl(['run', 'dry', '--namespace', namespace, ...flags, ...script])) as Pod
}

/** Waits until every replica of the webhook leaves the lock out. */
export async function lockIsLeftOut(namespace: string): Promise<void> {
  await waitUntil('the lock is left out', async () => (await allBreakersAre('open')) && !hasLock(await dryRun(namespace)))
}

/** Waits until every replica of the webhook injects the lock. */
export async function lockIsInjected(namespace: string): Promise<void> {
  await waitUntil('the lock is injected', async () => (await allBreakersAre('closed')) && hasLock(await dryRun(namespace)))
}

/** Whether each replica of the webhook says so of its breaker; one that does not answer, as it starts or ends, says nothing. */
async function allBreakersAre(state: 'open' | 'closed'): Promise<boolean> {
  const pods = await list<Pod & { readonly metadata: { readonly deletionTimestamp?: string } }>('get', 'pods', '--namespace', systemNamespace, '--selector', 'app.kubernetes.io/component=webhook')
  const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const states = await Promise.all(
    staying.map(async ({ metadata: { name } }) => {
      const { code, stdout } = await tryKubectl(['get', '--raw', `/api/v1/namespaces/${systemNamespace}/pods/${name}:8080/proxy/metrics`])
      if (code !== 0) return 'silent'
      return /^usher_webhook_breaker_open\{[^}]*\} 1$/m.test(stdout) ? 'open' : 'closed'
    }),
  )
  return states.every((each) => each === state)
}
