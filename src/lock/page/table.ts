import { type Content, type Html, html } from './html.ts'

/** A table, whose rows become cards where it is narrow. */
export interface Table {
  /** Names its cells' style. */
  readonly name: string
  /** For who does not see the heading above it. */
  readonly caption: string
  readonly columns: readonly Column[]
  /** A cell a column. */
  readonly rows: readonly (readonly Content[])[]
}

/** A column; the first of them names its rows, unless another does. */
export interface Column {
  readonly title: string
  readonly isNumber?: boolean
  readonly isRowName?: boolean
}

/** Writes a table. Its roles are said again, as browsers forget them where rows are shown as cards. */
export function table({ name, caption, columns, rows }: Table): Html {
  const heads = columns.map(({ title, isNumber }) => html`<th scope="col" role="columnheader" class="${numberClass(isNumber)}">${title}</th>`)
  return html`<table role="table" class="${`rows ${name}`}">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${heads}</tr></thead>
<tbody role="rowgroup">
${rows.map((cells) => html`<tr role="row">${columns.map((column, index) => cell(column, cells[index]))}</tr>\n`)}</tbody>
</table>`
}

function cell({ title, isNumber, isRowName = false }: Column, content: Content): Html {
  if (isRowName) return html`<th scope="row" role="rowheader">${content}</th>`
  return html`<td role="cell" class="${numberClass(isNumber)}" data-title="${title}"><span>${content}</span></td>`
}

function numberClass(isNumber = false): string {
  return isNumber ? 'number' : 'words'
}
