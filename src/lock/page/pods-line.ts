import type { PodsState, StateView } from '../state-view.ts'
import { type Content, type Html, html } from './html.ts'
import { count, span } from './words.ts'

const lines: Readonly<Record<PodsState['state'], (pods: PodsState) => Content>> = {
  none: () => 'Without Kubernetes, turns end by time, or when they are given back.',
  starting: () => 'The pods of this node are not known yet; until they are, turns end by time.',
  connected: ({ known }) => `${count(known, 'pod')} of this node ${known === 1 ? 'is' : 'are'} watched.`,
  lost: ({ staleSeconds = 0 }) =>
    html`<strong>The API server is not heard: turns end by time.</strong> What is shown of pods is ${span(staleSeconds)} old.`,
}

/** How much is known of the node's pods, in a line. */
export function podsLine({ pods }: StateView): Html {
  return html`<p class="${`pods ${pods.state}`}">${lines[pods.state](pods)}</p>`
}
