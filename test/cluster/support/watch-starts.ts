import type { Owner } from '../../tools/local-process.ts'
import { fromKubeconfig } from '../../../src/kube/cluster.ts'
import { watchNodePods } from '../../../src/kube/node-pods.ts'
import type { PodFacts } from '../../../src/lock/pods.ts'
import { readPod } from '../../../src/lock/read-pod.ts'
import { until } from '../../support/until.ts'
import { adminKubeconfig } from '../folders.ts'

/** Something that the API server has told of a pod's start, in the order in which it did. */
export interface StartStep {
  readonly at: number
  readonly pod: PodFacts
  /** Its `usher-lock` of this start has finished; all its containers are ready; it is gone, or on its way. */
  readonly what: 'let in' | 'up' | 'over'
}

/** What the API server tells of the starts of a namespace's pods. */
export interface WatchedStarts {
  readonly steps: readonly StartStep[]
  /** How many pods are up, by a status of this start. */
  upCount(): number
  /** From now on what is shown now is of an earlier start. */
  rebooted(): void
  /** How many were between being let in and being up at the same time, at most. */
  mostAtOnce(): number
  /** The names of the pods in the order in which they were let in. */
  letIn(): readonly string[]
}

/** Watches the pods of a node as the lock does, in a way of its own; to the end of the test. */
export async function watchStarts(t: Owner, namespace: string, node = 'node-1'): Promise<WatchedStarts> {
  const pods = new Map<string, PodFacts>()
  const old = new Map<string, string>()
  const reached = new Map<string, { readonly id: string; readonly what: 'let in' | 'up' }>()
  const steps: StartStep[] = []
  let isSynced = false

  function put(pod: PodFacts): void {
    if (pod.namespace !== namespace) return
    pods.set(pod.uid, pod)
    if (pod.isOver) {
      end(pod)
      return
    }
    if (pod.wait?.isFinished !== true || pod.wait.id === old.get(pod.uid)) return
    const { id } = pod.wait
    if (reached.get(pod.uid)?.id !== id) step(pod, id, 'let in')
    if (pod.isReady && reached.get(pod.uid)?.what !== 'up') step(pod, id, 'up')
  }

  function step(pod: PodFacts, id: string, what: 'let in' | 'up'): void {
    reached.set(pod.uid, { id, what })
    steps.push({ at: Date.now(), pod, what })
  }

  function end(pod: PodFacts): void {
    if (reached.get(pod.uid)?.what === 'let in') steps.push({ at: Date.now(), pod, what: 'over' })
    reached.delete(pod.uid)
  }

  const watch = watchNodePods<PodFacts>(
    { config: fromKubeconfig(adminKubeconfig), node, pick: readPod },
    {
      put,
      removed(pod) {
        end(pod)
        pods.delete(pod.uid)
      },
      synced: () => void (isSynced = true),
      lost() {},
      back() {},
    },
  )
  t.teardown(() => watch.stop())
  await until('the pods are watched', () => isSynced)
  return {
    steps,
    upCount: () => [...reached.values()].filter(({ what }) => what === 'up').length,
    rebooted() {
      for (const [uid, { wait }] of pods) if (wait !== undefined) old.set(uid, wait.id)
      reached.clear()
      steps.length = 0
    },
    mostAtOnce: () => mostAtOnce(steps),
    letIn: () => steps.filter(({ what }) => what === 'let in').map(({ pod }) => pod.name),
  }
}

function mostAtOnce(steps: readonly StartStep[]): number {
  const starting = new Set<string>()
  let most = 0
  for (const { what, pod } of steps) {
    if (what === 'let in') starting.add(pod.uid)
    else starting.delete(pod.uid)
    most = Math.max(most, starting.size)
  }
  return most
}
