import type { HolderState, StateView, WaiterState } from '../lock/state-view.ts'
import { columns } from '../terminal/columns.ts'
import { formatAge } from '../units/age.ts'
import type { NodeStatus } from './node-status.ts'
import { permitsOf, uptimeOf } from './overview.ts'

// The newest; all of them are in the JSON, and on the lock's page.
const shownStarts = 10

/** One node, with all who hold and wait. */
export function detail({ lock, state, problem }: NodeStatus): readonly string[] {
  const head = [
    ['Node:', lock.node ?? '-'],
    ['Pod:', `${lock.namespace}/${lock.pod}${lock.isReady ? '' : ` (${lock.trouble ?? 'is not ready'})`}`],
    ['Version:', lock.version ?? 'not known'],
  ]
  if (state === undefined) return columns([...head, ['Problem:', problem ?? 'not known']])
  return [
    ...columns([...head, ['Uptime:', formatAge(uptimeOf(state))], ['Permits:', `${permitsOf(state)} taken`], ['Pods:', podsOf(state)], ['Load:', loadOf(state)]]),
    ...section('Gates', ['NAME', 'STATE', 'SINCE', 'REASON'], state.gates.map(({ name, open, overdue, seconds, reason }) => [
      name,
      open ? 'open' : overdue ? 'overdue' : 'closed',
      formatAge(seconds),
      reason,
    ])),
    ...section('Holders', ['POD', 'GRANT', 'WAITED', 'HELD', 'LEFT', 'UNTIL', 'CONTAINERS'], state.holders.map(holderRow)),
    ...section('Waiters', ['PLACE', 'POD', 'WAITED', 'LEFT', 'PRIORITY', 'WEIGHT', 'CONNECTED'], state.waiters.map(waiterRow)),
    // An older lock does not say who waits there.
    ...((state.gated?.length ?? 0) === 0 ? [] : section('Waiting for what they depend on', ['POD', 'WAITED', 'DEPENDS ON', 'STATE', 'LEFT', 'FOUND'], (state.gated ?? []).flatMap(gatedRows))),
    ...section(`Starts of the last hour${state.starts.length > shownStarts ? ` (the newest ${shownStarts} of ${state.starts.length})` : ''}`, ['POD', 'GRANT', 'GRANTED', 'WAITED', 'HELD', 'END'], state.starts.slice(-shownStarts).toReversed().map((start) => startRow(start, state))),
  ]
}

function section(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  return rows.length === 0 ? ['', `${title}: none`] : ['', `${title}:`, ...columns([heads, ...rows], '  ')]
}

function podsOf({ pods: { state, known, staleSeconds } }: StateView): string {
  if (state === 'none') return 'not watched: turns end by time'
  if (state === 'starting') return 'not known yet'
  const heard = staleSeconds === undefined ? '' : `, the API server was heard ${formatAge(staleSeconds)} ago`
  return `${known} known${heard}${state === 'lost' ? ': it is not heard, and turns end by time' : ''}`
}

function loadOf({ load }: StateView): string {
  if (load === undefined) return 'not known'
  return `${load.idleCores} idle cores${load.pressure === undefined ? '' : `, CPU pressure ${load.pressure} %`}`
}

function holderRow({ pod, grant, waitedSeconds, heldSeconds, leftSeconds, until, containers }: HolderState): readonly string[] {
  const ready = containers === undefined ? '-' : `${containers.ready}/${containers.total} ready${containers.lacks === undefined ? '' : `, ${containers.lacks}`}`
  // An older lock does not say until when.
  return [pod ?? '(no name)', grant, formatAge(waitedSeconds), formatAge(heldSeconds), formatAge(leftSeconds), until ?? '-', ready]
}

function waiterRow({ pod, position, waitedSeconds, leftSeconds, priority, weight, connected }: WaiterState): readonly string[] {
  const left = leftSeconds === undefined ? '-' : formatAge(leftSeconds)
  return [String(position), pod ?? '(no name)', formatAge(waitedSeconds), left, String(priority), String(weight), connected ? 'yes' : 'no']
}

/** A line for each thing that it depends on. */
function gatedRows({ pod, waitedSeconds, dependencies }: NonNullable<StateView['gated']>[number]): readonly (readonly string[])[] {
  return dependencies.map(({ target, state, leftSeconds, reason }, index) => [
    index === 0 ? pod : '',
    index === 0 ? formatAge(waitedSeconds) : '',
    target,
    state,
    state === 'waiting' ? formatAge(leftSeconds) : '-',
    reason,
  ])
}

function startRow({ pod, grant, arrivedAt, grantedAt, endedAt, cause }: StateView['starts'][number], { now }: StateView): readonly string[] {
  return [
    pod ?? '(no name)',
    grant,
    `${between(grantedAt, now)} ago`,
    between(arrivedAt, grantedAt),
    between(grantedAt, endedAt ?? now),
    cause ?? 'holds',
  ]
}

function between(from: string, to: string): string {
  return formatAge((Date.parse(to) - Date.parse(from)) / 1_000)
}
