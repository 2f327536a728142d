import { setTimeout as pause } from 'node:timers/promises'
import { deployment, isUp, sleeping } from '../../cluster/support/starters.ts'
import { apply, kubectl, makeNamespace, setValues, startUsher } from '../../cluster/support/usher.ts'
import type { Measuring } from '../support/benchmark.ts'
import type { Owner } from '../../tools/local-process.ts'
import { bootingNode } from '../boot/boot-node.ts'
import { quietCores } from '../boot/cpu-use.ts'
import { observePods } from '../boot/observer.ts'

/** One scale-up, from the moment at which the Deployment is changed until a watch has told that all pods are Ready. */
export interface ScaleUp {
  readonly allReadyMs: number
  /** Of the four seconds before. */
  readonly idleCoresBefore: number
}

/** The same scale-up without usher and with it, one after the other. */
export interface ScaleUpRound {
  readonly without: ScaleUp
  readonly usher: ScaleUp
}

const namespaces = { without: 'scale-plain', usher: 'scale' } as const
const name = 'web'
const withinMs = 180_000

/** Scales a Deployment of light pods up, again and again, with usher as it is installed and without, by turns. */
export async function* measureScaleUps(t: Owner, { pods, rounds }: { readonly pods: number; readonly rounds: number }, measuring: Measuring): AsyncGenerator<ScaleUpRound> {
  await startUsher(t)
  // Of a cluster that was up already, usher may have other values.
  await setValues([])
  await makeNamespace(t, namespaces.usher)
  await makeNamespace(t, namespaces.without, {})
  // Ready as soon as it runs.
  for (const namespace of Object.values(namespaces)) await apply(deployment({ namespace, name, replicas: 1, script: sleeping(0) }))
  for (const namespace of Object.values(namespaces)) await isUp(namespace, name)
  for (let round = 0; round < rounds; round++) {
    const scale = (which: keyof typeof namespaces): Promise<ScaleUp> => scaleUp(namespaces[which], pods, measuring)
    // By turns, each of them is the first.
    if (round % 2 === 0) yield { without: await scale('without'), usher: await scale('usher') }
    else yield (({ usher, without }) => ({ without, usher }))({ usher: await scale('usher'), without: await scale('without') })
  }
}

async function scaleUp(namespace: string, replicas: number, { signal, smoke }: Measuring): Promise<ScaleUp> {
  await using stack = new AsyncDisposableStack()
  const observer = await observePods({ teardown: (end) => stack.defer(async () => void (await end())) }, namespace, bootingNode().name)
  const idleCoresBefore = await quietCores(signal, smoke ? 1 : 4)
  const beganAt = Date.now()
  await scaleTo(namespace, replicas)
  const areReady = (count: number): boolean => {
    observer.look()
    return observer.pods().length === count && observer.pods().every(({ readyAt }) => readyAt !== undefined)
  }
  while (!areReady(replicas)) {
    if (Date.now() - beganAt > withinMs) throw new Error(`${namespace}: ${replicas} pods are not Ready within ${withinMs / 1_000} s`)
    await pause(20, undefined, { signal })
  }
  const allReadyMs = Math.max(...observer.pods().map(({ readyAt = 0 }) => readyAt)) - beganAt
  await scaleTo(namespace, 1)
  while (!areReady(1)) await pause(100, undefined, { signal })
  return { allReadyMs, idleCoresBefore }
}

async function scaleTo(namespace: string, replicas: number): Promise<void> {
  await kubectl(['scale', '--namespace', namespace, `deployment/${name}`, `--replicas=${replicas}`])
}
