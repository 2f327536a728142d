import type { GateState, StateView } from '../lock/state-view.ts'
import { columns } from '../terminal/columns.ts'
import { counted } from '../terminal/counted.ts'
import { formatAge } from '../units/age.ts'
import type { NodeStatus } from './node-status.ts'
import { waitsOf } from './waits.ts'

const heads = ['NODE', 'PERMITS', 'HOLDERS', 'WAITERS', 'LONGEST', 'LAST HOUR', 'GATES', 'UPTIME']
const none = '-'

/** All nodes, a line each, under a line of heads; and below it a line for each lock that has not answered. */
export function overview(statuses: readonly NodeStatus[]): readonly string[] {
  const silent = statuses.filter(({ state }) => state === undefined)
  return [
    ...columns([heads, ...statuses.map(rowOf)]),
    ...(silent.length === 0 ? [] : ['', ...columns(silent.map(({ lock, problem }) => [lock.node ?? lock.pod, problem ?? 'not known']))]),
    '',
    summary(statuses),
  ]
}

function rowOf({ lock, state }: NodeStatus): readonly string[] {
  const node = lock.node ?? none
  if (state === undefined) return [node, ...Array<string>(heads.length - 1).fill('?')]
  const { longestNow, median, longest } = waitsOf(state)
  return [
    node,
    permitsOf(state),
    String(state.holders.length),
    String(state.waiters.length),
    longestNow === undefined ? none : formatAge(longestNow),
    median === undefined || longest === undefined ? none : `${state.starts.length}: ${formatAge(median)}, ${formatAge(longest)} at most`,
    gatesOf(state.gates),
    formatAge(uptimeOf(state)),
  ]
}

/** How many are taken, of how many. */
export function permitsOf({ permits: { used, floor, strict } }: StateView): string {
  return `${used}/${floor}${strict ? ' strict' : ''}`
}

/** `open`, or the closed ones by their names. */
function gatesOf(gates: readonly GateState[]): string {
  if (gates.length === 0) return none
  const closed = gates.filter(({ open, overdue }) => !open && !overdue)
  const overdue = gates.filter((gate) => !gate.open && gate.overdue)
  const parts = [closed.length === 0 ? '' : `closed: ${names(closed)}`, overdue.length === 0 ? '' : `overdue: ${names(overdue)}`]
  return parts.every((part) => part === '') ? 'open' : parts.filter((part) => part !== '').join('; ')
}

function names(gates: readonly GateState[]): string {
  return gates.map(({ name }) => name).join(', ')
}

/** In seconds, by the lock's own clock. */
export function uptimeOf({ now, startedAt }: Pick<StateView, 'now' | 'startedAt'>): number {
  return Math.max(0, (Date.parse(now) - Date.parse(startedAt)) / 1_000) || 0
}

function summary(statuses: readonly NodeStatus[]): string {
  const states = statuses.flatMap(({ state }) => (state === undefined ? [] : [state]))
  const sum = (listOf: (state: StateView) => readonly unknown[]): number => states.reduce((total, state) => total + listOf(state).length, 0)
  const gated = sum(({ gated: each = [] }) => each)
  const silent = statuses.length - states.length
  const parts = [
    counted(statuses.length, 'node'),
    `${counted(sum(({ holders }) => holders), 'pod')} starting`,
    `${sum(({ waiters }) => waiters)} waiting`,
    ...(gated === 0 ? [] : [`${gated} waiting for what ${gated === 1 ? 'it depends' : 'they depend'} on`]),
    ...(silent === 0 ? [] : [`${counted(silent, 'lock')} without an answer`]),
  ]
  return parts.join(', ')
}
