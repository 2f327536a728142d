declare const isHtml: unique symbol

/** A piece of HTML or SVG, in which everything that came from elsewhere is escaped. Only {@link html} makes it. */
export interface Html {
  readonly [isHtml]: true
  toString(): string
}

/** What may stand in a template; `undefined` and `false` are nothing. */
export type Content = Html | string | number | undefined | false | readonly Content[]

/**
 * A template of HTML: what is put in is escaped, unless it is HTML itself. Values of attributes must be in double
 * quotes; names of elements and attributes, and whatever is within `<script>` and `<style>`, must not be put in.
 */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return trusted(strings.reduce((before, string, index) => before + write(contents[index - 1]) + string))
}

function write(content: Content): string {
  if (content === undefined || content === false) return ''
  if (typeof content === 'string') return escape(content)
  if (typeof content === 'number') return String(content)
  return isList(content) ? content.map(write).join('') : content.toString()
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

function isList(content: Html | readonly Content[]): content is readonly Content[] {
  return Array.isArray(content)
}

/** The one place where text becomes HTML. */
function trusted(text: string): Html {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is for the compiler alone
  return { toString: () => text } as Html
}
