import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { makeMachineCgroups } from '../../cluster/cgroups.ts'
import { adminKubeconfig, logFile } from '../../cluster/folders.ts'
import { control } from '../../cluster/plan.ts'
import { startPart, stopPart } from '../../cluster/processes.ts'
import { until } from '../../support/until.ts'
import type { Owner } from '../../tools/local-process.ts'
import { type CpuSample, cpuUse } from './cpu-use.ts'
import type { TracePoint } from './boot-record.ts'
import type { Observation, PodFacts } from './observe.ts'

/** A pod, and since when it is what it is, in milliseconds since 1970. */
export interface ObservedPod extends PodFacts {
  /** Since when it is Ready; undefined: it is not. */
  readonly readyAt: number | undefined
  readonly letInAt: number | undefined
}

/** What is known of a namespace's pods and of the CPUs. */
export interface Observer {
  /** Reads what was told since. */
  look(): void
  pods(): readonly ObservedPod[]
  /** The samples of the CPUs, one a second, by when they were taken. */
  samples(): readonly { readonly at: number; readonly sample: CpuSample }[]
}

/** Observes the pods of a namespace that are on a node, to the owner's end. A status has whole seconds; a watch is heard at once. */
export async function observePods(t: Owner, namespace: string, node: string): Promise<Observer> {
  const name = `${control.name}/observer`
  const lines = tail(logFile(name))
  const part = startPart({
    name,
    command: [process.execPath, join(import.meta.dirname, 'observe.ts'), adminKubeconfig, namespace, node],
    cgroupFiles: makeMachineCgroups(control.name),
  })
  t.teardown(() => stopPart(part))
  const pods = new Map<string, ObservedPod>()
  const samples: { readonly at: number; readonly sample: CpuSample }[] = []
  let isSynced = false

  function take(told: Observation): void {
    if (told.kind === 'synced') isSynced = true
    else if (told.kind === 'gone') pods.delete(told.uid)
    else if (told.kind === 'cpus') samples.push(told)
    else pods.set(told.pod.uid, observed(pods.get(told.pod.uid), told.pod, told.at))
  }
  const look = (): void => {
    for (const line of lines()) if (line.startsWith('{')) take(JSON.parse(line) as Observation)
  }
  await until('the pods are watched', () => {
    look()
    return isSynced && samples.length > 0
  })
  return { look, pods: () => [...pods.values()], samples: () => samples }
}

/** What the CPUs did in each second between two times; times count from the first. */
export function traceOf(samples: ReturnType<Observer['samples']>, from: number, to: number): readonly TracePoint[] {
  return samples.flatMap(({ at, sample }, index) => {
    const before = samples[index - 1]
    if (before === undefined || before.at < from || at > to) return []
    const { pressure, idleShare, niceShare } = cpuUse(before.sample, sample)
    const rounded = (value: number): number => Math.round(value * 100) / 100
    return [{ atMs: at - from, idleCores: rounded(idleShare * sample.cores), niceCores: rounded(niceShare * sample.cores), pressure: rounded(pressure) }]
  })
}

function observed(before: ObservedPod | undefined, pod: PodFacts, at: number): ObservedPod {
  return { ...pod, readyAt: pod.isReady ? (before?.readyAt ?? at) : undefined, letInAt: pod.isLetIn ? (before?.letInAt ?? at) : undefined }
}

/** Gives the whole lines that were added to a file since the last call. */
function tail(file: string): () => readonly string[] {
  let offset = existsSync(file) ? statSync(file).size : 0
  let rest = ''
  return () => {
    if (!existsSync(file)) return []
    const length = statSync(file).size - offset
    if (length <= 0) return []
    const buffer = Buffer.alloc(length)
    const descriptor = openSync(file, 'r')
    try {
      offset += readSync(descriptor, buffer, 0, length, offset)
    } finally {
      closeSync(descriptor)
    }
    const lines = (rest + buffer.toString('utf8')).split('\n')
    rest = lines.pop() ?? ''
    return lines
  }
}
