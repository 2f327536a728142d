import type { StateView } from '../state-view.ts'
import { type Html, html } from './html.ts'
import { count, span } from './words.ts'

/** How much is known of the node's pods, in a line. */
export function podsLine({ pods: { state, known, staleSeconds = 0 } }: StateView): Html {
  switch (state) {
    case 'none':
      return html`<p class="pods none">Without Kubernetes, turns end by time, or when they are given back.</p>`
    case 'starting':
      return html`<p class="pods starting">The pods of this node are not known yet; until they are, turns end by time.</p>`
    case 'connected':
      return html`<p class="pods connected">${count(known, 'pod')} of this node ${known === 1 ? 'is' : 'are'} watched.</p>`
    case 'lost':
      return html`<p class="pods lost"><strong>The API server is not heard: turns end by time.</strong> What is shown of pods is ${span(staleSeconds)} old.</p>`
  }
}
