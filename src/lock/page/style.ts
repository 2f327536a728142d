/** `/status/style.css`; a string, so that bundles need no file for it. */
export const style = `:root {
  color-scheme: light dark;
  --page: #f6f8fa;
  --card: #ffffff;
  --text: #1f2328;
  --soft: #57606a;
  --line: #d5dbe1;
  --grid: #e4e8ec;
  --waiting: #6e7781;
  --holding: #0969da;
  --ready: #1a7f37;
  --expired: #9a6700;
  --closed: #c3202c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1117;
    --card: #151b23;
    --text: #e6edf3;
    --soft: #9ea7b3;
    --line: #343b44;
    --grid: #2a3038;
    --waiting: #8b949e;
    --holding: #58a6ff;
    --ready: #3fb950;
    --expired: #d29922;
    --closed: #ff7b72;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto;
  padding: 1.25rem 1.5rem 2rem;
  max-width: 72rem;
  background: var(--page);
  color: var(--text);
  font: 0.9375rem/1.45 system-ui, sans-serif;
  font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere;
}
h1, h2, p, dl, dd, ul { margin: 0; padding: 0; }
h1 { font-size: 1.375rem; line-height: 1.25; }
h2 { font-size: 1.0625rem; line-height: 1.25; margin-bottom: 0.75rem; }
small { font-size: 0.8125rem; color: var(--soft); }
header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0.25rem 1.5rem; }
header p, footer, .as-of, .pods, .scope, .more, .nothing, .unnamed { color: var(--soft); }
footer { margin-top: 1rem; font-size: 0.8125rem; }
.as-of { margin: 0.125rem 0 0; }
.pods { margin-bottom: 1rem; }
.pods.lost { margin-top: 0.75rem; padding: 0.625rem 1rem; background: var(--card); border: 1px solid var(--line); border-left: 0.25rem solid var(--closed); border-radius: 0.5rem; }
.pods.lost strong { color: var(--closed); }

#connection[data-state]::before {
  content: "";
  display: inline-block;
  width: 0.625rem;
  height: 0.625rem;
  margin-right: 0.5rem;
  border-radius: 50%;
  background: var(--waiting);
}
#connection[data-state="live"]::before { background: var(--ready); }
#connection[data-state="lost"] { color: var(--closed); font-weight: 600; }
#connection[data-state="lost"]::before { background: none; border: 2px solid var(--closed); }

.summary, section { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; }
.summary { display: grid; grid-template-columns: repeat(6, 1fr); gap: 1px; overflow: hidden; background: var(--line); }
.summary div { padding: 0.75rem 1rem; background: var(--card); }
.summary dt { font-size: 0.8125rem; color: var(--soft); }
.summary dd { font-size: 1.25rem; font-weight: 600; line-height: 1.3; }
.summary small { display: block; font-weight: 400; }
section { margin-top: 1rem; padding: 1rem; }
.more { margin-top: 0.75rem; }

table { width: 100%; border-collapse: collapse; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th, td { padding: 0.4375rem 1.25rem 0.4375rem 0; text-align: left; vertical-align: baseline; border-top: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
th { font-weight: 600; }
thead th { padding-top: 0; border-top: 0; font-size: 0.8125rem; font-weight: 400; color: var(--soft); overflow-wrap: normal; }
.number { text-align: right; white-space: nowrap; }
tr > .number:first-child { width: 2.5rem; text-align: left; }
th small, .words small, .holders .number small { display: block; font-weight: 400; }
.unnamed { font-weight: 400; font-style: italic; }
.state { font-weight: 600; }
.state.open { color: var(--ready); }
.state.closed { color: var(--closed); }
.state.overdue { color: var(--expired); }

.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0.5rem 0 0.75rem; list-style: none; font-size: 0.8125rem; }
.legend li { display: flex; align-items: center; gap: 0.375rem; }
.timeline { display: grid; grid-template-columns: 28% 72%; }
.timeline svg { display: block; }
.timeline text { fill: var(--text); font-size: 0.75rem; }
.timeline .tick { fill: var(--soft); }
.grid { stroke: var(--grid); }
.band { fill: none; pointer-events: all; }
.row:hover .band { fill: var(--grid); fill-opacity: 0.5; }
.bar.waiting { fill: var(--waiting); }
.bar.holding { fill: var(--holding); }
.bar.ready { fill: var(--ready); }
.bar.expired { fill: var(--expired); }
.bar.gone { fill: var(--text); }
details { margin-top: 0.75rem; }
summary { width: fit-content; color: var(--soft); cursor: pointer; }
details[open] summary { margin-bottom: 0.75rem; }
:focus-visible { outline: 2px solid var(--holding); outline-offset: 2px; border-radius: 2px; }

@media (prefers-reduced-motion: no-preference) {
  #connection::before { transition: background-color 0.3s; }
}

/* Where it is narrower, the names of the picture stand above their bars. */
@media (max-width: 60rem) {
  .summary { grid-template-columns: repeat(3, 1fr); }
  .timeline { grid-template-columns: 100%; }
  .timeline svg { grid-area: 1 / 1; }
  .labels { z-index: 1; pointer-events: none; }
  .labels text { transform: translateY(-8px); paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
  .row { transform: translateY(5px); }
  .row .bar.holding, .row .bar.gone { transform: scaleY(0.6); transform-box: fill-box; transform-origin: center; }
}

/* On a phone, rows of tables become cards. */
@media (max-width: 45rem) {
  body { padding: 1rem 0.75rem 1.5rem; }
  section { padding: 0.875rem 0.75rem; }
  .summary { grid-template-columns: repeat(2, 1fr); }
  .summary div { padding: 0.625rem 0.75rem; }
  table, tbody, tr, th, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { padding: 0.625rem 0; border-top: 1px solid var(--line); }
  tbody tr:first-child { padding-top: 0; border-top: 0; }
  tbody tr:last-child { padding-bottom: 0; }
  tbody th, tbody td { padding: 0.0625rem 0; border: 0; }
  tbody td, tbody td.number { display: grid; grid-template-columns: 8rem 1fr; align-items: baseline; text-align: left; white-space: normal; }
  .holders .number small { display: inline; }
  tbody td:has(span:empty) { display: none; }
  tbody td::before { content: attr(data-title); font-size: 0.8125rem; color: var(--soft); }
  tbody td.number:first-child, tbody td:first-child + th { display: inline; }
  tbody td.number:first-child { padding-right: 0.5rem; color: var(--soft); }
  tbody td.number:first-child::before { content: none; }
  .tick:nth-of-type(even) { display: none; }
  .timeline .labels text { font-size: 0.6875rem; }
}
`
