import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { defaultConfig } from '../../config/defaults.ts'
import type { JsonObject } from '../../units/json.ts'
import type { Child, Children } from '../children.ts'
import { type ProgramRun, usherWait } from '../programs.ts'
import { containersOf, type ResolvedContainer, scheduled } from './container.ts'
import type { Grant, LockClient } from './lock-client.ts'
import { applicationImage, namespace } from './pods.ts'

/** What happens to a pod while the node boots; times in milliseconds since the boot. */
export type PodChange = { readonly pod: string; readonly at: number } & (
  | { readonly kind: 'waiting'; readonly words: string; readonly ahead: number | undefined }
  /** Others have gone before it. */
  | { readonly kind: 'moved'; readonly ahead: number }
  /** Why it may; undefined: nobody was asked. */
  | { readonly kind: 'starting'; readonly grant: Grant | undefined }
  | { readonly kind: 'ready' }
)

/** A pod that runs. */
export interface RunningPod {
  readonly application: Child
  /** When the application was started, and when it was ready; milliseconds since the boot. */
  readonly startedAt: number
  readonly readyAt: number
  readonly grant: Grant | undefined
  /** Its init containers; none of a pod as its author wrote it. */
  readonly init: readonly ProgramRun[]
}

/** The node: its processes, its lock, its clock. */
export interface Node {
  readonly children: Children
  readonly lock: LockClient
  /** Milliseconds since its boot. */
  now(): number
  tell(change: PodChange): void
}

/** What the images hold. */
const entrypoints: Readonly<Record<string, readonly string[]>> = {
  [defaultConfig.lock.image]: [usherWait],
  [applicationImage]: [process.execPath, fileURLToPath(new URL('application.ts', import.meta.url))],
}

/**
 * Runs a pod as the kubelet does: its init containers, one after the other, then its application.
 *
 * @throws where one of them fails.
 */
export async function runPod(name: string, manifest: JsonObject, node: Node): Promise<RunningPod> {
  const uid = randomUUID()
  const pod = scheduled(manifest, uid)
  const fullName = `${namespace}/${name}`
  const init: ProgramRun[] = []
  for (const container of containersOf(pod, 'initContainers')) init.push(await runInit(name, container, node))
  const startedAt = node.now()
  const application = startApplication(node.children, `the application of ${fullName}`, pod)
  const ready = application.find((line) => (line === 'ready' ? node.now() : undefined))
  const [readyAt, grant] = await Promise.all([ready, tellStart(name, startedAt, init.length > 0, node)])
  node.tell({ pod: name, kind: 'ready', at: readyAt })
  // Stands for the lock's own watch of the pods' readiness.
  if (init.length > 0) await node.lock.giveBack(uid, fullName)
  return { application, startedAt, readyAt, grant, init }
}

/** Starts the one application of a pod. */
export function startApplication(children: Children, name: string, pod: JsonObject): Child {
  const [container] = containersOf(pod, 'containers')
  if (container === undefined) throw new Error(`${name} has no container`)
  return children.start({ name, command: commandOf(container), env: container.env, stays: true })
}

async function runInit(name: string, container: ResolvedContainer, node: Node): Promise<ProgramRun> {
  const heard = (line: string): void => {
    const words = /^waiting for the startup lock of this node: (.+)$/.exec(line)?.[1]
    if (words !== undefined) node.tell({ pod: name, kind: 'waiting', at: node.now(), words, ahead: aheadIn(words) })
  }
  const what = `the init container ${container.name} of ${namespace}/${name}`
  const child = node.children.start({ name: what, command: commandOf(container), env: container.env, heard })
  const code = await child.ended
  node.children.signal.throwIfAborted()
  if (code !== 0) throw child.failure()
  return { command: `usher-wait ${container.args.join(' ')}`, lines: child.lines, code }
}

/** Tells that a pod starts, why it may, and where those now are who wait. */
async function tellStart(pod: string, at: number, hasAsked: boolean, node: Node): Promise<Grant | undefined> {
  const state = hasAsked ? await node.lock.state() : undefined
  const grant = state?.grants.get(`${namespace}/${pod}`)
  node.tell({ pod, kind: 'starting', at, grant })
  for (const [fullName, ahead] of state?.ahead ?? []) {
    node.tell({ pod: fullName.slice(namespace.length + 1), kind: 'moved', at: node.now(), ahead })
  }
  return grant
}

function commandOf({ image, args }: ResolvedContainer): readonly string[] {
  const entrypoint = entrypoints[image]
  if (entrypoint === undefined) throw new Error(`there is no image ${image} on this node`)
  return [...entrypoint, ...args]
}

/** `3 ahead (holder …)` or `next (holder …)`, in the words of the lock. */
function aheadIn(words: string): number | undefined {
  if (/\bnext\b/.test(words)) return 0
  const count = /\b(\d+) ahead\b/.exec(words)?.[1]
  return count === undefined ? undefined : Number(count)
}
