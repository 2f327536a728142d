/** The lines of a file of variables. */
export interface EnvFile {
  readonly lines: readonly EnvLine[]
  readonly faults: readonly { readonly line: number; readonly message: string }[]
}

export interface EnvLine {
  /** From 1. */
  readonly line: number
  readonly name: string
  /** Undefined: the name alone stands there. */
  readonly value: string | undefined
  /** In single quotes: no variables are put in. */
  readonly isLiteral: boolean
}

/**
 * Reads `K=V` lines as Compose does: `export` may stand before the name; values may be quoted, then over several lines;
 * behind an unquoted one, ` #` begins a comment; `"…"` knows \n, \r, \t, \" and \\.
 */
export function envFileLines(text: string): EnvFile {
  const lines: EnvLine[] = []
  const faults: { line: number; message: string }[] = []
  const all = text.replace(/^\u{FEFF}/u, '').split(/\r?\n/)
  for (let index = 0; index < all.length; index++) {
    const line = index + 1
    const [, name, rest] = /^\s*(?:export\s+)?([^\s=#][^\s=]*)\s*(?:=\s*(.*))?$/.exec(all[index] ?? '') ?? []
    if (name === undefined) {
      if (!/^\s*(?:#.*)?$/.test(all[index] ?? '')) faults.push({ line, message: 'it is no KEY=VALUE' })
      continue
    }
    const quote = rest?.[0]
    if (rest === undefined) lines.push({ line, name, value: undefined, isLiteral: true })
    else if (quote !== '"' && quote !== "'") lines.push({ line, name, value: rest.replace(/(?:^|\s+)#.*$/, '').trimEnd(), isLiteral: false })
    else {
      let quoted = rest.slice(1)
      let end = closingQuote(quoted, quote)
      while (end < 0 && index + 1 < all.length) {
        const from = quoted.length
        quoted += `\n${all[++index]}`
        end = closingQuote(quoted, quote, from)
      }
      if (end < 0 || !/^\s*(?:#.*)?$/.test(quoted.slice(end + 1))) faults.push({ line, message: 'its quotes do not match' })
      else lines.push({ line, name, value: quote === "'" ? quoted.slice(0, end) : unescape(quoted.slice(0, end)), isLiteral: quote === "'" })
    }
  }
  return { lines, faults }
}

function closingQuote(text: string, quote: string, from = 0): number {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 1)) {
    const backslashes = /\\*$/.exec(text.slice(Math.max(0, at - 64), at))?.[0].length ?? 0
    if (quote === "'" || backslashes % 2 === 0) return at
  }
  return -1
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' }

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, (whole, char: string) => escapes[char] ?? whole)
}
