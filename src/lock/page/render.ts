import type { StateView } from '../state-view.ts'
import { gatedSection } from './gated-section.ts'
import { html } from './html.ts'
import { lastHourSection } from './picture.ts'
import { podsLine } from './pods-line.ts'
import { gatesSection, holdersSection, summary, waitersSection } from './sections.ts'
import { clock } from './words.ts'

// Spans are shown: while somebody starts or waits, they grow. The script reads this.
const refreshSeconds = { busy: 2, quiet: 10 }

/**
 * The page, as HTML. Its links are relative, so that it works under the path of a proxy. Each names its folder
 * `status/`, as the page itself has no slash at its end.
 */
export function renderPage(state: StateView): string {
  const { now, startedAt, holders, waiters, gated = [] } = state
  const refresh = holders.length + waiters.length + gated.length > 0 ? refreshSeconds.busy : refreshSeconds.quiet
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${holders.length} starting, ${waiters.length} waiting – usher lock</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<noscript><meta http-equiv="refresh" content="${refreshSeconds.quiet}"></noscript>
<link rel="icon" type="image/svg+xml" href="status/icon.svg">
<link rel="stylesheet" href="status/style.css">
<script src="status/script.js" defer></script>
</head>
<body>
<header>
<h1>Startup lock</h1>
<p id="connection" role="status"></p>
<noscript><p>Without JavaScript, this page is loaded anew every ${refreshSeconds.quiet} seconds.</p></noscript>
</header>
<main data-refresh-seconds="${refresh}">
<p class="as-of">As of <span id="as-of">${clock(Date.parse(now))} UTC</span></p>
${podsLine(state)}
${summary(state)}
${holdersSection(state)}${waitersSection(state)}${gatedSection(state)}${gatesSection(state)}${lastHourSection(state)}</main>
<footer><p>Times are UTC. The service runs since <time datetime="${startedAt}">${startedAt.slice(0, 16).replace('T', ' ')}</time>.</p></footer>
</body>
</html>
`.toString()
}
