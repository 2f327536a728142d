import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { run } from '../../cluster/run.ts'
import { mustCluster } from '../../cluster/support/command.ts'
import { helm, kubectl, list, lockState, makeNamespace, setValues, startUsher, systemNamespace } from '../../cluster/support/usher.ts'
import type { Measuring } from '../support/benchmark.ts'
import type { Owner } from '../../tools/local-process.ts'
import { bootingNode, bootWith } from './boot-node.ts'
import type { BootRecord } from './boot-record.ts'
import { cpuUse, quietCores, sampleCpus } from './cpu-use.ts'
import { writeAppImage } from './image.ts'
import { type Mode, type ModeName, modes, type Plan, type PlannedBoot, variants } from './plan.ts'
import { podsOf } from './pods.ts'
import { type ObservedPod, observePods, traceOf } from './observer.ts'

const labelled = 'boot'
const unlabelled = 'boot-plain'

/** Measures boots one after the other, on a cluster of its own, which is brought down at the owner's end. */
export async function* measureBoots(t: Owner, plan: Plan, boots: readonly PlannedBoot[], bench: Measuring): AsyncGenerator<BootRecord> {
  if (boots.length === 0) return
  const image = join(bench.folder, 'app.tar')
  bench.say('building the application, and its image')
  const { java } = await writeAppImage(image)
  bench.say('starting the cluster, with usher')
  await startUsher(t)
  await mustCluster('load', image)
  await makeNamespace(t, labelled)
  await makeNamespace(t, unlabelled, {})
  const about = { machine: `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} CPUs`, java, commit: await commit() }
  let mode: ModeName | undefined
  for (const boot of boots) {
    bench.signal.throwIfAborted()
    if (mode !== boot.mode) await setMode(boot.mode)
    mode = boot.mode
    yield { ...(await measureBoot(plan, boot, bench)), ...about }
  }
}

async function setMode(name: ModeName): Promise<void> {
  const { values } = modes[name]
  if (values !== undefined) await setValues(values)
  else await helm('uninstall', 'usher', '--namespace', systemNamespace, '--ignore-not-found', '--wait', '--timeout', '180s')
}

async function measureBoot(plan: Plan, boot: PlannedBoot, { signal, say, smoke }: Measuring): Promise<Omit<BootRecord, 'machine' | 'java' | 'commit'>> {
  await using stack = new AsyncDisposableStack()
  const owner: Owner = { teardown: (end) => stack.defer(async () => void (await end())) }
  const variant = variants[boot.variant]
  const mode: Mode = modes[boot.mode]
  const isPlain = mode.values === undefined
  const namespace = isPlain ? unlabelled : labelled
  const node = bootingNode().name
  const idleCoresBefore = await quietCores(signal, smoke ? 1 : 4)
  const observer = await observePods(owner, namespace, node)
  owner.teardown(() => kubectl(['delete', 'pods', '--all', '--namespace', namespace, '--timeout=180s']))
  const at = new Date().toISOString()
  const bootedAt = await bootWith(podsOf(namespace, node, plan, variant, mode), () => checkInjected(namespace, !isPlain))
  const first = sampleCpus()
  const isUp = (): boolean => {
    observer.look()
    return observer.pods().length === plan.pods && observer.pods().every(({ readyAt }) => readyAt !== undefined)
  }
  while (!isUp() && Date.now() - bootedAt < plan.boundSeconds * 1_000) await pause(lookAgainMs, undefined, { signal })
  const [use, pods, endedAt] = [cpuUse(first, sampleCpus()), observer.pods(), Date.now()]
  const since = (time: number | undefined): number | undefined => (time === undefined ? undefined : time - bootedAt)
  const allReadyMs = isUp() ? since(Math.max(...pods.map(({ readyAt = 0 }) => readyAt))) : undefined
  const record = {
    ...boot,
    at,
    work: plan.work,
    limitSeconds: variant.limitSeconds,
    boundSeconds: plan.boundSeconds,
    idleCoresBefore,
    pods: pods.map(({ name, readyAt, letInAt, restarts }) => ({ name, idle: name.startsWith('idle'), readyMs: since(readyAt), letInMs: since(letInAt), restarts })),
    allReadyMs,
    probeRestarts: await probeRestarts(namespace, pods),
    ...use,
    trace: traceOf(observer.samples(), bootedAt, endedAt),
    starts: isPlain ? [] : await startsOf(namespace),
  }
  say(line(record))
  return record
}

const lookAgainMs = 100

interface InjectedPod {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly initContainers?: readonly object[] }
}

async function checkInjected(namespace: string, wanted: boolean): Promise<void> {
  const wrong = (await list<InjectedPod>('get', 'pods', '--namespace', namespace)).filter(({ spec }) => (spec.initContainers !== undefined) !== wanted)
  if (wrong.length > 0) throw new Error(`${wrong.map(({ metadata }) => metadata.name).join(', ')}: with usher's lock, or without, as it was not to be`)
}

interface KillEvent {
  readonly message: string
  readonly count?: number
  readonly involvedObject: { readonly uid: string }
}

/** How often the kubelet has said that it restarts a container because of a probe. */
async function probeRestarts(namespace: string, pods: readonly ObservedPod[]): Promise<BootRecord['probeRestarts']> {
  const ours = new Set(pods.map(({ uid }) => uid))
  const events = await list<KillEvent>('get', 'events', '--namespace', namespace, '--field-selector', 'reason=Killing')
  const told = (probe: string): number =>
    events
      .filter(({ message, involvedObject }) => ours.has(involvedObject.uid) && message.includes(`failed ${probe} probe`))
      .reduce((sum, { count = 1 }) => sum + count, 0)
  return { startup: told('startup'), liveness: told('liveness') }
}

async function startsOf(namespace: string): Promise<BootRecord['starts']> {
  const state = await lockState().catch(() => undefined)
  return state?.starts.filter(({ pod }) => pod?.startsWith(`${namespace}/`) === true) ?? []
}

function line({ round, variant, mode, pods, allReadyMs, boundSeconds, probeRestarts: { startup, liveness }, idleCoresBefore }: Omit<BootRecord, 'machine' | 'java' | 'commit'>): string {
  const ready = pods.flatMap(({ readyMs }) => readyMs ?? [])
  const mean = ready.reduce((sum, ms) => sum + ms, 0) / ready.length / 1_000
  const end = allReadyMs === undefined ? `${ready.length} of ${pods.length} Ready within ${boundSeconds} s` : `all Ready after ${(allReadyMs / 1_000).toFixed(1)} s`
  return `round ${round + 1}, ${variant}, ${mode}: ${end}, mean of these ${mean.toFixed(1)} s, ${startup + liveness} restarts by probes; ${idleCoresBefore} cores were idle before`
}

async function commit(): Promise<string> {
  return run('git', ['-C', import.meta.dirname, 'rev-parse', '--short', 'HEAD']).then((text) => text.trim(), () => 'unknown')
}

