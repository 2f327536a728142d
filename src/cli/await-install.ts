import { setTimeout as pause } from 'node:timers/promises'
import { isEnabled } from '../check/enabled.ts'
import type { Facts } from '../check/facts.ts'
import { usherSelector } from '../check/installation.ts'
import { at, objectsAt, textAt } from '../check/json-paths.ts'
import { type ChartObject, objectPath, titleOf } from '../install/chart-object.ts'
import type { WantedObjects } from '../install/read-objects.ts'
import { daemonSetRollout, deploymentRollout, type Rollout, troublesOf } from '../install/rollout.ts'
import { judgeTrial, judgeTrials, type Trial } from '../install/trial.ts'
import type { JsonObject } from '../units/json.ts'
import type { Asker } from './asker.ts'
import type { ChangeReport } from './change-report.ts'
import { dryRunPods } from './dry-run-pods.ts'

/** With what, and for how long, is waited. */
export interface Waiting {
  readonly asker: Asker
  readonly report: ChangeReport
  /** On the clock of `performance.now()`. */
  readonly deadline: number
  readonly signal: AbortSignal
}

/** What was seen: it is there; or what is waited for still, each for people. */
export type Look<T> = { readonly done: T } | { readonly waitsFor: readonly string[] }

const lookAgainMs = 1_000

/** Looks again and again; gives what was seen last when the time is over. An API server that is away for a moment is waited for, too. */
export async function waitFor<T>({ report, deadline, signal }: Waiting, look: () => Promise<Look<T>>): Promise<Look<T>> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const seen = await look().catch((error: unknown): Look<T> => {
      if (signal.aborted) throw error
      return { waitsFor: [`the cluster: ${error instanceof Error ? error.message : String(error)}`] }
    })
    const isLate = performance.now() >= deadline
    // oxlint-disable-next-line no-await-in-loop
    await ('done' in seen ? report.rest() : report.waiting(seen.waitsFor.map((each) => `waiting for ${each}`)))
    if ('done' in seen || isLate) return seen
    // oxlint-disable-next-line no-await-in-loop
    await pause(Math.min(lookAgainMs, Math.max(0, deadline - performance.now())), undefined, { signal })
  }
}

/** Waits until webhook and lock run; gives what of them does not, though that is enough. */
export function awaitWorkloads(waiting: Waiting, { objects, namespace }: WantedObjects): Promise<Look<readonly string[]>> {
  const { asker } = waiting
  return waitFor<readonly string[]>(waiting, async () => {
    const rollouts = await Promise.all(objects.flatMap((object) => (object.kind.kind in readers ? [lookAt(asker, object)] : [])))
    const behind = rollouts.filter(({ isDone }) => !isDone).map(({ title, text }) => `${title}: ${text}`)
    if (behind.length === 0) return { done: rollouts.filter(({ isWhole }) => !isWhole).map(({ title, text }) => `${title}: ${text}`) }
    const pods = await asker.ask('pods of usher', () => asker.list(`/api/v1/namespaces/${namespace}/pods`, { labelSelector: usherSelector }))
    const troubles = pods.kind === 'told' ? troublesOf(pods.value).slice(0, shownTroubles) : []
    return { waitsFor: [...behind, ...troubles] }
  })
}

const shownTroubles = 4

const readers: Readonly<Record<string, (object: JsonObject) => Rollout>> = { Deployment: deploymentRollout, DaemonSet: daemonSetRollout }

async function lookAt(asker: Asker, object: ChartObject): Promise<Rollout & { readonly title: string }> {
  const live = await asker.get(objectPath(object))
  const rollout = readers[object.kind.kind]?.(live) ?? { isDone: true, isWhole: true, text: '' }
  return { ...rollout, title: titleOf(object) }
}

/** How pods are tried, and what of. */
export interface Trying extends Pick<Facts, 'config' | 'kubeVersion'> {
  readonly image: string
  readonly configurations: readonly ChartObject[]
}

// One that is injected is enough, and in one of them there may be no room for a pod.
const triedNamespaces = 3

/** Waits until a pod comes back injected. */
export function awaitInjection(waiting: Waiting, trying: Trying): Promise<Look<Trial>> {
  const { asker } = waiting
  return waitFor<Trial>(waiting, async () => {
    const namespaces = (await asker.list('/api/v1/namespaces')).filter((each) => at(each, 'metadata', 'deletionTimestamp') === undefined)
    const trial = await tryPods(waiting, namespaces, trying)
    if (trial?.kind === 'injected') return { done: trial }
    const configurations = await Promise.all(trying.configurations.map(async (object) => ({ object, body: await asker.get(objectPath(object)) })))
    const untrusted = configurations.filter(({ body }) => objectsAt(body, 'webhooks').some((each) => textAt(each, 'clientConfig', 'caBundle') === undefined))
    return { waitsFor: [`a pod that is injected: ${trial?.text ?? 'none could be tried'}`, ...untrusted.map(({ object }) => `${titleOf(object)}: it has no CA of the webhook yet`)] }
  })
}

/** Where usher is on; else, or where nothing can be said of that, a pod of `default` that opts in itself. */
async function tryPods({ asker, signal }: Waiting, namespaces: readonly JsonObject[], { image, config, kubeVersion }: Trying): Promise<Trial | undefined> {
  const enabled = namespaces.filter(isEnabled).slice(0, triedNamespaces)
  const judge = async (among: readonly JsonObject[]): Promise<Trial | undefined> =>
    judgeTrials((await dryRunPods(asker, among, image, signal)).map((run) => judgeTrial(run, { config, kubeVersion })))
  const trial = enabled.length === 0 ? undefined : await judge(enabled)
  if (trial !== undefined && trial.kind !== 'idle') return trial
  const other = await judge(namespaces.filter((each) => !isEnabled(each)))
  return other?.kind === 'idle' && trial !== undefined ? trial : other
}
