import { followContainers } from '../../cluster/support/container-events.ts'
import { deployment, isUp, podsOf, type StartedPod, sleeping } from '../../cluster/support/starters.ts'
import { apply, kubectl, makeNamespace, startUsher } from '../../cluster/support/usher.ts'
import { watchStarts } from '../../cluster/support/watch-starts.ts'
import { until } from '../../support/until.ts'
import type { Owner } from '../../tools/local-process.ts'

/** From one pod to the next. */
export interface HandOver {
  /** From the holder's readiness, as the API server tells it, to the exit of the next pod's init container. */
  readonly toExitMs: number
  /** And to the start of its container; undefined: that was not seen. */
  readonly toStartMs: number | undefined
}

const namespace = 'hand-over'
// Ready at the first probe, or the second.
const startMs = 300
const roundWithinMs = 600_000

/** Starts the pods of a Deployment one after the other, again and again; gives each round's hand-overs. */
export async function* measureHandOvers(t: Owner, { pods, rounds }: { readonly pods: number; readonly rounds: number }, signal: AbortSignal): AsyncGenerator<readonly HandOver[]> {
  await startUsher(t, { values: ['lock.strict=true', 'lock.locks=1'] })
  await makeNamespace(t, namespace)
  for (let round = 0; round < rounds; round++) {
    signal.throwIfAborted()
    yield await measureRound(t, `round-${round}`, pods)
  }
}

async function measureRound(t: Owner, name: string, replicas: number): Promise<readonly HandOver[]> {
  const times = followContainers(t)
  const watched = await watchStarts(t, namespace)
  await apply(deployment({ namespace, name, replicas, script: sleeping(startMs) }))
  await isUp(namespace, name, roundWithinMs / 1_000)
  await until('all are up', () => watched.upCount() === replicas, roundWithinMs)
  const containers = new Map((await podsOf(namespace)).map((pod) => [pod.metadata.uid, idsOf(pod)]))
  await until('the last exit is told', () => [...containers.values()].every(({ wait }) => times.exited.has(wait)))
  const steps = watched.steps
  await kubectl(['delete', 'deployment', '--namespace', namespace, name])
  await kubectl(['wait', '--for=delete', '--namespace', namespace, 'pods', '--all', '--timeout=300s'])

  const ups = steps.filter(({ what }) => what === 'up')
  return ups.flatMap(({ pod, at }): HandOver[] => {
    const next = nextOf(pod.uid, [...containers], times.exited)
    if (next === undefined) return []
    const { wait, main } = next
    const startedAt = times.started.get(main)
    return [{ toExitMs: (times.exited.get(wait) ?? Number.NaN) - at, toStartMs: startedAt === undefined ? undefined : startedAt - at }]
  })
}

interface Ids {
  readonly wait: string
  readonly main: string
}

function idsOf({ status }: StartedPod): Ids {
  const bare = (id: string | undefined): string => (id ?? '').replace(/^containerd:\/\//, '')
  return {
    wait: bare(status.initContainerStatuses?.find(({ name }) => name === 'usher-lock')?.containerID),
    main: bare(status.containerStatuses?.find(({ name }) => name === 'main')?.containerID),
  }
}

/** The pod that was let in after this one. */
function nextOf(uid: string, pods: readonly (readonly [string, Ids])[], exited: ReadonlyMap<string, number>): Ids | undefined {
  const order = pods.toSorted(([, left], [, right]) => (exited.get(left.wait) ?? 0) - (exited.get(right.wait) ?? 0))
  return order[order.findIndex(([each]) => each === uid) + 1]?.[1]
}
