import { availableParallelism, loadavg } from 'node:os'
import type { JsonObject } from '../../units/json.ts'
import { admit } from '../admission.ts'
import type { Children } from '../children.ts'
import type { Stage } from '../stage.ts'
import { type AloneStart, type BootRun, compareWith } from './compare.ts'
import { type Node, runPod, startApplication } from './kubelet.ts'
import { type LockClient, lockClient, type LockState } from './lock-client.ts'
import { type BootPod, bootPods } from './pods.ts'
import type { BootView } from './view.ts'

/** The boot of a node, played twice. */
export interface BootOutcome {
  readonly kind: 'played'
  readonly cores: number
  /** What ran on this machine before: the average of the last minute, as `uptime` has it. */
  readonly loadBefore: number
  readonly alone: readonly AloneStart[]
  readonly without: BootRun
  readonly with: BootRun
  /** The lock's own account of it. */
  readonly lock: Pick<LockState, 'permits' | 'starts'>
}

/** A pod that boots, as its author wrote it and as the webhook has patched it. */
export interface ReviewedPod extends BootPod {
  readonly before: JsonObject
  readonly after: JsonObject
}

/** Has the webhook review the pods of the node. */
export async function reviewBootPods({ apiServer, children }: Stage, scale: number): Promise<readonly ReviewedPod[]> {
  const reviewed: ReviewedPod[] = []
  for (const pod of bootPods(scale)) {
    children.signal.throwIfAborted()
    const { before, after, reasons } = await admit(apiServer, pod.example)
    if (!reasons.some(({ code }) => code === 'lock-added')) throw new Error(`the webhook did not let ${pod.name} wait for the lock`)
    reviewed.push({ ...pod, before, after })
  }
  return reviewed
}

/** Plays the boot without usher, then with it. Where one process fails, all of it does. */
export async function playBoot({ children, lockPort }: Stage, pods: readonly ReviewedPod[], view: BootView): Promise<BootOutcome> {
  const lock = lockClient(lockPort, children.signal)
  const [loadBefore = 0] = loadavg()
  const alone = await measureAlone(children, pods)
  view.tellAlone(alone)
  const without = await boot('without usher', pods, 'before', children, lock, view)
  const withUsher = await boot('with usher', pods, 'after', children, lock, view)
  const { permits, starts } = await lock.state()
  return {
    kind: 'played',
    cores: availableParallelism(),
    loadBefore,
    alone,
    without: compareWith(alone, pods, without),
    with: compareWith(alone, pods, withUsher),
    lock: { permits, starts },
  }
}

/** How long one start of each kind takes, process start included, where nothing else starts. */
async function measureAlone(children: Children, pods: readonly ReviewedPod[]): Promise<readonly AloneStart[]> {
  const measured: AloneStart[] = []
  for (const kind of ['cpu', 'idle'] as const) {
    const pod = pods.find(({ start }) => start.kind === kind)
    if (pod === undefined) continue
    const start = performance.now()
    const application = startApplication(children, 'an application that starts alone', pod.before)
    const ms = await application.find((line) => (line === 'ready' ? performance.now() - start : undefined))
    await application.end()
    measured.push({ start: pod.start, ms })
  }
  return measured
}

async function boot(
  title: string,
  pods: readonly ReviewedPod[],
  version: 'before' | 'after',
  children: Children,
  lock: LockClient,
  view: BootView,
) {
  const start = performance.now()
  const now = (): number => performance.now() - start
  const node: Node = { children, lock, now, tell: (change) => view.tell(change) }
  view.begin(title, pods, now)
  try {
    const running = await Promise.all(pods.map((pod) => runPod(pod.name, pod[version], node)))
    await Promise.all(running.map(({ application }) => application.end()))
    return running
  } finally {
    view.end()
  }
}
