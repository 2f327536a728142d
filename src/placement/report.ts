import { jobProblemTable, type JobProblem } from '../job/problems.ts'
import { columns, printable } from '../terminal/columns.ts'
import { counted } from '../terminal/counted.ts'
import type { Paint } from '../terminal/paint.ts'
import { formatAge } from '../units/age.ts'
import { type AmountWriting, amountText, wordOf } from './amount-text.ts'
import { changeLines } from './change-lines.ts'
import { countReasons } from './reason-counts.ts'
import type { NodeFree, NodePlan, RolloutPlan, RoomPlan, WorkloadPlan } from './room-plan.ts'
import type { StartBound } from './slowest-start.ts'

// More than that nobody reads; of larger clusters the best are shown, and what keeps the others from it is counted.
const mostNodes = 20
const shownOfMany = 10

/** The plan as lines for people. @param allNodes whether each node of a large cluster is shown. */
export function planLines(plan: RoomPlan, paint: Paint, allNodes: boolean): readonly string[] {
  const sections = [changeLines(plan.changes, paint), ...plan.workloads.map((workload) => workloadLines(workload, plan.nodes, paint, allNodes)), plan.notes.map((note) => `note: ${printable(note)}`)]
  return sections.filter((section) => section.length > 0).flatMap((section, index) => (index === 0 ? section : ['', ...section]))
}

/** A problem in a sentence, and what to do; of a file that is not valid, a line for each fault before that. */
export function problemSentence({ code, detail, members }: JobProblem): string {
  // A line for each fault of a file. What the API server has said may hold lines as well, and stays one.
  if (members?.['problems'] !== undefined) return [...detail.split('\n').map(printable), `Nothing was created. (${code})`].join('\n')
  return `${printable(detail)}${detail.endsWith('.') ? '' : '.'} Nothing was created. ${jobProblemTable[code].remedy} (${code})`
}

function workloadLines(workload: WorkloadPlan, nodes: readonly NodeFree[], paint: Paint, allNodes: boolean): readonly string[] {
  const { kind, namespace, name, problem } = workload
  const verdict = problem === undefined ? paint('green', verdictOf(workload)) : paint('red', printable(problem.detail))
  return [
    `${kind} ${namespace}/${printable(name)}: ${verdict}`,
    `  each takes ${takenText(workload)}${workload.judgedBy === 'dry-run' ? '' : ', by the manifest'}`,
    ...(workload.rollout === undefined || problem !== undefined ? [] : [`  rollout: ${rolloutText(workload.rollout, workload.instances)}`]),
    ...(workload.needed === 0 || problem !== undefined ? [] : [`  slowest start: ${startText(workload.start)}`]),
    ...(workload.notJudged.length === 0 ? [] : [`  not judged: ${workload.notJudged.map(printable).join('; ')}`]),
    '',
    ...nodeLines(workload, nodes, allNodes).map((line) => (line === '' ? '' : `  ${line}`)),
  ]
}

function verdictOf({ instances, running, outdated, needed }: WorkloadPlan): string {
  const all = counted(instances, 'instance')
  const going = outdated === 0 ? '' : `, ${outdated} of another kind or too many ${outdated === 1 ? 'goes' : 'go'}`
  if (needed === 0) return `${all}, ${running === instances ? (instances === 1 ? 'it runs' : 'all run') : `${running} run`}${going}; no more room is needed`
  return `${all}, ${running} ${running === 1 ? 'runs' : 'run'}${going}; there is room for ${needed === 1 ? 'the one' : `the ${needed}`} that ${needed === 1 ? 'is' : 'are'} needed`
}

const firstResources = ['memory', 'cpu', 'ephemeral-storage']

function takenText({ requests, writing }: WorkloadPlan): string {
  const names = [...firstResources, ...Object.keys(requests).filter((name) => !firstResources.includes(name))]
  const parts = names.flatMap((name) => ((requests[name] ?? 0) > 0 ? [`${wordOf(name)} ${amountText(name, requests[name] ?? 0, writing, 'up')}`] : []))
  return parts.length === 0 ? 'nothing that is counted: it has no requests' : parts.join(', ')
}

function rolloutText({ kind, maxSurge, maxUnavailable, surgeRoom, goesOn }: RolloutPlan, instances: number): string {
  if (kind === 'recreate') return 'all pods are ended before the new ones start'
  if (kind === 'on-delete') return 'a pod is replaced when somebody deletes it'
  if (instances === 0) return 'there is nothing to replace'
  const bounds = `maxSurge ${maxSurge}, maxUnavailable ${maxUnavailable}`
  if (maxSurge === 0) return `${counted(maxUnavailable, 'pod')} at a time, in the room of those that go (${bounds})`
  if (!goesOn) return `no room for surge (${bounds}): it would not go on; maxUnavailable 1 replaces pods in their own room`
  if (surgeRoom === 0) return `no room for surge, so it goes on by pods that end first (${bounds})`
  return `there is room for ${surgeRoom} of ${maxSurge} more at a time (${bounds})`
}

function startText({ podsOnOneNode, lock, waitSeconds, readinessFloorSeconds }: StartBound): string {
  const ready = readinessFloorSeconds === 0 ? '' : `; probes call no pod ready before ${formatAge(readinessFloorSeconds)}`
  if (lock === undefined) return `its pods wait for no lock${ready}`
  const { leaseSeconds, maxWaitSeconds } = lock
  const alone = podsOnOneNode < 2 ? 'no wait for the lock where one of them starts on a node' : `at most ${formatAge(waitSeconds)} of waiting for the lock where these alone start on a node (${podsOnOneNode} pods, a lease of ${formatAge(leaseSeconds)} each)`
  return `${alone}; at most ${formatAge(maxWaitSeconds)} whatever else starts there${ready}`
}

function nodeLines({ nodes, requests, writing }: WorkloadPlan, free: readonly NodeFree[], allNodes: boolean): readonly string[] {
  if (nodes.length === 0) return ['the cluster has no nodes']
  const isMany = nodes.length > mostNodes && !allNodes
  const shown = isMany ? [...nodes].toSorted((left, right) => right.placed - left.placed || right.fits - left.fits).slice(0, shownOfMany) : nodes
  const byName = new Map(free.map((node) => [node.name, node]))
  const others = Object.keys(requests).filter((name) => !firstResources.includes(name) && (requests[name] ?? 0) > 0)
  const table = columns([
    ['NODE', 'RUN', 'NEW', 'FITS', 'FREE MEMORY', 'FREE CPU', 'FREE DISK', ...others.map((name) => `FREE ${name}`), 'FREE PODS', 'WHY NOT MORE'],
    ...shown.map((node) => rowOf(node, byName.get(node.name), [...firstResources, ...others], writing)),
  ])
  return isMany ? [...table, ...restLines(nodes, shown)] : table
}

function rowOf({ name, running, placed, fits, reasons }: NodePlan, node: NodeFree | undefined, resources: readonly string[], writing: AmountWriting): readonly string[] {
  const free = resources.map((resource) => amountText(resource, Math.max(0, node?.free[resource] ?? 0), writing, 'down'))
  return [name, String(running), String(placed), String(fits), ...free, String(Math.max(0, node?.pods.free ?? 0)), reasons.map(({ detail }) => detail).join('; ')]
}

function restLines(nodes: readonly NodePlan[], shown: readonly NodePlan[]): readonly string[] {
  const rest = nodes.filter((node) => !shown.includes(node))
  const fitting = rest.filter(({ fits }) => fits > 0)
  const full = rest.filter(({ fits }) => fits === 0)
  return [
    `… and ${counted(rest.length, 'more node')} (--nodes shows all):`,
    ...(fitting.length === 0 ? [] : [`  ${fitting.length} with room for ${fitting.reduce((sum, { fits }) => sum + fits, 0)} more`]),
    ...countReasons(full).map(({ text, count }) => `  ${count}: ${printable(text)}`),
  ]
}
