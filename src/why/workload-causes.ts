import { at, nameOf, numberAt, textAt } from '../check/json-paths.ts'
import { conditionOf, timeAt } from '../job/instances/parts.ts'
import { wantedOf } from '../job/instances/summary.ts'
import { jobLabel } from '../job/names.ts'
import { formatAge } from '../units/age.ts'
import type { JsonObject } from '../units/json.ts'
import type { Cause, WhyFacts } from './facts.ts'
import { rejectionWords } from './rejection-words.ts'

// What its controller has not been refused again for so long, it is not refused any more.
const staleMs = 30 * 60_000
// A controller makes pods within seconds.
const patienceMs = 30_000

/** What keeps a workload as a whole from being healthy. */
export function workloadCauses(facts: WhyFacts): readonly Cause[] {
  const { workload, nowMs, pods } = facts
  const causes = [...unseen(workload, nowMs), ...rejections(facts), ...givenUp(facts), ...failedJob(workload)]
  if (causes.length > 0 || pods.length >= wantedOf(workload) || isPod(workload)) return causes
  return pods.length === 0 && isOld(workload, nowMs) ? [noPods(workload)] : causes
}

/** Its controller has not looked at what was changed last. */
function unseen(workload: JsonObject, nowMs: number): readonly Cause[] {
  const generation = numberAt(workload, 'metadata', 'generation')
  if (isPod(workload) || textAt(workload, 'kind') === 'Job' || generation === 0 || numberAt(workload, 'status', 'observedGeneration') >= generation || !isOld(workload, nowMs)) return []
  return [{ reason: 'NotObserved', title: 'its controller has not looked at its last change yet', instances: [], details: [], next: ['see whether kube-controller-manager runs, where this does not go away'] }]
}

/** Pods that the API server has not taken, each reason once. */
function rejections({ workload, replicaSets, events, nowMs, pods }: WhyFacts): readonly Cause[] {
  const conditions = [workload, ...replicaSets]
    .map((object) => conditionOf(object, 'ReplicaFailure'))
    .filter((condition) => condition?.['status'] === 'True')
    .flatMap((condition) => textAt(condition, 'message') ?? [])
  // DaemonSets, StatefulSets and Jobs tell of it by Events alone.
  const told = pods.length < wantedOf(workload) ? events.filter(({ reason, lastMs }) => reason === 'FailedCreate' && nowMs - lastMs < staleMs) : []
  const causes = new Map<string, Cause>()
  for (const message of [...conditions, ...told.map((event) => event.message)]) {
    const { reason, words, next } = rejectionWords(message)
    // What is refused again is refused under another name.
    const key = `${reason} ${words.replaceAll(/"[^"]*"/g, '').replaceAll(/\d+/g, '')}`
    if (!causes.has(key)) causes.set(key, { reason, title: `pods of it are not taken: ${words}`, instances: [], details: timesOf(told.filter((event) => event.message === message), nowMs), next: [next] })
  }
  return [...causes.values()]
}

function timesOf(events: WhyFacts['events'], nowMs: number): readonly string[] {
  const [last] = events
  return last === undefined ? [] : [`last tried ${formatAge((nowMs - last.lastMs) / 1_000)} ago, ${last.count === 1 ? 'once' : `${last.count} times`}`]
}

/** Its rollout does not get on. */
function givenUp({ workload, nowMs }: WhyFacts): readonly Cause[] {
  const progressing = conditionOf(workload, 'Progressing')
  if (progressing?.['reason'] !== 'ProgressDeadlineExceeded') return []
  const [namespace, name] = [textAt(workload, 'metadata', 'namespace') ?? '', textAt(workload, 'metadata', 'name') ?? '']
  const job = textAt(workload, 'metadata', 'labels', jobLabel)
  const undo = job === undefined ? `kubectl rollout undo deployment/${name} -n ${namespace}` : `usher job rollback ${job} -n ${namespace}`
  const seconds = at(workload, 'spec', 'progressDeadlineSeconds')
  return [{
    reason: 'ProgressDeadlineExceeded',
    title: `its rollout has not got on for ${typeof seconds === 'number' ? formatAge(seconds) : 'too long'} (progressDeadlineSeconds), which was found ${formatAge((nowMs - timeAt(progressing, 'lastTransitionTime')) / 1_000)} ago`,
    instances: [],
    details: ['Kubernetes goes on trying, and does not go back by itself'],
    next: [`mend what is named below, or go back: ${undo}`],
  }]
}

/** A Job that has failed for good. */
function failedJob(workload: JsonObject): readonly Cause[] {
  const failed = conditionOf(workload, 'Failed')
  if (textAt(workload, 'kind') !== 'Job' || failed?.['status'] !== 'True') return []
  return [{ reason: textAt(failed, 'reason') ?? 'Failed', title: `it has failed: ${textAt(failed, 'message') ?? textAt(failed, 'reason') ?? ''}`, instances: [], details: [], next: ['a Job that has failed is not tried again: delete it, and create it anew'] }]
}

function noPods(workload: JsonObject): Cause {
  return { reason: 'NoPods', title: `its controller has made no pods, and says nothing of them`, instances: [], details: [], next: [`kubectl describe ${(textAt(workload, 'kind') ?? '').toLowerCase()} ${nameOf(workload).split('/').at(-1) ?? ''}; see whether kube-controller-manager runs`] }
}

/** What is worth knowing of a workload, and is no fault. */
export function workloadNotes(facts: WhyFacts): readonly string[] {
  const { workload, pods } = facts
  const kind = textAt(workload, 'kind')
  const notes: string[] = []
  if (textAt(workload, 'metadata', 'deletionTimestamp') !== undefined) notes.push('it is being deleted')
  if (at(workload, 'spec', 'suspend') === true) notes.push('it is suspended (spec.suspend): nothing of it runs')
  else if (wantedOf(workload) === 0) notes.push(kind === 'DaemonSet' ? 'no node is to run it' : 'no instance of it is wanted (it is scaled to 0)')
  if (kind === 'Deployment' && at(workload, 'spec', 'paused') === true) notes.push('its rollout is paused (kubectl rollout resume): changes wait')
  const current = currentHash(facts)
  const old = current === undefined ? 0 : pods.filter(({ pod, instance }) => instance.state !== 'Ending' && textAt(pod, 'metadata', 'labels', hashLabel) !== current).length
  if (old > 0) notes.push(`${old} of its pods ${old === 1 ? 'is' : 'are'} of an older revision: a rollout is under way`)
  return notes
}

const revisionKey = 'deployment.kubernetes.io/revision'

/** Of the pods that a Deployment wants by now, the hash of their template; undefined: of another kind, or not known. */
function currentHash({ workload, replicaSets }: WhyFacts): string | undefined {
  const revision = textAt(workload, 'metadata', 'annotations', revisionKey)
  const current = revision === undefined ? undefined : replicaSets.find((each) => textAt(each, 'metadata', 'annotations', revisionKey) === revision)
  return textAt(current, 'metadata', 'labels', hashLabel)
}

const hashLabel = 'pod-template-hash'

function isPod(workload: JsonObject): boolean {
  return textAt(workload, 'kind') === 'Pod'
}

function isOld(workload: JsonObject, nowMs: number): boolean {
  return nowMs - timeAt(workload, 'metadata', 'creationTimestamp') > patienceMs
}
