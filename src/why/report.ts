import { instanceJson } from '../job/instances/instance-json.ts'
import { instanceHeads, instanceRow } from '../job/instances/line.ts'
import { columns, printable } from '../terminal/columns.ts'
import type { Paint } from '../terminal/paint.ts'
import type { Explanation } from './explain.ts'
import type { Cause, WhyFacts } from './facts.ts'
import type { NodeAnswer } from './node-answer.ts'

// It is to fit on one screen; all of it is in the JSON.
const shownInstances = 10
const shownCauses = 4

/** An explanation for people. */
export function reportLines(explanation: Explanation, { nowMs, node, unasked }: Pick<WhyFacts, 'nowMs' | 'node' | 'unasked'>, paint: Paint): readonly string[] {
  const { kind, name, summary, notes, causes } = explanation
  const isWell = summary.state !== 'Degraded' && summary.state !== 'Failed'
  return [
    `${paint('bold', printable(`${kind} ${name}`))}: ${paint(isWell ? 'green' : 'red', summary.text)}`,
    ...notes.map((note) => `  ${printable(note)}`),
    ...instanceLines(explanation, nowMs),
    ...causes.slice(0, shownCauses).flatMap((cause) => ['', ...causeLines(cause, paint)]),
    ...(causes.length > shownCauses ? ['', `and ${causes.length - shownCauses} ${causes.length === shownCauses + 1 ? 'cause' : 'causes'} more: -o json has all`] : []),
    ...(node === undefined ? [] : ['', ...nodeLines(node)]),
    ...(causes.length === 0 && node === undefined ? ['', isWell ? 'nothing stands in its way' : 'nothing is known that stands in its way: its instances are not there yet, or on their way out'] : []),
    ...(unasked.length === 0 ? [] : ['', ...unasked.map((each) => printable(each))]),
  ]
}

function instanceLines({ instances }: Explanation, nowMs: number): readonly string[] {
  if (instances.length === 0) return []
  const left = instances.slice(shownInstances)
  const counts = [...Map.groupBy(left, ({ state }) => state)].map(([state, { length }]) => `${length} ${state}`)
  return [
    '',
    // Why is below.
    ...columns([instanceHeads, ...instances.slice(0, shownInstances).map((each) => instanceRow(each, nowMs))].map((row) => row.slice(0, 4))),
    ...(left.length === 0 ? [] : [`and ${left.length} more: ${counts.join(', ')}`]),
  ]
}

function causeLines({ title, details, next }: Cause, paint: Paint): readonly string[] {
  return [printable(title), ...details.map((each) => `  ${printable(each)}`), ...next.map((each) => `  ${paint('cyan', 'next:')} ${printable(each)}`)]
}

function nodeLines({ node, takes, reasons, notJudged }: NodeAnswer): readonly string[] {
  const head = takes === undefined ? `whether ${node} takes an instance of it is not known` : takes ? `${node} takes an instance of it` : `${node} does not take an instance of it`
  return [printable(reasons.length === 0 ? head : `${head}:`), ...reasons.map((each) => `  ${printable(each)}`), ...(notJudged.length === 0 ? [] : [`  not looked at: ${printable(notJudged.join(', '))}`])]
}

/** The same as one object for machines, with all instances and all causes. */
export function toJson(explanation: Explanation, { node, unasked }: Pick<WhyFacts, 'node' | 'unasked'>): object {
  const { kind, name, summary, notes, instances, causes } = explanation
  const [namespace = '', own = ''] = name.split('/')
  return {
    kind,
    namespace,
    name: own,
    state: summary.state,
    healthy: summary.healthy,
    wanted: summary.wanted,
    notes,
    instances: instances.map(instanceJson),
    causes,
    ...(node === undefined ? {} : { node }),
    notAsked: unasked,
  }
}
