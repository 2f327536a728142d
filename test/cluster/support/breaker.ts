import { nodeImage } from '../images/node.ts'
import { waitUntil } from '../wait.ts'
import { kubectl, list, systemNamespace } from './usher.ts'
import { hasLock, type Pod } from './workloads.ts'

/** What would become of a pod; nothing is created. */
export async function dryRun(namespace: string): Promise<Pod> {
  const flags = [`--image=${nodeImage}`, '--image-pull-policy=Never', '--dry-run=server', '--output=json']
  const script = ['--', '-e', 'setInterval(() => {}, 60_000)']
  return JSON.parse(await kubectl(['run', 'dry', '--namespace', namespace, ...flags, ...script])) as Pod
}

/** Waits until every replica of the webhook leaves the lock out. */
export async function lockIsLeftOut(namespace: string): Promise<void> {
  await waitUntil('the lock is left out', async () => (await openBreakers()).every((open) => open) && !hasLock(await dryRun(namespace)))
}

/** Waits until every replica of the webhook injects the lock. */
export async function lockIsInjected(namespace: string): Promise<void> {
  await waitUntil('the lock is injected', async () => !(await openBreakers()).some((open) => open) && hasLock(await dryRun(namespace)))
}

/** Of each replica of the webhook, whether its breaker is open. */
async function openBreakers(): Promise<readonly boolean[]> {
  const pods = await list<Pod>('get', 'pods', '--namespace', systemNamespace, '--selector', 'app.kubernetes.io/component=webhook')
  return Promise.all(
    pods.map(async ({ metadata: { name } }) => {
      const metrics = await kubectl(['get', '--raw', `/api/v1/namespaces/${systemNamespace}/pods/${name}:8080/proxy/metrics`])
      return /^usher_webhook_breaker_open\{[^}]*\} 1$/m.test(metrics)
    }),
  )
}
