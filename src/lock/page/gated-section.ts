import type { DependencyView, GatedState } from '../depends-on/gate-view.ts'
import type { StateView } from '../state-view.ts'
import { type Content, type Html, html } from './html.ts'
import { section } from './sections.ts'
import { table } from './table.ts'
import { count, podName, span } from './words.ts'

// Who is interested in more of them reads /v1/state.
const shownRows = 50

const stateWords: Readonly<Record<DependencyView['state'], string>> = {
  healthy: 'healthy',
  waiting: 'waited for',
  'timed-out': 'timed out',
  'not-judged': 'not judged',
}

/** Who waits for what it depends on, and not yet for the lock; nothing where nobody does. */
export function gatedSection({ gated = [] }: StateView): Html | undefined {
  if (gated.length === 0) return undefined
  const columns = [{ title: 'Pod', isRowName: true }, { title: 'Depends on' }, { title: 'Waited', isNumber: true }]
  const caption = `Who waits for what it depends on, and not yet for the lock: ${count(gated.length, 'pod')}`
  const rest = gated.length > shownRows && html`<p class="more">and ${gated.length - shownRows} more</p>`
  return section('gated', 'Waiting for what they depend on', [table({ name: 'gated', caption, columns, rows: gated.slice(0, shownRows).map(rowOf) }), rest])
}

function rowOf(each: GatedState): readonly Content[] {
  return [podName(each.pod), [each.dependencies.map(dependencyLine), cycleLine(each)], span(each.waitedSeconds)]
}

function dependencyLine({ target, state, reason, leftSeconds, onTimeout }: DependencyView): Html {
  const end = state === 'waiting' && html`, for ${span(leftSeconds)} more, then ${onTimeout === 'fail' ? 'its init container fails' : 'it goes on without'}`
  return html`<div><bdi>${target}</bdi> <small>${stateWords[state]}: ${reason}${end}</small></div>`
}

function cycleLine({ cycle }: GatedState): Html | false {
  return cycle !== undefined && html`<div><strong>A cycle:</strong> <bdi>${cycle.join(', ')}</bdi></div>`
}
