import { textAt } from '../check/json-paths.ts'
import { dependsOnKey, targetText } from '../depends-on/dependency.ts'
import { parseDependsOn } from '../depends-on/parse.ts'
import type { Instance } from '../job/instances/instance.ts'
import { isImageReason } from '../job/instances/starting.ts'
import { jobLabel } from '../job/names.ts'
import { formatAge } from '../units/age.ts'
import type { JsonObject } from '../units/json.ts'
import type { Happening } from './events.ts'
import type { Cause, SeenPod, WhyFacts } from './facts.ts'
import { placeDetails, placeNext } from './place-details.ts'
import { probeDetails } from './probe-details.ts'
import { schedulerWords } from './scheduler-words.ts'

/** Why some instances, which are so for the same reason, are not healthy. The first of them is looked at closely. */
export function instanceCause(group: readonly [SeenPod, ...SeenPod[]], facts: WhyFacts): Cause {
  const [seen] = group
  const { instance } = seen
  const names = group.map((each) => each.instance.name)
  const found = findingsOf(seen, facts)
  return {
    reason: instance.reason,
    title: `${namesOf(names)}: ${found.title ?? instance.why}`,
    instances: names,
    details: [...found.details, ...eventDetails(seen, facts)],
    next: found.next,
  }
}

interface Findings {
  /** In place of the sentence of the instance. */
  readonly title?: string
  readonly details: readonly string[]
  readonly next: readonly string[]
}

const nothing: Findings = { details: [], next: [] }

function findingsOf(seen: SeenPod, facts: WhyFacts): Findings {
  const { instance, place, pod } = seen
  const { name, namespace, reason, node } = instance
  switch (instance.state) {
    case 'Pending':
      return pendingFindings(instance, facts)
    case 'Gated':
    case 'Queued':
      return { details: placeDetails(place), next: placeNext(instance, place, targetsOf(pod)) }
    case 'Starting':
      return startingFindings(seen)
    case 'Unhealthy':
      return unhealthyFindings(seen, facts)
    case 'Failed':
      return { details: logDetails(seen, facts), next: reason === 'Evicted' ? ['it asked for less than it used: raise its requests (memory, ephemeral-storage), or give it a volume'] : [logCommand(seen, false)] }
    case 'Ending':
      return { details: [], next: [`kubectl get pod ${name} -n ${namespace} -o yaml; a node that is gone for good is told of by: kubectl taint node ${node ?? 'NODE'} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute`] }
    case 'Healthy':
    case 'Done':
      break
  }
  return nothing
}

/** What the pod says that it depends on. */
function targetsOf(pod: JsonObject): readonly string[] {
  return parseDependsOn(textAt(pod, 'metadata', 'annotations', dependsOnKey) ?? '').dependencies.map(({ target }) => targetText(target))
}

function pendingFindings({ reason, why }: Instance, { workload }: WhyFacts): Findings {
  if (reason === 'NoScheduler') return { details: [], next: ['see whether that scheduler runs: kubectl get pods -n kube-system'] }
  if (reason !== 'Unschedulable') return nothing
  const { nodes, causes } = schedulerWords(why)
  const next = [...new Set(causes.flatMap((cause) => cause.next ?? []))]
  const kind = (textAt(workload, 'kind') ?? '').toLowerCase()
  return {
    title: nodes === undefined ? `no node takes it: ${causes.map(({ words }) => words).join('; ')}` : `none of ${nodes === 1 ? 'the one node' : `${nodes} nodes`} takes it`,
    details: nodes === undefined ? [] : causes.map((cause) => `${cause.nodes === undefined ? 'the pod' : `${cause.nodes} of ${nodes}`}: ${cause.words}`),
    next: [...next, `usher why ${kind}/${textAt(workload, 'metadata', 'name') ?? ''} -n ${textAt(workload, 'metadata', 'namespace') ?? ''} --node NODE says why a node does not take it`],
  }
}

function startingFindings(seen: SeenPod): Findings {
  const { instance, pod } = seen
  const { reason, container, node, isTrouble } = instance
  if (isImageReason(reason)) return { details: [], next: ['see that the name of the image is right, that the registry has it, and that the node may pull it (imagePullSecrets)'] }
  if (isTrouble && container !== undefined) return { details: [], next: ['mend what is named, or create it: the kubelet tries again by itself'] }
  if (isTrouble && node !== undefined) return { details: [], next: [`kubectl describe node ${node}`] }
  return { details: probeDetails(pod, instance), next: reason === 'StartupProbe' || reason === 'ReadinessProbe' ? [logCommand(seen, false)] : [] }
}

function unhealthyFindings(seen: SeenPod, facts: WhyFacts): Findings {
  const { instance, pod } = seen
  const { reason, node, why } = instance
  if (reason === 'NodeNotReady') return { details: [], next: [`kubectl describe node ${node ?? ''}; its pods are made anew elsewhere once they are evicted (tolerationSeconds, 300 s by default)`] }
  if (reason === 'ReadinessProbe') return { details: probeDetails(pod, instance), next: [logCommand(seen, false)] }
  const isOutOfMemory = why.includes('OOMKilled')
  return {
    details: logDetails(seen, facts),
    next: [...(isOutOfMemory ? ['give it more memory (resources.limits.memory), or have it use less'] : []), logCommand(seen, true)],
  }
}

function logDetails({ instance }: SeenPod, { logs }: WhyFacts): readonly string[] {
  const tail = logs.find(({ pod, container }) => pod === instance.name && container === instance.container)
  if (tail === undefined) return []
  return tail.lines.length === 0 ? [`${tail.container} has logged nothing`] : [`the last lines of ${tail.container}:`, ...tail.lines.map((line) => `  ${line}`)]
}

function logCommand({ pod, instance: { namespace, name, container } }: SeenPod, isPrevious: boolean): string {
  const job = textAt(pod, 'metadata', 'labels', jobLabel)
  const more = `${container === undefined ? '' : ` ${job === undefined ? '-c' : '--container'} ${container}`}${isPrevious ? ' --previous' : ''}`
  return job === undefined ? `kubectl logs ${name} -n ${namespace}${more}` : `usher job logs ${job} -n ${namespace}${more}`
}

const shownEvents = 2
// The cause says what they say.
const known: ReadonlySet<string> = new Set(['FailedScheduling', 'BackOff'])
const staleMs = 30 * 60_000

/** What was told of the pod last, and is no news. */
function eventDetails({ instance }: SeenPod, { events, nowMs }: WhyFacts): readonly string[] {
  return events
    .filter(({ uid, type, reason, message, lastMs }) => uid === instance.uid && type === 'Warning' && !known.has(reason) && nowMs - lastMs < staleMs && !instance.why.includes(message))
    .slice(0, shownEvents)
    .map((event) => eventWords(event, nowMs))
}

function eventWords({ reason, message, count, lastMs }: Happening, nowMs: number): string {
  return `${reason}${count === 1 ? '' : `, ${count} times`}, ${formatAge((nowMs - lastMs) / 1_000)} ago: ${message}`
}

/** `web-1`, `web-1 and web-2`, `web-1 and 4 more` */
function namesOf([first = '', second, ...others]: readonly string[]): string {
  if (second === undefined) return first
  return others.length === 0 ? `${first} and ${second}` : `${first} and ${others.length + 1} more`
}
