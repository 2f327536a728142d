import { at, objectsAt, textAt } from '../../check/json-paths.ts'
import { printable } from '../../terminal/columns.ts'
import type { JsonObject } from '../../units/json.ts'
import { titleOfObject } from './kinds.ts'
import { containerStatusesOf } from './rollout.ts'

/** How many pods are looked at closely. */
export const shownPods = 3
/** Lines of a log. */
export const shownLogLines = 20
const shownEvents = 8
const longestLine = 400

/** What is known of a pod that is not healthy. */
export interface PodEvidence {
  readonly pod: JsonObject
  readonly events: readonly JsonObject[]
  /** Of containers that do not run, or are not ready, by name: the last lines of their logs, or why there are none. */
  readonly logs: Readonly<Record<string, readonly string[]>>
}

/** The pods by which a failure is explained: those that are not ready, the newest first. */
export function suspects(pods: readonly JsonObject[]): readonly JsonObject[] {
  return pods
    .filter((pod) => at(pod, 'metadata', 'deletionTimestamp') === undefined && !isReady(pod) && at(pod, 'status', 'phase') !== 'Succeeded')
    .toSorted((left, right) => (textAt(right, 'metadata', 'creationTimestamp') ?? '').localeCompare(textAt(left, 'metadata', 'creationTimestamp') ?? ''))
    .slice(0, shownPods)
}

function isReady(pod: JsonObject): boolean {
  return objectsAt(pod, 'status', 'conditions').some(({ type, status }) => type === 'Ready' && status === 'True')
}

/** The containers of a pod whose logs say why it is not healthy; and whether it is the log of the run before. */
export function loggersOf(pod: JsonObject): readonly { readonly container: string; readonly isPrevious: boolean }[] {
  return containerStatusesOf(pod)
    .filter((status) => status['ready'] !== true && (at(status, 'state', 'running') !== undefined || at(status, 'state', 'terminated') !== undefined || at(status, 'lastState', 'terminated') !== undefined))
    .filter((status) => at(status, 'state', 'terminated', 'exitCode') !== 0)
    .map((status) => ({
      container: textAt(status, 'name') ?? '',
      isPrevious: at(status, 'state', 'running') === undefined && at(status, 'state', 'terminated') === undefined,
    }))
}

/** All that is known of a failure, line by line, for people: conditions, last exits, events, logs. */
export function evidenceLines(workload: JsonObject | undefined, workloadEvents: readonly JsonObject[], pods: readonly PodEvidence[]): readonly string[] {
  const ofWorkload = workload === undefined ? [] : [titleOfObject(workload), ...conditionLines(workload), ...eventLines(workloadEvents)]
  return [...ofWorkload, ...pods.flatMap(podLines)].map((line) => printable(line).slice(0, longestLine))
}

function podLines({ pod, events, logs }: PodEvidence): readonly string[] {
  const node = textAt(pod, 'spec', 'nodeName')
  return [
    `Pod ${textAt(pod, 'metadata', 'name') ?? ''}${node === undefined ? '' : ` on ${node}`}: ${textAt(pod, 'status', 'phase') ?? 'Unknown'}`,
    ...conditionLines(pod),
    ...containerStatusesOf(pod).flatMap(containerLines),
    ...eventLines(events),
    ...Object.entries(logs).flatMap(([container, lines]) => [`  log of ${container}:`, ...lines.map((line) => `    ${line}`)]),
  ]
}

/** Those that are not as they should be. */
function conditionLines(object: JsonObject): readonly string[] {
  return objectsAt(object, 'status', 'conditions')
    .filter(({ type, status }) => (status === 'True') === (type === 'ReplicaFailure' || type === 'Failed') || (type === 'Progressing' && status !== 'True'))
    .map((each) => `  condition ${shown(each['type'])}=${shown(each['status'])}${reasonOf(each)}`)
}

function containerLines(status: JsonObject): readonly string[] {
  const name = textAt(status, 'name') ?? ''
  const waiting = at(status, 'state', 'waiting')
  const exit = at(status, 'state', 'terminated') ?? at(status, 'lastState', 'terminated')
  const restarts = status['restartCount']
  return [
    ...(waiting === undefined ? [] : [`  ${name} waits${reasonOf(waiting)}`]),
    ...(exit === undefined || at(exit, 'exitCode') === 0 ? [] : [`  ${name} ended with ${shown(at(exit, 'exitCode'))}${reasonOf(exit)}${typeof restarts === 'number' && restarts > 0 ? `, after ${restarts} restarts` : ''}`]),
  ]
}

function eventLines(events: readonly JsonObject[]): readonly string[] {
  return events
    .toSorted((left, right) => timeOf(left).localeCompare(timeOf(right)))
    .slice(-shownEvents)
    .map((event) => {
      const count = at(event, 'count')
      return `  event ${shown(event['type'])} ${shown(event['reason'])}: ${(textAt(event, 'message') ?? '').trim()}${typeof count === 'number' && count > 1 ? ` (${count} times)` : ''}`
    })
}

function timeOf(event: JsonObject): string {
  return textAt(event, 'lastTimestamp') ?? textAt(event, 'eventTime') ?? textAt(event, 'metadata', 'creationTimestamp') ?? ''
}

function reasonOf(value: unknown): string {
  const parts = [textAt(value, 'reason'), textAt(value, 'message')].filter((part) => part !== undefined)
  return parts.length === 0 ? '' : `: ${parts.join(': ')}`
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}
