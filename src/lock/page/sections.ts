import type { GateState, HolderState, StateView, WaiterState } from '../state-view.ts'
import { type Content, type Html, html } from './html.ts'
import { table } from './table.ts'
import { clock, containersWords, count, grantWords, podName, span, untilWords } from './words.ts'

// Who is interested in more of them reads /v1/state.
const shownRows = 50

/** The numbers that say the most, in one line. */
export function summary({ permits, holders, waiters, gates, load }: StateView): Html {
  const beyond = holders.filter(({ grant }) => grant !== 'floor').length
  const closed = gates.filter(holdsUp).length
  const overdue = gates.filter((gate) => gate.overdue).length
  const noneClosed = gates.length === 0 ? 'none' : 'open'
  return html`<dl class="summary">
${fact('Starting', holders.length, beyond > 0 && `${beyond} beyond the permits`)}
${fact('Waiting', waiters.length, undefined)}
${fact('Permits taken', `${permits.used} of ${permits.floor}`, permits.strict && 'strict: none beyond them')}
${fact('Gates', closed === 0 ? noneClosed : `${closed} closed`, overdue > 0 && `${overdue} no longer waited for`)}
${fact('Idle cores', load?.idleCores ?? 'not known', undefined)}
${fact('CPU pressure', load?.pressure === undefined ? 'not known' : `${load.pressure} %`, load?.pressure !== undefined && 'time in which a task waited')}
</dl>`
}

function fact(name: string, value: Content, note: string | undefined | false): Html {
  return html`<div><dt>${name}</dt><dd>${value}${note ? html` <small>${note}</small>` : ''}</dd></div>`
}

/** Who holds the lock. */
export function holdersSection({ holders, pods, now }: StateView): Html {
  const at = Date.parse(now)
  const isWatched = pods.state !== 'none'
  const columns = [
    { title: 'Pod', isRowName: true },
    ...(isWatched ? [{ title: 'Containers' }] : []),
    { title: 'Granted because' },
    { title: 'Waited', isNumber: true },
    { title: 'Since (UTC)', isNumber: true },
    { title: 'Until at the latest', isNumber: true },
  ]
  const row = (holder: HolderState): readonly Content[] => [
    podName(holder.pod),
    ...(isWatched ? [turnOf(holder)] : []),
    grantWords[holder.grant],
    span(holder.waitedSeconds),
    html`${clock(at - holder.heldSeconds * 1_000)} <small>for ${span(holder.heldSeconds)}</small>`,
    html`${clock(at + holder.leftSeconds * 1_000)} <small>in ${span(holder.leftSeconds)}</small>`,
  ]
  if (holders.length === 0) return section('starting', 'Starting now', html`<p class="nothing">Nobody holds the lock.</p>`)
  const rows = holders.slice(0, shownRows).map(row)
  const caption = `Who holds the lock: ${count(holders.length, 'client')}`
  return section('starting', 'Starting now', [table({ name: 'holders', caption, columns, rows }), more(holders.length)])
}

/** How far a pod is, and what ends its turn. */
function turnOf({ containers, until }: HolderState): Html {
  const words = containers === undefined ? html`<span class="unnamed">not known</span>` : html`<bdi>${containersWords(containers)}</bdi>`
  return html`${words} <small>${untilWords[until]}</small>`
}

/** Who waits for it. */
export function waitersSection(state: StateView): Html {
  const { waiters } = state
  const columns = [
    { title: '#', isNumber: true },
    { title: 'Pod', isRowName: true },
    { title: 'Waits because' },
    { title: 'Waited', isNumber: true },
    { title: 'Priority', isNumber: true },
    { title: 'Weight', isNumber: true },
  ]
  const row = (waiter: WaiterState): readonly Content[] => [
    waiter.position,
    html`${podName(waiter.pod)}${!waiter.connected && html` <small>gone for a moment; its place is kept</small>`}`,
    whyWaiting(waiter, state),
    span(waiter.waitedSeconds),
    waiter.priority,
    waiter.weight,
  ]
  if (waiters.length === 0) return section('waiting', 'Waiting', html`<p class="nothing">Nobody waits.</p>`)
  const rows = waiters.slice(0, shownRows).map(row)
  const caption = `Who waits for the lock, in the order of service: ${count(waiters.length, 'client')}`
  return section('waiting', 'Waiting', [table({ name: 'waiters', caption, columns, rows }), more(waiters.length)])
}

/** The first reason why somebody is not granted. */
export function whyWaiting({ position, weight }: WaiterState, { gates, permits }: StateView): string {
  const gate = gates.find(holdsUp)
  if (gate !== undefined) return `a gate is closed: ${gate.name}`
  const free = Math.max(0, permits.floor - permits.used)
  if (free === 0) return permits.floor === 1 ? 'the permit is taken' : 'the permits are taken'
  if (position > 1) return `${position - 1} before it`
  return `it takes ${count(Math.min(weight, permits.floor), 'permit')}, and ${free} ${free === 1 ? 'is' : 'are'} free`
}

/** What may hold everybody up; nothing where there are no gates. */
export function gatesSection({ gates, now }: StateView): Html | undefined {
  if (gates.length === 0) return undefined
  const at = Date.parse(now)
  const columns = [{ title: 'Gate', isRowName: true }, { title: 'State' }, { title: 'Found' }, { title: 'Since (UTC)', isNumber: true }]
  const row = (gate: GateState): readonly Content[] => [
    html`<bdi>${gate.name}</bdi>`,
    gateState(gate),
    gate.reason,
    html`${clock(at - gate.seconds * 1_000)} <small>for ${span(gate.seconds)}</small>`,
  ]
  return section('gates', 'Gates', table({ name: 'gates', caption: 'What must be there before anybody starts', columns, rows: gates.map(row) }))
}

function gateState({ open, overdue }: GateState): Html {
  if (open) return html`<span class="state open">open</span>`
  if (overdue) return html`<span class="state overdue">closed, no longer waited for</span>`
  return html`<span class="state closed">closed</span>`
}

function holdsUp({ open, overdue }: GateState): boolean {
  return !open && !overdue
}

/** A section with its heading. */
export function section(name: string, title: string, content: Content): Html {
  return html`<section aria-labelledby="${`${name}-title`}">
<h2 id="${`${name}-title`}">${title}</h2>
${content}
</section>
`
}

function more(all: number): Html | undefined {
  return all > shownRows ? html`<p class="more">and ${all - shownRows} more</p>` : undefined
}
