import type { Test } from 'tap'
import { median } from '../../bench/support/figures.ts'
import { kubectl } from './usher.ts'
import { barePod, type Pod, readyPod } from './workloads.ts'

/** How long pods take from the request that creates them until they are ready, in milliseconds. */
export interface Delays {
  /** Of pods that usher may change. */
  readonly pods: readonly Pod[]
  readonly medianMs: number
  /** Of such that have opted out by a label, so that the webhook is not even called: made by turns, under the same conditions. */
  readonly withoutMs: number
}

// What usher may cost at the worst (its maximum wait), and a busy machine.
const patienceMs = 300_000

/** Starts pods one after the other, by turns with some that have opted out, tells by how much they are later, and deletes them. */
export async function delaysIn(t: Test, namespace: string, { rounds = 3 }: { readonly rounds?: number } = {}): Promise<Delays> {
  const pods: Pod[] = []
  const took: { readonly with: number[]; readonly without: number[] } = { with: [], without: [] }
  for (let round = 0; round < rounds; round++) {
    const mark = `${performance.now().toFixed(0)}-${round}`
    took.without.push((await startOne(namespace, `bare-${mark}`, { 'usher.dev/inject': 'disabled' })).ms)
    const started = await startOne(namespace, `pod-${mark}`)
    took.with.push(started.ms)
    pods.push(started.pod)
  }
  const [medianMs, withoutMs] = [median(took.with), median(took.without)]
  const list = (values: readonly number[]): string => values.map((ms) => (ms / 1_000).toFixed(1)).join(', ')
  t.comment(`later by ${((medianMs - withoutMs) / 1_000).toFixed(1)} s: ready after ${list(took.with)} s, without usher ${list(took.without)} s`)
  t.ok(Math.max(...took.with) < patienceMs, 'none is stuck')
  return { pods, medianMs, withoutMs }
}

/** Whole seconds since a moment of the clock of `performance.now()`. */
export function secondsSince(moment: number): number {
  return Math.round((performance.now() - moment) / 1_000)
}

/** Creates a pod, waits until it is ready, and deletes it. */
async function startOne(namespace: string, name: string, labels: object = {}): Promise<{ readonly pod: Pod; readonly ms: number }> {
  const begin = performance.now()
  await kubectl(['create', '-f', '-'], JSON.stringify(barePod(namespace, name, { labels })))
  const pod = await readyPod(namespace, name)
  const ms = performance.now() - begin
  await kubectl(['delete', 'pod', '--namespace', namespace, name, '--wait=false', '--grace-period=1'])
  return { pod, ms }
}
